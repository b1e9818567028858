import type { Uploader } from '../../engine/index.js';
import { emit, eventNames, type MuleEventMap } from '../api/events.js';
import type { RenderScheduler } from './render-scheduler.js';

/** Events that change neither value nor validity. */
const PROGRESS_EVENTS: ReadonlySet<keyof MuleEventMap> = new Set(['mule-progress', 'mule-part', 'mule-retry']);
/** Minimum interval between renderings of progress; 100 parts a second may be stored. */
const PROGRESS_INTERVAL_MS = 200;
/** Above this number of uploads, value and list are updated at intervals instead of at each event. */
const MANY_UPLOADS = 50;
const BATCH_INTERVAL_MS = 200;

/** Callbacks to the element. */
export interface UploaderHooks {
  /** Updates value and validity. @returns whether an upload changed the value */
  syncValue(): boolean;
  /** Called after the value has changed. */
  onValueChange(): void;
  /** Called before an event is forwarded. */
  onEvent<K extends keyof MuleEventMap>(type: K, detail: MuleEventMap[K]['detail']): void;
}

/** Dispatches an uploader's events on the element, and updates the value and the rendering accordingly. */
export class EventForwarder {
  /** The number of uploads that were listed at the last reading. */
  uploadCount = 0;
  #uploader: Uploader | null = null;
  #listeners: AbortController | null = null;
  /** The number of files that are being added. */
  #expected = 0;
  /** Whether the value was updated since the list was empty. */
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
      for (const type of eventNames) this.#forward(uploader, type, this.#listeners.signal);
    }
    return true;
  }

  /**
   * Prepares for files that are about to be added. The rendering of many is postponed, because it would delay the first
   * byte.
   * @param count negative once they are added
   */
  expectFiles(count: number): void {
    this.#hasSynced &&= this.uploadCount > 0;
    this.#expected += count;
    if (count > 0 && this.#isMany) this.scheduler.postpone();
  }

  /** Updates value and rendering after a change without an event; in a long list after an interval. */
  updateSoon(): void {
    this.#syncValue();
    this.scheduler.refreshAfter(this.#isMany ? BATCH_INTERVAL_MS : 0);
  }

  /** Runs a deferred update of the value now. */
  syncNow(): void {
    if (this.#syncTimer === undefined) return;
    this.#cancelSync();
    if (this.hooks.syncValue()) this.hooks.onValueChange();
  }

  get #isMany(): boolean {
    return this.uploadCount + this.#expected > MANY_UPLOADS;
  }

  #forward<K extends keyof MuleEventMap>(uploader: Uploader, type: K, signal: AbortSignal): void {
    const isProgress = PROGRESS_EVENTS.has(type);
    const listener = (event: Event): void => {
      const { detail } = event as MuleEventMap[K];
      const hasChanged = !isProgress && this.#syncValue(type);
      this.hooks.onEvent(type, detail);
      if (!emit(this.host, type, detail)) event.preventDefault();
      this.scheduler.refreshAfter(this.#isMany ? BATCH_INTERVAL_MS : isProgress ? PROGRESS_INTERVAL_MS : 0);
      if (hasChanged) this.hooks.onValueChange();
    };
    uploader.addEventListener(type, listener, { signal });
  }

  /** Defers the update in a long list, except at `mule-finish`: 10,000 events must not iterate over 10,000 uploads each. */
  #syncValue(type?: keyof MuleEventMap): boolean {
    // the first of many makes the form pending at once
    if (!this.#isMany || !this.#hasSynced || type === 'mule-finish') {
      this.#hasSynced = true;
      this.#cancelSync();
      return this.hooks.syncValue();
    }
    this.#syncTimer ??= setTimeout(() => this.syncNow(), BATCH_INTERVAL_MS);
    return false;
  }

  #cancelSync(): void {
    clearTimeout(this.#syncTimer);
    this.#syncTimer = undefined;
  }
}
