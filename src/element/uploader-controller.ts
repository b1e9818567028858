import type { ReactiveController } from 'lit';
import { Uploader } from '../engine/index.js';
import { NO_PROGRESS } from '../engine/status.js';
import type { TotalProgress, UploadSnapshot, UploaderOptions, UploaderStatus } from '../engine/types.js';
import { emit, eventNames, type MuleEventMap } from './events.js';
import { isUnderWay } from './form-control.js';
import { optionsOf, type UploadProperties } from './properties.js';

/** Out of the document for longer than this, in milliseconds, is gone rather than moved. */
const GRACE = 1_000;
const NO_UPLOADS: readonly UploadSnapshot[] = Object.freeze([]);
/** These only move figures: the next frame shows them, nothing else follows from them. */
const FIGURES: ReadonlySet<keyof MuleEventMap> = new Set(['mule-progress', 'mule-part', 'mule-retry']);
/** Above so many uploads what follows from events is done for many of them at once. */
const MANY = 50;
/** Milliseconds from one time to the next. */
const PACE = 200;
/** Milliseconds from one showing of figures to the next: parts may be stored a hundred times a second. */
const FIGURES_EVERY = 200;

/** What the element does with what comes from its uploader. */
export interface UploaderHooks {
  /** Uploads may have changed; called before an event is sent on. @returns whether the value changed */
  changed(): boolean;
  /** The value changed, and the event is out. */
  told(): void;
  /** An event came; called before it is sent on. */
  heard<K extends keyof MuleEventMap>(type: K, detail: MuleEventMap[K]['detail']): void;
}

/**
 * Binds an `Uploader` to the element: the page's own, or one made when there is something for it to do.
 * Sends its events on, asks for one rendering a frame, and pauses an own uploader whose element has gone.
 */
