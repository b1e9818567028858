/** Runs one client in one scenario once, and measures time, processor time and memory. */
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
import { BUCKET } from './page-server.js';
import type { PageServer } from './page-server.js';
import type { BenchStore } from './stores.js';

/** The result of one run. */
export interface Run extends Outcome {
  scenario: string;
  client: string;
  visit: Visit;
  /** Seconds of processor time, of the page's process and the browser's network process. */
  cpu: number;
  /** Seconds of processor time of the browser's main process, through which every file and every request passes. */
  browserCpu: number;
  /** Peak memory of the page's process minus its memory before the run, in bytes. */
  memory: number;
  signerCalls: number;
  /** Null if the store does not count. */
  preflights: number | null;
  /** Milliseconds from the choice until the first request with a file's bytes arrived; null if the store does not report it. */
  firstByte: number | null;
}

/** The objects that all runs share. */
export interface BenchEnvironment {
  browser: Driver;
  pageServer: PageServer;
  store: BenchStore;
  /** Folder of the files that are sent. */
  folder: string;
}

/** Time between two samples of the memory; not less, because each sample stops the page's process for a moment. */
const SAMPLE_INTERVAL_MS = 500;
const TIMEOUT_MS = 300_000;
/** Time between a page's start and the choice of files. */
const IDLE_MS = 1_000;

/** Writes a scenario's files unless they exist. @returns their paths; for a scenario that drops a folder, the folder's path */
export async function filesFor(
  { files, size, sizeOf = () => size, isDropped = false }: Scenario,
  folder: string,
): Promise<string[]> {
  const scenarioFolder = path.join(folder, `${files}x${size}`);
  const paths = Array.from({ length: files }, (_, index) => path.join(scenarioFolder, `file-${index}.bin`));
  const hasFiles = await mkdir(scenarioFolder, { recursive: true }).then(
    (createdFolder) => createdFolder === undefined,
  );
  for (const [index, file] of hasFiles ? [] : paths.entries()) await writeRandom(file, sizeOf(index));
  return isDropped ? [scenarioFolder] : paths;
}

/** Creates a sparse file: it has this size, but takes no space on the disk. */
export async function writeSparse(file: string, size: number): Promise<void> {
  const handle = await open(file, 'w');
  await handle.truncate(size);
  await handle.close();
}

let runCount = 0;

interface RunSettings {
  /** Determines which requests fail in a scenario with faults. */
  seed?: number;
  /** Recorded in the result only: for a later visit, the caller passes the browser of the first. */
  visit?: Visit;
  timeoutMs?: number;
  /** Files instead of the scenario's. */
  paths?: string[];
  /** Additional attributes of this element. */
  attributes?: string;
}

/** Runs a client in a scenario. */
export async function runClient(
  { browser, pageServer, store, folder }: BenchEnvironment,
  client: Client,
  scenario: Scenario,
  { seed = 0, visit = 'first', timeoutMs = TIMEOUT_MS, paths, attributes = '' }: RunSettings = {},
): Promise<Run> {
  const files = paths ?? (await filesFor(scenario, folder));
  const keyPrefix = `run-${Date.now()}-${(runCount += 1)}`;
  const { id, hasClientDefaults, conditions, isPostAllowed, signer, isDropped = false } = scenario;
  const signed = await signBeforehand(new S3Client(store), keyPrefix, client, scenario, store);
  Object.assign(pageServer, {
    signerDelayMs: conditions.delayMs ?? 0,
    signerKind: signer ?? (isPostAllowed ? 'post' : 'put'),
  });
  // each scenario has its own scope: the element must not use the throughput that it measured in another one
  pageServer.elementAttributes = `scope="${id}"${hasClientDefaults ? '' : ` part-size="8MiB" concurrency="${CONCURRENCY}"`} ${attributes}`;
  const { region, accessKeyId, secretAccessKey, url } = store;
  pageServer.job = {
    store: url,
    bucket: BUCKET,
    region,
    accessKeyId,
    secretAccessKey,
    timeoutMs,
    keyPrefix,
    scope: id,
    urls: signed.urls,
    form: signed.form,
    bareLimitConcurrency: client.bareLimit?.concurrency ?? CONCURRENCY,
    // with faults, every client sends parts: faults hit parts, and a file in a single request would have none
    partSize: !hasClientDefaults || hasFault(conditions) ? PART_SIZE : null,
    concurrency: hasClientDefaults ? null : CONCURRENCY,
  };
  await browser.goto(`${pageServer.url}/${client.page ?? client.id}`);
  // the page sets this promise when it is ready for the choice of files
  await browser.waitFor("'outcome' in window");
  // the browser is still starting; a user takes longer than this before the first choice
  await sleep(IDLE_MS);
  await store.prepare(scenario, seed);
  pageServer.signerCalls = 0;

  const stopMeasuring = await startMeasuring(browser);
  if (isDropped) await browser.drop(client.input.slice(0, 1), files);
  else await browser.setFiles(client.input, files);
  const outcome = await browser.evaluate<[], Promise<Outcome>>('window.outcome');
  const cost = stopMeasuring();
  const counts = await store.counts();
  await signed.cleanUp();
  return {
    ...outcome,
    scenario: scenario.id,
    client: client.id,
    visit,
    ...cost,
    signerCalls: pageServer.signerCalls,
    preflights: counts?.preflights ?? null,
    firstByte: counts?.firstByteAt ? counts.firstByteAt - outcome.begunAt : null,
  };
}

