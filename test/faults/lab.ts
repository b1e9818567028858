/** One browser with one page, in which the uploads of many scenarios run at the same time. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { UploadSnapshot } from '../../src/engine/api/types.js';
import { launch } from '../e2e/browser.js';
import type { Driver, Engine } from '../e2e/browser.js';
import { BUCKET } from '../e2e/harness.js';
import { S3Client } from '../servers/s3-client.js';
import type { StoreAccess } from '../servers/s3-client.js';
import { startBench } from './bench.js';
import type { Bench } from './bench.js';
import type { Files } from './files.js';
import { serveLabPage } from './lab-page.js';
import type { PageFunctions, Report } from './lab-page.js';
import { MIB, PART, THREE_PARTS } from './scenario.js';
import type { Actor, Result, Scenario } from './scenario.js';
import { catcherOf, failuresOf, partsSentTwice, timeToFirstByte } from './expectations.js';

const POLL_INTERVAL_MS = 100;
/** Seconds without progress after which a scenario ends. */
const DEFAULT_TIMEOUT_SECONDS = 120;
/** A scenario ends after this number of its timeouts even if there is progress: it may be in a loop. */
const MAX_TIMEOUTS = 5;
const OVER: readonly string[] = ['complete', 'failed', 'aborted'];

interface Waiter {
  id: string;
  what(upload: UploadSnapshot): boolean;
  resolve(upload: UploadSnapshot): void;
  reject(error: unknown): void;
}

/** The browser and page of one engine. */
export class Lab {
  readonly engine: Engine;
  readonly #driver: Driver;
  readonly #page: { stop(): void };
  readonly #files: Files;
  readonly #waiters = new Set<Waiter>();
  /** The last step of each upload, and when it was made. */
  readonly #progress = new Map<string, { step: string; at: number }>();
  #watching: Promise<void> | null = null;
  #count = 0;
  /** WebDriver runs one command at a time. */
  #turn: Promise<unknown> = Promise.resolve();

  private constructor(engine: Engine, driver: Driver, page: { stop(): void }, files: Files) {
    this.engine = engine;
    this.#driver = driver;
    this.#page = page;
    this.#files = files;
  }

