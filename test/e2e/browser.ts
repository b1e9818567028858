/** Starts and controls real browsers for end-to-end tests, with one interface for three engines. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { launchChromium } from '../browsers/chromium.js';
import { launchFirefox } from '../browsers/firefox.js';
import { figuresOf, treeOf, type ProcessFigures } from '../browsers/process-tree.js';
import type { AccessibleNode, DisplaySettings, RawBrowser, RawPage } from '../browsers/raw-page.js';
import { launchWebKit } from '../browsers/webkit.js';

export type Engine = 'chromium' | 'firefox' | 'webkit';

const LAUNCHERS = { chromium: launchChromium, firefox: launchFirefox, webkit: launchWebKit };

/** A script expression for a text that changes when an upload of the page makes progress. */
const PROGRESS =
  "[...document.querySelectorAll('mule-upload')].map(({ uploads }) => uploads?.map((upload) => [upload.status, upload.loaded, upload.parts.done].join())).join()";
const PROGRESS_POLL_MS = 1_000;
/** A wait ends after this number of its timeouts even if there is progress: the upload may be in a loop. */
const MAX_TIMEOUTS = 10;

/** The processes that hold pages, by their command lines. */
const PAGE_PROCESS = /--type=renderer|-contentproc|WebKitWebProcess/;

export interface Metrics {
  /** Bytes of live JavaScript objects; Chromium only. */
  heap: number | null;
  /** Private bytes of the processes of all pages. */
  pageMemory: number;
  /** Every process of the browser. */
  processes: ProcessFigures[];
}

/** Runs in the page: an expression, or a function of JSON arguments without a closure. */
export type PageFunction<A extends unknown[], T> = string | ((...args: A) => T);

/** One page, or tab. */
export class Page {
  readonly #raw: RawPage;

  constructor(raw: RawPage) {
    this.#raw = raw;
  }

  /** Resolves when the page has loaded. @throws Error if nothing answers */
  goto(url: string): Promise<void> {
    return this.#raw.navigate(url);
  }

  /** Reloads the page, and accepts any leave warning. */
  reload(): Promise<void> {
    return this.#raw.reload();
  }

  /** Runs a function in the page, awaits its result, and returns it as JSON. */
  async evaluate<A extends unknown[], T>(pageFunction: PageFunction<A, T>, ...args: A): Promise<Awaited<T>> {
    const expression =
      typeof pageFunction === 'string' ? pageFunction : `(${String(pageFunction)})(...${JSON.stringify(args)})`;
    // tsx keeps function names by calls of __name, which the page does not have
    const json = await this.#raw.run(`const __name = (fn) => fn; return JSON.stringify(await (${expression}));`);
    return (typeof json === 'string' ? JSON.parse(json) : undefined) as Awaited<T>;
  }

  /**
   * Waits until an expression or function in the page returns a truthy value, also across reloads, and returns the value.
   * @param timeout milliseconds without progress of any upload in the page, after which the wait fails
   * @throws Error with the condition, and the last value or error
   */
  async waitFor<A extends unknown[], T>(
    pageFunction: PageFunction<A, T>,
    { timeout = 60_000 } = {},
    ...args: A
  ): Promise<Awaited<T>> {
    const startedAt = performance.now();
    let progress: string | null = null;
    let progressAt = startedAt;
    let polledAt = startedAt;
    for (;;) {
      const outcome = await this.evaluate(pageFunction, ...args).then(
        (value) => ({ value, cause: undefined }),
        (cause: Error) => ({ value: undefined, cause }),
      );
      if (outcome.value) return outcome.value;
      const now = performance.now();
      if (now - polledAt > PROGRESS_POLL_MS) {
        polledAt = now;
        const current = await this.evaluate<[], string>(PROGRESS).catch(() => progress);
        if (current !== progress) progressAt = now;
        progress = current;
      }
      if (now - progressAt > timeout || now - startedAt > MAX_TIMEOUTS * timeout) {
        const last = outcome.cause?.message ?? JSON.stringify(outcome.value);
        const seconds = Math.round((now - startedAt) / 1_000);
        throw new Error(`not so after ${seconds} s: ${String(pageFunction)}; last: ${last}`, { cause: outcome.cause });
      }
      await sleep(50);
    }
  }

