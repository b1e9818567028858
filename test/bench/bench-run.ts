/** Runs one client in one scenario once, and measures the cost. */
import { mkdir, open } from 'node:fs/promises';
import path from 'node:path';
import { figuresOf } from '../browsers/process-tree.js';
import type { Driver } from '../e2e/browser.js';
import { writeRandom } from '../e2e/harness.js';
import { S3Client } from '../servers/s3-client.js';
import type { Client } from './clients.js';
import type { Outcome } from './pages/job.js';
import { CONCURRENCY, PART_SIZE } from './scenarios.js';
import type { Scenario } from './scenarios.js';
import { BUCKET } from './stage.js';
import type { Stage } from './stage.js';
import type { BenchStore } from './stores.js';

/** The result of one run. */
export interface Run extends Outcome {
  scenario: string;
  client: string;
  /** Seconds of processor time, of the page's process and the browser's network process. */
  cpu: number;
  /** Peak memory of the page's process, over its idle memory, in bytes. */
  memory: number;
  signerCalls: number;
  /** Null if the store does not count. */
  preflights: number | null;
}

/** The objects that all runs share. */
export interface Bench {
  browser: Driver;
  stage: Stage;
  store: BenchStore;
  /** For the files that are sent. */
  folder: string;
}

/** Milliseconds between two memory samples: each stops the page's process for a moment. */
const SAMPLE_INTERVAL_MS = 500;
const TIMEOUT_MS = 180_000;

/** Finds or writes a scenario's files. @returns their paths */
export async function filesFor({ files, size }: Scenario, folder: string): Promise<string[]> {
  const place = path.join(folder, `${files}x${size}`);
  const paths = Array.from({ length: files }, (_, index) => path.join(place, `file-${index}.bin`));
  if (await mkdir(place, { recursive: true }).then((made) => made === undefined)) return paths;
  for (const file of paths) await writeRandom(file, size);
  return paths;
}

/** Creates a sparse file. */
export async function writeSparse(file: string, size: number): Promise<void> {
  const handle = await open(file, 'w');
  await handle.truncate(size);
  await handle.close();
}

let runs = 0;

/**
 * Runs a client.
 * @param seed determines which requests fail
 * @param paths files instead of the scenario's
 * @param attributes additional attributes of this element
 */
export async function runClient(
  { browser, stage, store, folder }: Bench,
  client: Client,
  scenario: Scenario,
  {
    seed = 0,
    timeoutMs = TIMEOUT_MS,
    paths,
    attributes = '',
  }: { seed?: number; timeoutMs?: number; paths?: string[]; attributes?: string } = {},
): Promise<Run> {
  const files = paths ?? (await filesFor(scenario, folder));
  const s3 = new S3Client(store);
  const run = `run-${Date.now()}-${(runs += 1)}`;
  const { id, isOwn, conditions, posts } = scenario;
  const uploads: [key: string, uploadId: string][] = [];
  const urls = client.id === 'bare' ? await presign(s3, run, scenario, store, uploads) : [];
  stage.delay = conditions.delay ?? 0;
  stage.posts = posts;
  // each scenario is its own destination: the throughput of one network must not be used for another
  stage.attributes = `scope="${id}"${isOwn ? '' : ` part-size="8MiB" concurrency="${CONCURRENCY}"`} ${attributes}`;
  const { region, accessKeyId, secretAccessKey, url } = store;
  // in a single request for a whole file, no part could fail
  const needsParts = Boolean(conditions.fault ?? conditions.gone);
  stage.job = {
    ...{ store: url, bucket: BUCKET, region, accessKeyId, secretAccessKey, urls, timeoutMs, run, scope: id },
    partSize: !isOwn || needsParts ? PART_SIZE : null,
    concurrency: isOwn ? null : CONCURRENCY,
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

/** Presigns every request of the bare limit. @param uploads receives what has to be aborted afterwards */
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

/** Measures the cost of page and network. @returns a function that stops and returns the result */
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
  const timer = setInterval(look, SAMPLE_INTERVAL_MS);
  return () => {
    clearInterval(timer);
    look();
    return { cpu: sum([...pages, ...network], 'cpu') - before, memory: most - idle };
  };
}
