/**
 * `npm run bench:signer`: measures how many parts per second one core signs, with our signer and with
 * `@aws-sdk/s3-request-presigner`. The SDK is not a dependency: npm installs it into `.cache` the first time.
 */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { createSigner } from '../../src/signer/index.js';
import type { AllAnswer, InitAnswer } from '../../src/protocol.js';
import { ROOT, runOrThrow } from '../../scripts/run.js';

const MIB = 1024 ** 2;
const CREDENTIALS = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' };
const SDK_FOLDER = process.env.SDK_FOLDER ?? path.join(ROOT, '.cache/presigner');
const ROUNDS = 9;
const ROUND_MS = 700;
const PART_BYTES = 5 * 1024 ** 3;

type LoadModule = (name: string) => Promise<Record<string, new (...parameters: unknown[]) => unknown>>;

/** Measures signatures per second over one round. @param signatures number that each call of `work` makes */
async function signaturesPerSecond(signatures: number, work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  let signatureCount = 0;
  do {
    await work();
    signatureCount += signatures;
  } while (performance.now() - startedAt < ROUND_MS);
  return (signatureCount / (performance.now() - startedAt)) * 1_000;
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;

async function makeOurs(parts: number): Promise<() => Promise<unknown>> {
  const sign = createSigner({ bucket: 'films', credentials: CREDENTIALS, allowAnonymous: true });
  const call = async <T>(action: string, body: object): Promise<T> => {
    const headers = { 'content-type': 'application/json' };
    const request = new Request(`https://signer.test/${action}`, {
      method: 'POST',
      headers,
      body: JSON.stringify(body),
    });
    return (await (await sign(request)).json()) as T;
  };
  // the signer assigns 10,000 parts only to a file that is as large as S3 allows
  const size = parts * PART_BYTES;
  const files = [{ id: 'a', filename: 'film.mp4', filesize: size, part_size: PART_BYTES }];
  const { files: granted } = await call<InitAnswer>('get_init_signature', { files });
  const { key, grant, part_size } = granted[0] as { key: string; grant: string; part_size: number };
  const count = Math.min(parts, Math.ceil(size / part_size));
  // each call parses JSON, opens the grant, signs up to a thousand parts and writes JSON
  return async () => {
    for (let first = 1; first <= count; first += 1_000) {
      const chunks = Array.from({ length: Math.min(1_000, count - first + 1) }, (_, index) => first + index);
      const all = await call<AllAnswer>('get_all_signatures', { key, grant, upload_id: 'u', size, part_size, chunks });
      if (Object.keys(all.chunks).length !== chunks.length) throw new Error(JSON.stringify(all));
    }
  };
}

async function makeTheirs(parts: number): Promise<() => Promise<unknown>> {
  if (!existsSync(path.join(SDK_FOLDER, 'node_modules/@aws-sdk')))
    await runOrThrow('npm', ['install', '--prefix', SDK_FOLDER, '@aws-sdk/s3-request-presigner', '@aws-sdk/client-s3']);
  const load: LoadModule = (name) =>
    import(
      pathToFileURL(path.join(SDK_FOLDER, 'node_modules/@aws-sdk', name, 'dist-cjs/index.js')).href
    ) as ReturnType<LoadModule>;
  const [{ S3Client, UploadPartCommand }, { getSignedUrl }] = (await Promise.all(
    ['client-s3', 's3-request-presigner'].map(load),
  )) as [Awaited<ReturnType<LoadModule>>, Record<string, (...parameters: unknown[]) => Promise<string>>];
  const client = new S3Client!({ region: 'us-east-1', credentials: CREDENTIALS });
  return async () => {
    for (let PartNumber = 1; PartNumber <= parts; PartNumber += 1) {
      const part = { Bucket: 'films', Key: 'uploads/x/film.mp4', UploadId: 'u', PartNumber, ContentLength: PART_BYTES };
      await getSignedUrl!(client, new UploadPartCommand!(part), { expiresIn: 3_600 });
    }
  };
}

console.log(`Node ${process.version}`);
for (const parts of [100, 10_000]) {
  // a signature of the SDK takes the same time in a round of 1,000 as in one of 10,000
  const sdkParts = Math.min(parts, 1_000);
  const [ours, theirs] = [await makeOurs(parts), await makeTheirs(sdkParts)];
  const rounds: [number, number][] = [];
  // alternately, so that other work on the machine affects both; the first round warms up the compiler
  for (let round = 0; round <= ROUNDS; round += 1)
    rounds.push([await signaturesPerSecond(parts, ours), await signaturesPerSecond(sdkParts, theirs)]);
  rounds.shift();
  const ratios = rounds.map(([fast, slow]) => fast / slow);
  const range = [Math.min(...ratios), Math.max(...ratios)].map((ratio) => ratio.toFixed(1)).join('–');
  const [fast, slow] = [0, 1].map((side) => median(rounds.map((round) => round[side]!)).toFixed(0));
  console.log(
    `${parts} parts: ${fast} signatures a second, @aws-sdk/s3-request-presigner ${slow}: ${median(ratios).toFixed(1)} times (${range})`,
  );
}

const work = await makeOurs(1_000);
await work();
globalThis.gc?.();
const before = process.memoryUsage().heapUsed;
for (let round = 0; round < 1_000; round += 1) await work();
globalThis.gc?.();
console.log(
  `a million signatures: the heap grew by ${((process.memoryUsage().heapUsed - before) / MIB).toFixed(1)} MiB`,
);
