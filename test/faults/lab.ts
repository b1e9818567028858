/** Runs scenarios in one browser: its page has one element per run, so that many uploads run at the same time. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { UploadSnapshot } from '../../src/engine/api/types.js';
import { launch } from '../e2e/browser.js';
import type { Driver, Engine } from '../e2e/browser.js';
import { BUCKET } from '../e2e/harness.js';
import { S3Client } from '../servers/s3-client.js';
import type { StoreAccess } from '../servers/s3-client.js';
import { startServers } from './scenario-servers.js';
import type { ScenarioServers } from './scenario-servers.js';
import type { RandomFiles } from './files.js';
import { serveLabPage } from './lab-page.js';
import type { PageFunctions, Report } from './lab-page.js';
import { MIB, PART_SIZE, THREE_PARTS_SIZE } from './scenario.js';
import type { ActionContext, Result, Scenario } from './scenario.js';
import { detectorOf, failuresOf, resentParts, timeToFirstByte } from './expectations.js';

const POLL_INTERVAL_MS = 100;

const DEFAULT_TIMEOUT_SECONDS = 120;
/** A run ends after this number of its timeouts even if there is progress: the upload may be in a loop. */
const MAX_TIMEOUTS = 5;
const FINAL_STATUSES: readonly string[] = ['complete', 'failed', 'aborted'];

interface Waiter {
  id: string;
  condition(upload: UploadSnapshot): boolean;
  resolve(upload: UploadSnapshot): void;
  reject(error: unknown): void;
}

/** The browser and page of one engine. */
export class Lab {
  readonly engine: Engine;
  readonly #driver: Driver;
  readonly #page: { stop(): void };
  readonly #files: RandomFiles;
  readonly #waiters = new Set<Waiter>();
  /** The state of each upload, and when it changed last. */
  readonly #progress = new Map<string, { state: string; changedAt: number }>();
  #polling: Promise<void> | null = null;
  #scenarioCount = 0;
  /** Commands wait for each other, because WebDriver runs one at a time. */
  #lastCommand: Promise<unknown> = Promise.resolve();

  private constructor(engine: Engine, driver: Driver, page: { stop(): void }, files: RandomFiles) {
    this.engine = engine;
    this.#driver = driver;
    this.#page = page;
    this.#files = files;
  }

  static async open(engine: Engine, files: RandomFiles): Promise<Lab> {
    const page = await serveLabPage();
    const driver = await launch(engine);
    await driver.goto(page.url);
    await driver.waitFor("!!customElements.get('mule-upload')");
    return new Lab(engine, driver, page, files);
  }

  async close(): Promise<void> {
    await this.#driver.close();
    this.#page.stop();
  }