export class UploaderController implements ReactiveController {
  #own: Uploader | null = null;
  #options: UploaderOptions = {};
  #shared: Uploader | null = null;
  #heard: AbortController | null = null;
  #heardOf: Uploader | null = null;
  #left: ReturnType<typeof setTimeout> | undefined;
  #paused: readonly string[] = [];
  #frame = 0;
  /** How many uploads there were when they were last looked at. */
  #count = 0;
  #rendered = 0;
  /** What was last looked through for a countdown that is to be shown. */
  #looked: { at: readonly UploadSnapshot[]; isCounting: boolean } = { at: NO_UPLOADS, isCounting: false };
  #soon: ReturnType<typeof setTimeout> | undefined;
  #behind: ReturnType<typeof setTimeout> | undefined;
  #tick: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly host: UploadProperties,
    private readonly hooks: UploaderHooks,
  ) {
    host.addController(this);
  }

  /** The page's own uploader, where it gave one. */
  get shared(): Uploader | null {
    return this.#shared;
  }

  set shared(uploader: Uploader | null) {
    this.#shared = uploader;
    this.#listen();
  }

  /** The uploader at work; null while none was needed. */
  get current(): Uploader | null {
    return this.#shared ?? this.#own;
  }

  get uploads(): readonly UploadSnapshot[] {
    const uploads = this.current?.uploads ?? NO_UPLOADS;
    this.#count = uploads.length;
    return uploads;
  }

  /** Whether an upload is listed. */
  has(id: string): boolean {
    return this.current?.has(id) ?? false;
  }

  get progress(): TotalProgress {
    return this.current?.progress ?? NO_PROGRESS;
  }

  get status(): UploaderStatus {
    return this.current?.status ?? 'idle';
  }

  /** Gives the uploader at work, made now where there is none. */
  need(): Uploader {
    if (!this.current) {
      this.#options = optionsOf(this.host);
      this.#own = new Uploader(this.#options);
      this.#listen();
    }
    return this.current!;
  }

  hostConnected(): void {
    clearTimeout(this.#left);
    for (const id of this.#paused) void this.#own?.resume(id);
    this.#paused = [];
    this.#listen();
  }

  hostDisconnected(): void {
    this.#left = setTimeout(() => this.#leave(), GRACE);
  }

  /** Hands the element's options on; an own uploader is made once it is known where uploads go. */
  configure(): void {
    const { signer, sign, initSignatureUrl, isConnected } = this.host;
    if (this.#own) this.#reconfigure(this.#own);
    // An earlier visit's uploads are looked for at once, not when the first file comes.
    else if (!this.#shared && isConnected && (signer || sign || initSignatureUrl)) this.need();
  }

  hostUpdated(): void {
    clearTimeout(this.#tick);
    const { uploads } = this;
    if (uploads !== this.#looked.at)
      this.#looked = { at: uploads, isCounting: uploads.some(({ retryAt }) => retryAt !== null) };
    if (this.#looked.isCounting) this.#tick = setTimeout(() => this.refresh(), 1_000);
  }

  /** Asks for a rendering at the next frame, however often it is called until then. */
  refresh(): void {
    clearTimeout(this.#soon);
    this.#soon = undefined;
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      this.#rendered = performance.now();
      this.host.requestUpdate();
    });
  }

  /** Takes in at once what a long list leaves for later. */
  catchUp(): void {
    if (this.#behind === undefined) return;
    clearTimeout(this.#behind);
    this.#behind = undefined;
    if (this.hooks.changed()) this.hooks.told();
  }

  /** Follows changes that no event tells of. @param byReader whether the page is to hear of a changed value */
  follow(byReader = false): void {
    const changed = this.hooks.changed();
    this.refresh();
    if (changed && byReader) this.hooks.told();
  }

  // Only what changed: new headers or a new signer make uploads that wait for them try at once.
  #reconfigure(uploader: Uploader): void {
    const options = optionsOf(this.host);
    const before = this.#options as Record<string, unknown>;
    const isSame = (name: string, value: unknown): boolean =>
      value === before[name] || (name === 'urls' && JSON.stringify(value) === JSON.stringify(before[name]));
    const changes = Object.fromEntries(Object.entries(options).filter(([name, value]) => !isSame(name, value)));
    this.#options = options;
    try {
      uploader.configure(changes);
    } catch (error) {
      console.warn(`<mule-upload>: ${(error as Error).message}`);
    }
  }

  #leave(): void {
    clearTimeout(this.#tick);
    const running = this.#own?.uploads.filter((upload) => isUnderWay(upload) && upload.status !== 'paused') ?? [];
    this.#paused = running.map(({ id }) => id);
    for (const id of this.#paused) void this.#own?.pause(id);
    // A page's uploader must not keep an element alive that nobody can reach any more.
    this.#heard?.abort();
    this.#heardOf = null;
  }

  #listen(): void {
    const uploader = this.current;
    if (uploader === this.#heardOf) return;
    this.#heard?.abort();
    this.#heardOf = uploader;
    if (uploader) {
      this.#heard = new AbortController();
      for (const type of eventNames) this.#sendOn(uploader, type, this.#heard.signal);
    }
    this.follow();
  }

  #sendOn<K extends keyof MuleEventMap>(uploader: Uploader, type: K, signal: AbortSignal): void {
    const listener = (event: Event): void => {
      const { detail } = event as MuleEventMap[K];
      const changed = !FIGURES.has(type) && this.#hasChanged(type);
      this.hooks.heard(type, detail);
      if (!emit(this.host, type, detail)) event.preventDefault();
      this.#refreshInTime(FIGURES.has(type) ? FIGURES_EVERY : 0);
      if (changed) this.hooks.told();
    };
    uploader.addEventListener(type, listener, { signal });
  }

  /** Ten thousand events must not look through ten thousand uploads each. The last event of all is taken in at once. */
  #hasChanged(type: keyof MuleEventMap): boolean {
    if (this.#count <= MANY || type === 'mule-finish') {
      clearTimeout(this.#behind);
      this.#behind = undefined;
      return this.hooks.changed();
    }
    this.#behind ??= setTimeout(() => this.catchUp(), PACE);
    return false;
  }

  /** @param pace milliseconds from the last rendering to the next, where there are few uploads */
  #refreshInTime(pace: number): void {
    const wait = this.#rendered + (this.#count > MANY ? PACE : pace) - performance.now();
    if (wait <= 0) this.refresh();
    else this.#soon ??= setTimeout(() => this.refresh(), wait);
  }
}
