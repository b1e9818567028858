import { engineDefaults, mergeOptions } from './options.js';
import type { ResolvedOptions } from './options.js';
import { NO_PROGRESS } from './status.js';
import type {
  AdmissionRules,
  FileEntry,
  FileHandle,
  Ports,
  TotalProgress,
  UploadSnapshot,
  UploaderEventMap,
  UploaderOptions,
  UploaderStatus,
} from './types.js';
import type { openCore as OpenCore } from './open-core.js';
import type { UploaderCore } from './uploader-core.js';

/** Milliseconds before its code is asked for again, and the most that this grows to. */
const FIRST_WAIT = 1_000;
const LONGEST_WAIT = 30_000;
const GATES: ReadonlySet<string> = new Set(['mule-before-add', 'mule-before-upload']);
const NO_UPLOADS: readonly UploadSnapshot[] = Object.freeze([]);

/** An `EventTarget` whose events are known by name. */
interface UploaderTarget extends EventTarget {
  addEventListener<K extends keyof UploaderEventMap>(
    type: K,
    listener: (event: UploaderEventMap[K]) => void,
    options?: boolean | AddEventListenerOptions,
  ): void;
  addEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject | null,
    options?: boolean | AddEventListenerOptions,
  ): void;
}
const Target = EventTarget as new () => UploaderTarget;

/**
 * Uploads many files to S3 by multipart upload, through whatever happens; a signer gives leave for each request.
 * Its working parts are fetched as soon as it is made, beside whatever the page still does: until they are there,
 * nothing is listed, and what is added waits for them.
 */
export class Uploader extends Target {
  readonly #ports: Partial<Ports>;
  #options: Readonly<ResolvedOptions>;
  #core: UploaderCore | null = null;
  #loading: Promise<UploaderCore> | null = null;
  #isDisposed = false;

  /**
   * @param ports stand in for the browser's own clock, network, storage …
   * @throws TypeError naming option and value
   */
  constructor(options: UploaderOptions = {}, ports: Partial<Ports> = {}) {
    super();
    this.#options = mergeOptions(engineDefaults, options);
    this.#ports = ports;
    // once the constructor's caller has had its chance to listen
    queueMicrotask(() => void this.ready);
  }

  get options(): Readonly<ResolvedOptions> {
    return this.#core?.options ?? this.#options;
  }

  /**
   * In the order they were added. Each is the same object while nothing about it changes, and so is the array, which is
   * frozen, while nothing about any of them does.
   */
  get uploads(): readonly UploadSnapshot[] {
    return this.#core?.uploads ?? NO_UPLOADS;
  }

  /** All uploads that were not aborted, as one. */
  get progress(): TotalProgress {
    return this.#core?.progress ?? NO_PROGRESS;
  }

  get status(): UploaderStatus {
    return this.#core?.status ?? 'idle';
  }

  /** Resolves when the journal has been read: unfinished uploads of earlier visits are listed. */
  get ready(): Promise<void> {
    return this.#core?.ready ?? this.#load().then((core) => core.ready);
  }

  /** Whether an upload is listed. */
  has(id: string): boolean {
    return this.#core?.has(id) ?? false;
  }