/** What a bare limit sends, signed before the measurement: a bare limit is a client that only sends presigned requests. */
interface SignedBeforehand extends Pick<Job, 'urls' | 'form'> {
  /** Aborts the multipart uploads: a bare limit never completes them. */
  cleanUp(): Promise<void>;
}

async function signBeforehand(
  s3: S3Client,
  keyPrefix: string,
  { bareLimit }: Client,
  { files, size, sizeOf = () => size }: Scenario,
  { counts }: BenchStore,
): Promise<SignedBeforehand> {
  const uploads: [key: string, uploadId: string][] = [];
  const cleanUp = async (): Promise<void> => {
    for (const [key, uploadId] of uploads) await s3.abort(BUCKET, key, uploadId);
  };
  if (!bareLimit) return { urls: [], form: null, cleanUp };
  if (bareLimit.kind === 'post') {
    const conditions = [{ bucket: BUCKET }, ['starts-with', '$key', `${keyPrefix}/`]];
    return {
      urls: [],
      form: { url: s3.address(BUCKET), fields: postFields(s3.access, { conditions, fields: {} }) },
      cleanUp,
    };
  }
  const urls = await Promise.all(
    Array.from({ length: files }, async (_, index) => {
      const key = `${keyPrefix}/file-${index}`;
      const parts = bareLimit.kind === 'file' ? 1 : Math.ceil(sizeOf(index) / PART_SIZE);
      if (parts === 1) return [await s3.presign('PUT', s3.address(BUCKET, key))];
      // the sink, the only store that counts, accepts any upload ID
      const isSink = (await counts()) !== null;
      const uploadId = isSink ? 'bare' : await s3.createUpload(BUCKET, key);
      if (!isSink) uploads.push([key, uploadId]);
      const numbers = Array.from({ length: parts }, (_, part) => String(part + 1));
      return Promise.all(
        numbers.map((partNumber) => s3.presign('PUT', s3.address(BUCKET, key, { partNumber, uploadId }))),
      );
    }),
  );
  return { urls, form: null, cleanUp };
}

/** The resources that the browser used in a run. */
type Cost = Pick<Run, 'cpu' | 'browserCpu' | 'memory'>;

/** Starts to measure page, network and browser. @returns a function that stops the measurement and returns its result */
async function startMeasuring(browser: Driver): Promise<() => Cost> {
  const { processes } = await browser.metrics();
  const pages = processes.filter(({ command }) => command.includes('--type=renderer'));
  const network = processes.filter(({ command }) => command.includes('network.mojom.NetworkService'));
  const main = [{ pid: browser.pid }];
  const sum = (pids: { pid: number }[], figure: 'privateBytes' | 'cpuSeconds'): number =>
    pids.reduce((total, { pid }) => total + (figuresOf(pid)?.[figure] ?? 0), 0);
  const idleMemory = sum(pages, 'privateBytes');
  const before = { cpu: sum([...pages, ...network], 'cpuSeconds'), browserCpu: sum(main, 'cpuSeconds') };
  let peakMemory = idleMemory;
  const sampleMemory = (): void => {
    peakMemory = Math.max(peakMemory, sum(pages, 'privateBytes'));
  };
  const timer = setInterval(sampleMemory, SAMPLE_INTERVAL_MS);
  return () => {
    clearInterval(timer);
    sampleMemory();
    return {
      cpu: sum([...pages, ...network], 'cpuSeconds') - before.cpu,
      browserCpu: sum(main, 'cpuSeconds') - before.browserCpu,
      memory: peakMemory - idleMemory,
    };
  };
}