  /**
   * Chooses files in an `<input type="file">` as a user does; they may be larger than memory.
   * @param selectors each is looked up in the shadow root of the element that the one before selects
   */
  setFiles(selectors: readonly string[], files: readonly string[]): Promise<void> {
    return this.#raw.setFiles(
      selectors,
      files.map((file) => path.resolve(file)),
    );
  }

  /**
   * Drops files on the middle of an element. The page gets file handles, if the browser supports them.
   * @throws Error in engines whose protocol cannot drop files
   */
  async drop(selectors: readonly string[], files: readonly string[]): Promise<void> {
    if (!this.#raw.drop) throw new Error('this engine cannot be made to drop files');
    await this.#raw.drop(
      selectors,
      files.map((file) => path.resolve(file)),
    );
  }

  /** Changes viewport, zoom and media features. @throws Error if the engine does not support it */
  async setDisplay(settings: DisplaySettings): Promise<void> {
    if (!this.#raw.setDisplay) throw new Error('this engine cannot change viewport and media features');
    await this.#raw.setDisplay(settings);
  }

  /** Returns the accessibility tree. @throws Error if the engine's protocol does not have it */
  async accessibilityTree(): Promise<AccessibleNode[]> {
    if (!this.#raw.accessibilityTree) throw new Error('this engine does not expose its accessibility tree');
    return this.#raw.accessibilityTree();
  }

  /** Writes a PNG of the viewport. */
  async screenshot(file: string): Promise<void> {
    await writeFile(file, await this.#raw.screenshot());
  }

  /** Closes the tab as a user does. */
  closeTab(): Promise<void> {
    return this.#raw.close();
  }

  /** Kills the process that runs the page. @throws Error if the engine does not support it */
  async crash(): Promise<void> {
    if (!this.#raw.crash) throw new Error('this engine cannot crash a page on request');
    await this.#raw.crash();
  }

  /** Freezes or resumes the page. @throws Error if the engine does not support it */
  async setFrozen(isFrozen: boolean): Promise<void> {
    if (!this.#raw.setFrozen) throw new Error('this engine cannot freeze a page on request');
    await this.#raw.setFrozen(isFrozen);
  }

  /** Switches the page's network off or on. @throws Error if the engine does not support it */
  async setOffline(isOffline: boolean): Promise<void> {
    if (!this.#raw.setOffline) throw new Error('this engine cannot switch the network off');
    await this.#raw.setOffline(isOffline);
  }

  protected heap(): Promise<number | null> {
    return this.#raw.heap();
  }
}

export interface LaunchSettings {
  /** Folder of the profile, which is kept; by default a temporary one. */
  profile?: string;
  /** Additional arguments of the browser's command line; WebKit ignores them. */
  args?: readonly string[];
  /** X display for a window of Chromium, whose prompts can then be answered by keys. */
  display?: string;
}

/** A started browser and its first page. */
export class Driver extends Page {
  readonly engine: Engine;
  readonly version: string;
  /** PID of the process from which all other processes of the browser descend. */
  readonly pid: number;
  readonly #browser: RawBrowser;
  readonly #cleanUp: () => Promise<void>;

  constructor(engine: Engine, browser: RawBrowser, cleanUp: () => Promise<void>) {
    super(browser.page);
    this.engine = engine;
    this.version = browser.version;
    this.pid = browser.pid;
    this.#browser = browser;
    this.#cleanUp = cleanUp;
  }

  /** Opens another page in the same profile. */
  async newPage(): Promise<Page> {
    return new Page(await this.#browser.newPage());
  }

  /** Measures the browser now. */
  async metrics(): Promise<Metrics> {
    const processes = treeOf(this.pid).flatMap((pid) => figuresOf(pid) ?? []);
    const pages = processes.filter(({ command }) => PAGE_PROCESS.test(command));
    const pageMemory = pages.reduce((sum, figures) => sum + figures.privateBytes, 0);
    return { heap: await this.heap(), pageMemory, processes };
  }

  /** Closes the browser as a user does. */
  async close(): Promise<void> {
    await this.#browser.close();
    await this.#cleanUp();
  }

  /** Ends every process of the browser at once, as a crash or a power cut does. */
  async kill(): Promise<void> {
    await this.#browser.kill();
    await this.#cleanUp();
  }
}

/** Starts a browser without a window. @throws Error if that engine is not installed */
export async function launch(engine: Engine, { profile, args = [], display }: LaunchSettings = {}): Promise<Driver> {
  const folder = profile ?? (await mkdtemp(path.join(tmpdir(), `mule-upload-${engine}-`)));
  const cleanUp = async (): Promise<void> => {
    // a killed browser may still write files, so the removal may have to be repeated
    if (!profile) await rm(folder, { recursive: true, force: true, maxRetries: 20 });
  };
  try {
    await mkdir(folder, { recursive: true });
    return new Driver(engine, await LAUNCHERS[engine]({ profile: folder, args, display }), cleanUp);
  } catch (error) {
    await cleanUp();
    throw error;
  }
}
