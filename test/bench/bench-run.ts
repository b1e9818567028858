/** One client doing one scenario once, and what that cost. */
import { mkdir, open } from 'node:fs/promises';
import path from 'node:path';
import { figuresOf } from '../browsers/process-tree.js';
import type { Driver } from '../e2e/browser.js';
import { writeRandom } from '../e2e/harness.js';
import { S3Client } from '../servers/s3-client.js';
import type { Client } from './clients.js';
import type { Outcome } from './pages/job.js';
import { LANES, PART_SIZE } from './scenarios.js';
import type { Scenario } from './scenarios.js';
import { BUCKET } from './stage.js';
import type { Stage } from './stage.js';
import type { BenchStore } from './stores.js';

/** What one run came to. */
export interface Run extends Outcome {
  scenario: string;
  client: string;
  /** Seconds of processor time, of the page's process and the browser's network process. */
  cpu: number;
  /** Bytes that the page's process held most, over what it held idle. */
  memory: number;
  signerCalls: number;
  /** Null where the store does not count. */
  preflights: number | null;
}

/** What runs have in common. */
export interface Bench {
  browser: Driver;
  stage: Stage;
  store: BenchStore;
  /** For the files that are sent. */
  folder: string;
}

/** Milliseconds between two looks at memory: each stops the page's process for a moment. */
const LOOK_EVERY = 500;
const PATIENCE = 180_000;

/** Finds or writes a scenario's files. @returns their paths */
export async function filesFor({ files, size }: Scenario, folder: string): Promise<string[]> {
  const place = path.join(folder, `${files}x${size}`);
  const paths = Array.from({ length: files }, (_, index) => path.join(place, `file-${index}.bin`));
  if (await mkdir(place, { recursive: true }).then((made) => made === undefined)) return paths;
  for (const file of paths) await writeRandom(file, size);
  return paths;
}

/** Makes a file of nothing but a size. */
export async function writeSparse(file: string, size: number): Promise<void> {
  const handle = await open(file, 'w');
  await handle.truncate(size);
  await handle.close();
}

let runs = 0;

/**
 * Runs a client.
 * @param seed which requests fail, where some do
 * @param paths files in place of the scenario's own
 * @param attributes further ones of this element
 */
export async function runClient(
  { browser, stage, store, folder }: Bench,
  client: Client,
  scenario: Scenario,
  {
    seed = 0,
    patience = PATIENCE,
    paths,
    attributes = '',
  }: { seed?: number; patience?: number; paths?: string[]; attributes?: string } = {},
): Promise<Run> {
  const files = paths ?? (await filesFor(scenario, folder));
  const s3 = new S3Client(store);
  const run = `run-${Date.now()}-${(runs += 1)}`;
  const { id, isOwn, conditions, posts } = scenario;
  const uploads: [key: string, uploadId: string][] = [];
  const urls = client.id === 'bare' ? await presign(s3, run, scenario, store, uploads) : [];
  stage.delay = conditions.delay ?? 0;
  stage.posts = posts;
  // each scenario is a destination of its own: what is remembered of one line holds for no other
  stage.attributes = `scope="${id}"${isOwn ? '' : ` part-size="8MiB" concurrency="${LANES}"`} ${attributes}`;
  const { region, accessKeyId, secretAccessKey, url } = store;
  // who waits for a whole file's request has nothing that could fail in part
  const needsParts = Boolean(conditions.fault ?? conditions.gone);
  stage.job = {
    ...{ store: url, bucket: BUCKET, region, accessKeyId, secretAccessKey, urls, patience, run, scope: id },
    partSize: !isOwn || needsParts ? PART_SIZE : null,
    lanes: isOwn ? null : LANES,
  };
  await browser.goto(`${stage.url}/${client.id}`);
  await browser.waitFor("'outcome' in window");
  await store.prepare(scenario, seed);
  stage.signerCalls = 0;

  const look = await watch(browser);
  await browser.setFiles(client.input, files);
  const outcome = await browser.evaluate<[], Promise<Outcome>>('window.outcome');
  const { cpu, memory } = look();
  const seen = await store.seen();
  for (const [key, uploadId] of uploads) await s3.abort(BUCKET, key, uploadId);
  return {
    ...outcome,
    scenario: scenario.id,
    client: client.id,
    cpu,
    memory,
    signerCalls: stage.signerCalls,
    preflights: seen?.preflights ?? null,
  };
}

/** Presigns every request of the bare limit. @param uploads takes in what has to be aborted afterwards */
function presign(
  s3: S3Client,
  run: string,
  { files, size }: Scenario,
  { seen }: BenchStore,
  uploads: [string, string][],
): Promise<string[][]> {
  const count = Math.ceil(size / PART_SIZE);
  return Promise.all(
    Array.from({ length: files }, async (_, index) => {
      const key = `${run}/file-${index}`;
      if (count === 1) return [await s3.presign('PUT', s3.address(BUCKET, key))];
      const uploadId = (await seen()) ? 'bare' : await s3.createUpload(BUCKET, key);
      if (uploadId !== 'bare') uploads.push([key, uploadId]);
      const numbers = Array.from({ length: count }, (_, part) => String(part + 1));
      return Promise.all(
        numbers.map((partNumber) => s3.presign('PUT', s3.address(BUCKET, key, { partNumber, uploadId }))),
      );
    }),
  );
}

/** Watches what the page and the network cost. @returns what ends that, and tells */
async function watch(browser: Driver): Promise<() => { cpu: number; memory: number }> {
  const { processes } = await browser.metrics();
  const pages = processes.filter(({ command }) => command.includes('--type=renderer'));
  const network = processes.filter(({ command }) => command.includes('network.mojom.NetworkService'));
  const sum = (pids: { pid: number }[], figure: 'private' | 'cpu'): number =>
    pids.reduce((total, { pid }) => total + (figuresOf(pid)?.[figure] ?? 0), 0);
  const idle = sum(pages, 'private');
  const before = sum([...pages, ...network], 'cpu');
  let most = idle;
  const look = (): void => {
    most = Math.max(most, sum(pages, 'private'));
  };
  const timer = setInterval(look, LOOK_EVERY);
  return () => {
    clearInterval(timer);
    look();
    return { cpu: sum([...pages, ...network], 'cpu') - before, memory: most - idle };
  };
}