  /** Runs a scenario. */
  async runScenario(scenario: Scenario, store: StoreAccess, storeName: string): Promise<Result> {
    const ownBucket = scenario.bucket && (await this.#files.startBucket(scenario.bucket()));
    const usedStore = ownBucket?.store ?? store;
    const servers = await startServers(usedStore, scenario);
    const id = `u${++this.#scenarioCount}`;
    let startedAt = performance.now();
    let cleanUp: (() => Promise<void>) | undefined;
    const result: Result = {
      scenario,
      engine: this.engine,
      store: storeName,
      failures: [],
      retries: 0,
      seconds: 0,
      resentParts: 0,
      faultCount: 0,
      detectedBy: null,
      recoveryMs: null,
    };
    try {
      const s3 = new S3Client(usedStore);
      const size = scenario.size ?? THREE_PARTS_SIZE;
      const file = await (scenario.hasOwnFile ? this.#files.createFile(size) : this.#files.get(size));
      cleanUp = file.remove;
      startedAt = performance.now();
      await this.#startUpload(id, scenario, servers, file.path);
      const context = this.#createContext(id, servers, s3);
      const timeoutMs = (scenario.timeoutSeconds ?? DEFAULT_TIMEOUT_SECONDS) * 1_000;
      await Promise.race([
        Promise.all([scenario.action?.(context), context.until(({ status }) => FINAL_STATUSES.includes(status))]),
        this.#untilStuck(id, timeoutMs),
      ]);
      result.seconds = (performance.now() - startedAt) / 1_000;
      const report = await this.#callPage<Report>('reportOf', id);
      result.retries = report.retries.length;
      result.detectedBy = detectorOf({ scenario, servers, report });
      for await (const failure of failuresOf({ scenario, servers, s3, report, file })) result.failures.push(failure);
      const { key, status } = report.upload ?? {};
      if (status === 'complete') await s3.delete(BUCKET, key!);
    } catch (error) {
      result.failures.push(String((error as Error).stack ?? error));
    } finally {
      result.resentParts = resentParts(servers.store.requests).length;
      result.recoveryMs = timeToFirstByte(servers.store);
      result.faultCount = [...servers.store.appliedCounts, ...servers.signer.appliedCounts].reduce(
        (sum, count) => sum + count,
        0,
      );
      this.#progress.delete(id);
      await this.#callPage('removeUpload', id).catch(() => undefined);
      await servers.stop();
      await ownBucket?.stop();
      await cleanUp?.();
    }
    return result;
  }

  async #startUpload(
    id: string,
    { attributes, size, corruptionScript }: Scenario,
    servers: ScenarioServers,
    file: string,
  ): Promise<void> {
    const allAttributes = {
      signer: `${servers.signer.url}/sign`,
      'part-size': String((size ?? THREE_PARTS_SIZE) > 100 * MIB ? 8 * MIB : PART_SIZE),
      'no-leave-warning': '',
      ...attributes,
    };
    await this.#callPage('addUpload', id, allAttributes, corruptionScript ?? null);
    await this.#runInOrder(() => this.#driver.setFiles([`#${id}`, 'input[type=file]'], [file]));
  }

  #createContext(id: string, { store, signer }: ScenarioServers, s3: S3Client): ActionContext {
    return {
      store,
      signer,
      s3,
      bucket: BUCKET,
      until: (condition) =>
        new Promise((resolve, reject) => {
          this.#waiters.add({ id, condition, resolve, reject });
          this.#polling ??= this.#poll();
        }),
      call: async (method, ...parameters) => {
        const argumentList = JSON.stringify(parameters).slice(1, -1);
        await this.#runInOrder(() =>
          this.#driver.evaluate(`void document.getElementById('${id}').${method}(${argumentList})`),
        );
      },
    };
  }

  /** Waits until an upload has made no progress for the timeout. */
  async #untilStuck(id: string, timeoutMs: number): Promise<void> {
    const startedAt = performance.now();
    this.#progress.set(id, { state: '', changedAt: startedAt });
    for (;;) {
      await sleep(1_000, undefined, { ref: false });
      const now = performance.now();
      const { changedAt } = this.#progress.get(id) ?? {};
      if (changedAt === undefined || now - changedAt > timeoutMs || now - startedAt > MAX_TIMEOUTS * timeoutMs) return;
    }
  }

  #recordProgress(snapshots: Record<string, UploadSnapshot | null>): void {
    for (const [id, progress] of this.#progress) {
      const { status, loaded, parts } = snapshots[id] ?? {};
      const state = [status, loaded, parts?.done].join();
      if (state !== progress.state) this.#progress.set(id, { state, changedAt: performance.now() });
    }
  }

  /** Reads all snapshots at once, as long as there are waiters. */
  async #poll(): Promise<void> {
    while (this.#waiters.size) {
      await sleep(POLL_INTERVAL_MS);
      try {
        const snapshots = await this.#callPage<Record<string, UploadSnapshot | null>>('allSnapshots');
        this.#recordProgress(snapshots);
        for (const waiter of this.#waiters) {
          const { id, condition, resolve } = waiter;
          const upload = snapshots[id];
          // an upload that was removed has timed out
          if (id in snapshots && !(upload && condition(upload))) continue;
          this.#waiters.delete(waiter);
          if (upload) resolve(upload);
        }
      } catch (error) {
        for (const { reject } of this.#waiters) reject(error);
        this.#waiters.clear();
      }
    }
    this.#polling = null;
  }

  /** Calls a function of the page. */
  #callPage<T>(name: keyof PageFunctions, ...parameters: unknown[]): Promise<T> {
    const argumentList = JSON.stringify(parameters).slice(1, -1);
    return this.#runInOrder(() => this.#driver.evaluate<[], T>(`${name}(${argumentList})`));
  }

  #runInOrder<T>(command: () => Promise<T>): Promise<T> {
    const turn = this.#lastCommand.then(command);
    this.#lastCommand = turn.catch(() => undefined);
    return turn;
  }
}
