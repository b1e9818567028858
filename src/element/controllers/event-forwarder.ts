import type { UploadSnapshot } from '../../engine/api/types.js';
import type { Uploader } from '../../engine/index.js';
import { emit, forwardedEventNames, type MuleEventMap } from '../api/events.js';
import type { RenderScheduler } from './render-scheduler.js';

/** Events that change neither value nor validity. */
const PROGRESS_EVENTS: ReadonlySet<keyof MuleEventMap> = new Set(['mule-progress', 'mule-part', 'mule-retry']);
/** Minimum interval between renderings of progress, because 100 parts a second may be stored. */
const PROGRESS_INTERVAL_MS = 200;
/** With more uploads, validity and list are updated at intervals instead of at each event. */
const MAX_UPLOADS_WITHOUT_BATCHING = 50;
const BATCH_INTERVAL_MS = 200;

/** Callbacks to the element. */
export interface UploaderHooks {
  /** Updates value and validity. @returns whether the value has changed because of an upload */
  syncValue(): boolean;
  /** Adds the value of a completed upload. @returns whether the value has changed */
  addValue(upload: UploadSnapshot): boolean;
  /** Called after the value has changed. */
  onValueChange(): void;
  /** Called before an event is forwarded. */
  beforeForward<K extends keyof MuleEventMap>(type: K, detail: MuleEventMap[K]['detail']): void;
}

/** Dispatches an uploader's events on the element, and updates the value and the rendering accordingly. */
export class EventForwarder {
  /** The number of listed uploads. `UploaderController` sets it whenever it reads them. */
  uploadCount = 0;
  #uploader: Uploader | null = null;
  #listeners: AbortController | null = null;
  /** The number of files that are being added. */
  #expectedFiles = 0;
  /** Whether the value was updated after the list was last empty. */
  #hasSynced = false;
  #syncTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly host: HTMLElement,
    private readonly hooks: UploaderHooks,
    private readonly scheduler: RenderScheduler,
  ) {}

  /** Replaces the uploader whose events are forwarded. @returns whether it changed */
  listenTo(uploader: Uploader | null): boolean {
    if (uploader === this.#uploader) return false;
    this.#listeners?.abort();
    this.#uploader = uploader;
    if (uploader) {
      this.#listeners = new AbortController();
      for (const type of forwardedEventNames) this.#forward(uploader, type, this.#listeners.signal);
    }
    return true;
  }

  /**
   * Prepares for files that are about to be added. Rendering many files is postponed, because it would delay the first
   * request.
   * @param count the number of files; the same number, negative, once they are added
   */
  expectFiles(count: number): void {
    // the first update of a list that was empty is not deferred
    this.#hasSynced &&= this.uploadCount > 0;
    this.#expectedFiles += count;
    if (count > 0 && this.#isBatching) this.scheduler.postpone();
  }

  /** Whether files are being added. */
  get isAdding(): boolean {
    return this.#expectedFiles > 0;
  }

  /** Updates value and rendering after a change without an event; in a long list, after an interval. */
  updateSoon(): void {
    if (this.#syncOrDefer()) this.hooks.onValueChange();
    this.scheduler.refreshAfter(this.#isBatching ? BATCH_INTERVAL_MS : 0);
  }

  /** Updates the value now if the update was deferred. */
  syncNow(): void {
    if (this.#syncTimer === undefined) return;
    this.#cancelSync();
    if (this.hooks.syncValue()) this.hooks.onValueChange();
  }

  get #isBatching(): boolean {
    return this.uploadCount + this.#expectedFiles > MAX_UPLOADS_WITHOUT_BATCHING;
  }

  #forward<K extends keyof MuleEventMap>(uploader: Uploader, type: K, signal: AbortSignal): void {
    const isProgress = PROGRESS_EVENTS.has(type);
    const listener = (event: Event): void => {
      const { detail } = event as MuleEventMap[K];
      const hasChanged = !isProgress && this.#syncOrDefer(type, detail);
      this.hooks.beforeForward(type, detail);
      if (!emit(this.host, type, detail)) event.preventDefault();
      this.scheduler.refreshAfter(this.#isBatching ? BATCH_INTERVAL_MS : isProgress ? PROGRESS_INTERVAL_MS : 0);
      if (hasChanged) this.hooks.onValueChange();
    };
    uploader.addEventListener(type, listener, { signal });
  }

  /**
   * Defers the update in a long list: 10,000 events must not iterate over 10,000 uploads each. Only the value of a completed
   * upload is added at once, because a listener of the event may read `value`, and assign it again.
   */
  #syncOrDefer(type?: keyof MuleEventMap, detail: object = {}): boolean {
    // the first update of a list that was empty is not deferred: the form cannot be submitted from then on
    if (!this.#isBatching || !this.#hasSynced || type === 'mule-finish' || type === 'mule-owner-change') {
      this.#hasSynced = true;
      this.#cancelSync();
      return this.hooks.syncValue();
    }
    this.#syncTimer ??= setTimeout(() => this.syncNow(), BATCH_INTERVAL_MS);
    const { upload } = detail as { upload?: UploadSnapshot };
    return upload?.status === 'complete' && this.hooks.addValue(upload);
  }

  #cancelSync(): void {
    clearTimeout(this.#syncTimer);
    this.#syncTimer = undefined;
  }
}
