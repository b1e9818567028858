/** Runs one client in one scenario once, and measures the cost. */
import { mkdir, open } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { figuresOf } from '../browsers/process-tree.js';
import type { Driver } from '../e2e/browser.js';
import { writeRandom } from '../e2e/harness.js';
import { postFields } from '../servers/post-form.js';
import { S3Client } from '../servers/s3-client.js';
import type { Client } from './clients.js';
import type { Job, Outcome } from './pages/job.js';
import { CONCURRENCY, hasFault, PART_SIZE } from './scenarios.js';
import type { Scenario, Visit } from './scenarios.js';
import { BUCKET } from './stage.js';
import type { Stage } from './stage.js';
import type { BenchStore } from './stores.js';

/** The result of one run. */
export interface Run extends Outcome {
  scenario: string;
  client: string;
  visit: Visit;
  /** Seconds of processor time, of the page's process and the browser's network process. */
  cpu: number;
  /** Seconds of processor time of the browser's main process, which every file and every request pass. */
  browserCpu: number;
  /** Peak memory of the page's process, over its idle memory, in bytes. */
  memory: number;
  signerCalls: number;
  /** Null if the store does not count. */
  preflights: number | null;
  /** Milliseconds from the choice until the first request with a file's bytes arrived; null if the store does not report it. */
  firstByte: number | null;
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
const TIMEOUT_MS = 300_000;
/** Milliseconds between a page's start and the choice of files. */
const IDLE_MS = 1_000;

/** Finds or writes a scenario's files. @returns their paths, or that of their folder */
export async function filesFor(
  { files, size, sizeOf = () => size, isDropped = false }: Scenario,
  folder: string,
): Promise<string[]> {
  const place = path.join(folder, `${files}x${size}`);
  const paths = Array.from({ length: files }, (_, index) => path.join(place, `file-${index}.bin`));
  const isWritten = await mkdir(place, { recursive: true }).then((made) => made === undefined);
  for (const [index, file] of isWritten ? [] : paths.entries()) await writeRandom(file, sizeOf(index));
  return isDropped ? [place] : paths;
}

/** Creates a sparse file. */
export async function writeSparse(file: string, size: number): Promise<void> {
  const handle = await open(file, 'w');
  await handle.truncate(size);
  await handle.close();
}

let runs = 0;

interface RunSettings {
  /** Determines which requests fail. */
  seed?: number;
  visit?: Visit;
  timeoutMs?: number;
  /** Files instead of the scenario's. */
  paths?: string[];
  /** Additional attributes of this element. */
  attributes?: string;
}

/** Runs a client. */
export async function runClient(
  { browser, stage, store, folder }: Bench,
  client: Client,
  scenario: Scenario,
  { seed = 0, visit = 'first', timeoutMs = TIMEOUT_MS, paths, attributes = '' }: RunSettings = {},
): Promise<Run> {
  const files = paths ?? (await filesFor(scenario, folder));
  const run = `run-${Date.now()}-${(runs += 1)}`;
  const { id, isOwn, conditions, posts, signer, isDropped = false } = scenario;
  const signed = await sign(new S3Client(store), run, client, scenario, store);
  Object.assign(stage, { delay: conditions.delay ?? 0, signer: signer ?? (posts ? 'post' : 'put') });
  // each scenario is its own destination: the throughput of one network must not be used for another
  stage.attributes = `scope="${id}"${isOwn ? '' : ` part-size="8MiB" concurrency="${CONCURRENCY}"`} ${attributes}`;
  const { region, accessKeyId, secretAccessKey, url } = store;
  stage.job = {
    ...{ store: url, bucket: BUCKET, region, accessKeyId, secretAccessKey, timeoutMs, run, scope: id },
    ...{ urls: signed.urls, form: signed.form, limitConcurrency: client.limit?.concurrency ?? CONCURRENCY },
    // in a single request for a whole file, no part could fail
    partSize: !isOwn || hasFault(conditions) ? PART_SIZE : null,
    concurrency: isOwn ? null : CONCURRENCY,
  };
  await browser.goto(`${stage.url}/${client.page ?? client.id}`);
  await browser.waitFor("'outcome' in window");
  // a user needs longer before the first choice; until then the browser's own start is over
  await sleep(IDLE_MS);
  await store.prepare(scenario, seed);
  stage.signerCalls = 0;

  const look = await watch(browser);
  if (isDropped) await browser.drop(client.input.slice(0, 1), files);
  else await browser.setFiles(client.input, files);
  const outcome = await browser.evaluate<[], Promise<Outcome>>('window.outcome');
  const cost = look();
  const seen = await store.seen();
  await signed.cleanUp();
  return {
    ...outcome,
    ...{ scenario: scenario.id, client: client.id, visit, ...cost },
    signerCalls: stage.signerCalls,
    preflights: seen?.preflights ?? null,
    firstByte: seen?.firstByteAt ? seen.firstByteAt - outcome.begunAt : null,
  };
}

/** The requests of a bare limit, all signed beforehand. */
interface SignedBeforehand extends Pick<Job, 'urls' | 'form'> {
  /** Aborts the multipart uploads that the limit does not complete. */
  cleanUp(): Promise<void>;
}

async function sign(
  s3: S3Client,
  run: string,
  { limit }: Client,
  { files, size, sizeOf = () => size }: Scenario,
  { seen }: BenchStore,
): Promise<SignedBeforehand> {
  const uploads: [key: string, uploadId: string][] = [];
  const cleanUp = async (): Promise<void> => {
    for (const [key, uploadId] of uploads) await s3.abort(BUCKET, key, uploadId);
  };
  if (!limit) return { urls: [], form: null, cleanUp };
  if (limit.kind === 'post') {
    const conditions = [{ bucket: BUCKET }, ['starts-with', '$key', `${run}/`]];
    return {
      urls: [],
      form: { url: s3.address(BUCKET), fields: postFields(s3.access, { conditions, fields: {} }) },
      cleanUp,
    };
  }
  const urls = await Promise.all(
    Array.from({ length: files }, async (_, index) => {
      const key = `${run}/file-${index}`;
      const count = limit.kind === 'file' ? 1 : Math.ceil(sizeOf(index) / PART_SIZE);
      if (count === 1) return [await s3.presign('PUT', s3.address(BUCKET, key))];
      const uploadId = (await seen()) ? 'bare' : await s3.createUpload(BUCKET, key);
      if (uploadId !== 'bare') uploads.push([key, uploadId]);
      const numbers = Array.from({ length: count }, (_, part) => String(part + 1));
      return Promise.all(
        numbers.map((partNumber) => s3.presign('PUT', s3.address(BUCKET, key, { partNumber, uploadId }))),
      );
    }),
  );
  return { urls, form: null, cleanUp };
}

/** What a run costs the browser. */
type Cost = Pick<Run, 'cpu' | 'browserCpu' | 'memory'>;

/** Measures the cost of page, network and browser. @returns a function that stops and returns the result */
async function watch(browser: Driver): Promise<() => Cost> {
  const { processes } = await browser.metrics();
  const pages = processes.filter(({ command }) => command.includes('--type=renderer'));
  const network = processes.filter(({ command }) => command.includes('network.mojom.NetworkService'));
  const main = [{ pid: browser.pid }];
  const sum = (pids: { pid: number }[], figure: 'private' | 'cpu'): number =>
    pids.reduce((total, { pid }) => total + (figuresOf(pid)?.[figure] ?? 0), 0);
  const idle = sum(pages, 'private');
  const before = { cpu: sum([...pages, ...network], 'cpu'), browserCpu: sum(main, 'cpu') };
  let most = idle;
  const look = (): void => {
    most = Math.max(most, sum(pages, 'private'));
  };
  const timer = setInterval(look, SAMPLE_INTERVAL_MS);
  return () => {
    clearInterval(timer);
    look();
    return {
      cpu: sum([...pages, ...network], 'cpu') - before.cpu,
      browserCpu: sum(main, 'cpu') - before.browserCpu,
      memory: most - idle,
    };
  };
}