  static async open(engine: Engine, files: Files): Promise<Lab> {
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

  /** Plays a scenario to its end. */
  async play(scenario: Scenario, store: StoreAccess, storeName: string): Promise<Result> {
    const own = scenario.bucket && (await this.#files.bucket(scenario.bucket()));
    const used = own?.store ?? store;
    const bench = await startBench(used, scenario);
    const id = `u${++this.#count}`;
    let begun = performance.now();
    let cleanUp: (() => Promise<void>) | undefined;
    const result: Result = {
      scenario,
      engine: this.engine,
      store: storeName,
      failures: [],
      retries: 0,
      seconds: 0,
      sentTwice: 0,
      faultCount: 0,
      caughtBy: null,
      back: null,
    };
    try {
      const s3 = new S3Client(used);
      const size = scenario.size ?? THREE_PARTS;
      const file = await (scenario.ownFile ? this.#files.fresh(size) : this.#files.get(size));
      cleanUp = file.remove;
      begun = performance.now();
      await this.#begin(id, scenario, bench, file.path);
      const actor = this.#actor(id, bench, s3);
      const timeoutMs = (scenario.timeoutSeconds ?? DEFAULT_TIMEOUT_SECONDS) * 1_000;
      await Promise.race([
        Promise.all([scenario.act?.(actor), actor.until(({ status }) => OVER.includes(status))]),
        this.#untilStuck(id, timeoutMs),
      ]);
      result.seconds = (performance.now() - begun) / 1_000;
      const report = await this.#ask<Report>('reportOf', id);
      result.retries = report.retries.length;
      result.caughtBy = catcherOf({ scenario, bench, report });
      for await (const failure of failuresOf({ scenario, bench, s3, report, file })) result.failures.push(failure);
      const { key, status } = report.upload ?? {};
      if (status === 'complete') await s3.delete(BUCKET, key!);
    } catch (error) {
      result.failures.push(String((error as Error).stack ?? error));
    } finally {
      result.sentTwice = partsSentTwice(bench.store.requests).length;
      result.back = timeToFirstByte(bench.store);
      result.faultCount = [...bench.store.appliedCounts, ...bench.signer.appliedCounts].reduce(
        (sum, count) => sum + count,
        0,
      );
      this.#progress.delete(id);
      await this.#ask('removeUpload', id).catch(() => undefined);
      await bench.stop();
      await own?.stop();
      await cleanUp?.();
    }
    return result;
  }

  async #begin(id: string, { attributes, size, spoilPage }: Scenario, bench: Bench, file: string): Promise<void> {
    const all = {
      signer: `${bench.signer.url}/sign`,
      'part-size': String((size ?? THREE_PARTS) > 100 * MIB ? 8 * MIB : PART),
      'no-leave-warning': '',
      ...attributes,
    };
    await this.#ask('addUpload', id, all, spoilPage ?? null);
    await this.#inTurn(() => this.#driver.setFiles([`#${id}`, 'input[type=file]'], [file]));
  }

  #actor(id: string, { store, signer }: Bench, s3: S3Client): Actor {
    return {
      store,
      signer,
      s3,
      bucket: BUCKET,
      until: (what) =>
        new Promise((resolve, reject) => {
          this.#waiters.add({ id, what, resolve, reject });
          this.#watching ??= this.#watch();
        }),
      call: async (method, ...parameters) => {
        const words = JSON.stringify(parameters).slice(1, -1);
        await this.#inTurn(() => this.#driver.evaluate(`void document.getElementById('${id}').${method}(${words})`));
      },
    };
  }

  /** Waits until an upload has made no progress for some time. */
  async #untilStuck(id: string, timeoutMs: number): Promise<void> {
    const begun = performance.now();
    this.#progress.set(id, { step: '', at: begun });
    for (;;) {
      await sleep(1_000, undefined, { ref: false });
      const now = performance.now();
      const { at } = this.#progress.get(id) ?? {};
      if (at === undefined || now - at > timeoutMs || now - begun > MAX_TIMEOUTS * timeoutMs) return;
    }
  }

  #noteProgress(snapshots: Record<string, UploadSnapshot | null>): void {
    for (const [id, progress] of this.#progress) {
      const { status, loaded, parts } = snapshots[id] ?? {};
      const step = [status, loaded, parts?.done].join();
      if (step !== progress.step) this.#progress.set(id, { step, at: performance.now() });
    }
  }

  /** Reads all snapshots at once, while anyone waits. */
  async #watch(): Promise<void> {
    while (this.#waiters.size) {
      await sleep(POLL_INTERVAL_MS);
      try {
        const snapshots = await this.#ask<Record<string, UploadSnapshot | null>>('allSnapshots');
        this.#noteProgress(snapshots);
        for (const waiter of this.#waiters) {
          const { id, what, resolve } = waiter;
          const upload = snapshots[id];
          // an upload that was removed has timed out
          if (id in snapshots && !(upload && what(upload))) continue;
          this.#waiters.delete(waiter);
          if (upload) resolve(upload);
        }
      } catch (error) {
        for (const { reject } of this.#waiters) reject(error);
        this.#waiters.clear();
      }
    }
    this.#watching = null;
  }

  /** Calls a function of the page. */
  #ask<T>(name: keyof PageFunctions, ...parameters: unknown[]): Promise<T> {
    const words = JSON.stringify(parameters).slice(1, -1);
    return this.#inTurn(() => this.#driver.evaluate<[], T>(`${name}(${words})`));
  }

  #inTurn<T>(act: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(act);
    this.#turn = turn.catch(() => undefined);
    return turn;
  }
}
