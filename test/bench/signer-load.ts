/**
 * `npm run bench:signer-load`: measures how many requests per second one signer process answers, with a thousand concurrent
 * uploads that it tracks in SQLite, then in PostgreSQL. Each upload of 100 parts makes the element's calls: one for the init
 * signature, one for the signatures of all parts, and twelve notifications: the start, ten times ten parts, and completion.
 * The environment variables `UPLOADS` and `AT_ONCE` change the number of uploads and of concurrent ones.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import type { InitAnswer } from '../../src/protocol.js';
import { ROOT } from '../../scripts/run.js';
import { startPostgres } from '../servers/postgres.js';
import { Daemon, freePort } from '../servers/processes.js';

const MIB = 1024 ** 2;
const PARTS = 100;
const FILE_BYTES = PARTS * 8 * MIB;
const CONCURRENCY = Number(process.env.AT_ONCE ?? 1_000);
const UPLOADS = Number(process.env.UPLOADS ?? 2 * CONCURRENCY);

interface Figures {
  requests: number;
  seconds: number;
  /** Durations of the requests in milliseconds, ascending. */
  times: number[];
}

const agent = new Agent({ keepAlive: true, maxSockets: CONCURRENCY });

async function post(port: number, action: string, user: string, body: object, figures: Figures): Promise<string> {
  const headers = { 'content-type': 'application/json', 'x-user': user };
  const began = performance.now();
  const answer = await new Promise<string>((resolve, reject) => {
    const call = request(
      { agent, port, host: '127.0.0.1', method: 'POST', path: `/${action}`, headers },
      (response) => {
        text(response).then((body) => {
          if (response.statusCode! < 300) resolve(body);
          else reject(new Error(`${action}: ${response.statusCode} ${body}`));
        }, reject);
      },
    );
    call.on('error', reject).end(JSON.stringify(body));
  });
  figures.times.push(performance.now() - began);
  figures.requests += 1;
  return answer;
}

async function upload(port: number, number: number, figures: Figures): Promise<void> {
  const user = `user-${number}`;
  const files = [{ id: 'a', filename: 'film.mp4', filesize: FILE_BYTES, last_modified: 1, fingerprint: `f-${number}` }];
  const { files: answers } = JSON.parse(await post(port, 'get_init_signature', user, { files }, figures)) as InitAnswer;
  const { key, grant, part_size } = answers[0] as { key: string; grant: string; part_size: number };
  const reference = { key, grant, upload_id: `u-${number}` };
  const chunks = Array.from({ length: PARTS }, (_, index) => index + 1);
  await post(port, 'get_all_signatures', user, { ...reference, size: FILE_BYTES, part_size, chunks }, figures);
  const reportChunks = (reportedChunks: number[], state?: string) =>
    post(port, 'chunk_loaded', user, { ...reference, chunks: reportedChunks, ...(state && { state }) }, figures);
  await reportChunks([], 'started');
  for (let first = 0; first < PARTS; first += 10) await reportChunks(chunks.slice(first, first + 10));
  await reportChunks([], 'complete');
}

async function measure(databaseUrl: string | undefined): Promise<Figures> {
  const port = await freePort();
  const daemon = new Daemon('node', ['--import', 'tsx', path.join(ROOT, 'src/signer/tools/cli.ts'), 'signer'], {
    cwd: ROOT,
    env: {
      PATH: process.env.PATH,
      PORT: String(port),
      S3_BUCKET: 'films',
      AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
      AWS_SECRET_ACCESS_KEY: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
      SIGNER_SECRET: 'a secret of sixteen',
      PRINCIPAL_HEADER: 'X-User',
      ...(databaseUrl === undefined ? {} : { DATABASE_URL: databaseUrl }),
    },
  });
  try {
    await daemon.ready('the signer', async () => (await fetch(`http://127.0.0.1:${port}/`)).status === 404);
    const figures: Figures = { requests: 0, seconds: 0, times: [] };
    let next = 0;
    const work = async (): Promise<void> => {
      while (next < UPLOADS) await upload(port, (next += 1), figures);
    };
    const began = performance.now();
    await Promise.all(Array.from({ length: CONCURRENCY }, work));
    figures.seconds = (performance.now() - began) / 1_000;
    figures.times.sort((a, b) => a - b);
    return figures;
  } finally {
    await daemon.stop();
  }
}

const folder = await mkdtemp(path.join(tmpdir(), 'mule-load-'));
const postgres = await startPostgres();
try {
  const databases = { SQLite: `sqlite:${path.join(folder, 'uploads.db')}`, PostgreSQL: postgres.url };
  console.log(
    `Node ${process.version}; ${UPLOADS} uploads of ${PARTS} parts, ${CONCURRENCY} at once; one signer process`,
  );
  for (const [name, url] of Object.entries(databases)) {
    const { requests, seconds, times } = await measure(url);
    const percentile = (share: number) => times[Math.floor(share * (times.length - 1))]!.toFixed(0);
    console.log(
      `${name}: ${(requests / seconds).toFixed(0)} requests a second `
        + `(${requests} in ${seconds.toFixed(1)} s; ${percentile(0.5)} ms in the middle, ${percentile(0.99)} ms for the slowest hundredth)`,
    );
  }
} finally {
  agent.destroy();
  await postgres.stop();
  await rm(folder, { recursive: true });
}