  /**
   * Changes some options; those in force for running uploads follow at their next step.
   * @throws TypeError naming option and value
   */
  configure(changes: UploaderOptions): void {
    if (this.#core) this.#core.configure(changes);
    else this.#options = mergeOptions(this.#options, changes);
  }

  /**
   * Takes files in. A file that an unfinished upload waits for goes on where that stopped.
   * @returns snapshots of those taken; the others gave a `mule-reject` each
   */
  async add(files: Iterable<File | FileEntry>, rules?: AdmissionRules): Promise<UploadSnapshot[]> {
    // a list that the page empties once it has handed it over
    const entries = [...files];
    return (this.#core ?? (await this.#load())).add(entries, rules);
  }

  /**
   * Tells what each part of an upload is at, for who wants to draw them: taken down when asked, told by no event.
   * @returns a byte for each part, the first one's first: 0 still to be sent, 1 on its way, 2 stored; null where that is
   * not known: it has not begun, or another tab has it
   * @throws TypeError naming an id that is not listed
   */
  partStates(id: string): Uint8Array | null {
    return this.#listing(id)!.partStates(id);
  }

  /** Gives an upload's file; null where it has to be chosen again. @throws TypeError naming an id that is not listed */
  fileOf(id: string): File | null {
    return this.#listing(id)!.fileOf(id);
  }

  /** Begins what was held by `autostart: false`. @throws TypeError naming an id that is not listed */
  start(id?: string): void {
    this.#listing(id)?.start(id);
  }

  /** Sends nothing more, and keeps what is stored. @throws TypeError naming an id that is not listed */
  pause(id?: string): void {
    this.#listing(id)?.pause(id);
  }

  /**
   * Goes on with what is paused, or with a file chosen again. Within a user's gesture it also asks for leave to read
   * files that are known from an earlier visit (`needsPermission`): one after the other, until one is not granted.
   * @throws UploadError `file-changed` for another file than the one that was begun
   * @throws TypeError naming an id that is not listed
   */
  async resume(id?: string, file?: File | FileHandle): Promise<void> {
    await this.#listing(id)?.resume(id, file);
  }

  /** Ends it, also on the store, and forgets it. @throws TypeError naming an id that is not listed */
  abort(id?: string): void {
    this.#listing(id)?.abort(id);
  }

  /** Tries again what failed, and at once what waits. @throws TypeError naming an id that is not listed */
  retry(id?: string): void {
    this.#listing(id)?.retry(id);
  }

  /** Takes one that is over off the list. */
  dismiss(id: string): void {
    this.#core?.dismiss(id);
  }

  /** Takes all that are over off the list. */
  clear(): void {
    this.#core?.clear();
  }

  /** Resolves when every upload is over; paused ones and those that need their file keep it waiting. */
  async finished(): Promise<UploadSnapshot[]> {
    return (this.#core ?? (await this.#load())).finished();
  }

  /**
   * Ends every upload of this scope in this page, and wipes what the browser stores of them: records and files. Call it
   * at sign-out.
   */
  async forget(): Promise<void> {
    await (this.#core ?? (await this.#load())).forget();
  }

  /**
   * Pauses what runs, and lets other tabs resume it. Files stay in hand, so that `attach()` resumes it in this page.
   * @returns ids of the uploads that it paused
   */
  detach(): string[] {
    return this.#core?.detach() ?? [];
  }

  /** Undoes `detach()`. @param ids what that returned */
  attach(ids: readonly string[]): void {
    this.#core?.attach(ids);
  }

  /** Stops everything and lets go of the page; the journal keeps what is unfinished. */
  dispose(): void {
    this.#isDisposed = true;
    this.#core?.dispose();
  }

  /** Null while nothing is listed, since nothing is there to list it. @throws TypeError naming an id */
  #listing(id: string | undefined): UploaderCore | null {
    if (!this.#core && id !== undefined) throw new TypeError(`there is no upload "${id}"`);
    return this.#core;
  }

  #load(): Promise<UploaderCore> {
    this.#loading ??= fetchCode().then(({ openCore }) => {
      this.#core = openCore(this.#options, this.#ports, (type, detail) =>
        this.dispatchEvent(new CustomEvent(type, { detail, cancelable: GATES.has(type) })),
      );
      if (this.#isDisposed) this.#core.dispose();
      return this.#core;
    });
    return this.#loading;
  }
}

/** Fetches the working parts, for as long as it takes: a page may have lost its line while it was loading. */
async function fetchCode(): Promise<{ openCore: typeof OpenCore }> {
  for (let wait = FIRST_WAIT; ; wait = Math.min(wait * 2, LONGEST_WAIT)) {
    try {
      return await import('./open-core.js');
    } catch (error) {
      if (wait === FIRST_WAIT)
        console.warn('mule-upload: a part of its code could not be loaded; nothing is sent until it can be.', error);
      await waitOrOnline(wait);
    }
  }
}

function waitOrOnline(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    const go = (): void => {
      clearTimeout(timer);
      globalThis.removeEventListener?.('online', go);
      resolve();
    };
    const timer = setTimeout(go, milliseconds);
    globalThis.addEventListener?.('online', go);
  });
}
