import type { ReactiveController } from 'lit';
import { NO_PROGRESS } from '../../engine/api/status.js';
import type { TotalProgress, UploadSnapshot, UploaderOptions, UploaderStatus } from '../../engine/api/types.js';
import { Uploader } from '../../engine/index.js';
import { emit } from '../api/events.js';
import { optionsOf, type UploadProperties } from '../api/properties.js';
import { hasEnded } from '../api/upload-state.js';
import { recoveryKeyOf, trackElement, type RecoveryKey } from '../form/recovery-key.js';
import { configureUploader } from './configure-uploader.js';
import { EventForwarder, type UploaderHooks } from './event-forwarder.js';
import { RenderScheduler } from './render-scheduler.js';

/** Events of hidden uploads that are dispatched once the signer has confirmed the user. */
const KEPT_EVENTS = ['mule-complete', 'mule-error', 'mule-finish'] as const;
/** An element that is back in the document within this time was moved, not removed. */
const REMOVAL_DELAY_MS = 1_000;
const NO_UPLOADS: readonly UploadSnapshot[] = Object.freeze([]);

/**
 * Controllers whose element was removed while uploads were unfinished, by scope and recovery key. The next element with the
 * same scope and key takes over the uploads: after a route change, in a reopened dialog, or when a framework renders again.
 */
const removedControllers = new Map<string, UploaderController>();
/** Controllers whose recovery key was not unique when their uploader was created; it may become unique. */
const ambiguousControllers = new Set<UploaderController>();
const takeoverKeyOf = ({ scope, signer, recoveryKey }: UploaderOptions): string =>
  JSON.stringify([scope || signer, recoveryKey]);

/**
 * Connects the element to an `Uploader`: one that the page has set, or its own, which it creates when first needed.
 * Forwards the uploader's events, and requests renderings. Pauses the uploads of its own uploader while the element is
 * removed.
 */
export class UploaderController implements ReactiveController {
  #ownUploader: Uploader | null = null;
  /** The key in `removedControllers`. */
  #takeoverKey = '';
  /** Set when `#ownUploader` is created. */
  #recoveryKey: RecoveryKey | null = null;
  #options: UploaderOptions = {};
  #sharedUploader: Uploader | null = null;
  #removalTimer: ReturnType<typeof setTimeout> | undefined;
  #isDetached = false;
  /** IDs of the uploads that were paused because the element was removed, and have not been resumed since. */
  #pausedIds: readonly string[] = [];
  #confirmation: Promise<void> | null = null;
  readonly #scheduler: RenderScheduler;
  readonly #events: EventForwarder;

  constructor(
    private readonly host: UploadProperties,
    private readonly hooks: UploaderHooks,
  ) {
    host.addController(this);
    this.#scheduler = new RenderScheduler(host);
    this.#events = new EventForwarder(host, hooks, this.#scheduler);
  }

  /** The uploader that the page has set. */
  get shared(): Uploader | null {
    return this.#sharedUploader;
  }

  set shared(uploader: Uploader | null) {
    this.#sharedUploader = uploader;
    this.#listen();
  }

  /** The uploader in use; null until one is needed. */
  get current(): Uploader | null {
    return this.#sharedUploader ?? this.#ownUploader;
  }

  /**
   * Set until the signer has confirmed that the same user is signed in; until then, no upload is shown and no event is
   * forwarded. Resolves when it is confirmed, or was replaced by another one.
   */
  get confirmation(): Promise<void> | null {
    return this.#sharedUploader ? null : this.#confirmation;
  }

  get uploads(): readonly UploadSnapshot[] {
    const uploads = this.#visibleUploader?.uploads ?? NO_UPLOADS;
    this.#events.uploadCount = uploads.length;
    return uploads;
  }

  /** Whether an upload is listed. */
  has(id: string): boolean {
    return this.#visibleUploader?.has(id) ?? false;
  }

  get progress(): TotalProgress {
    return this.#visibleUploader?.progress ?? NO_PROGRESS;
  }

  get status(): UploaderStatus {
    return this.#visibleUploader?.status ?? 'idle';
  }

  /** The uploader whose uploads may be shown. */
  get #visibleUploader(): Uploader | null {
    return this.#sharedUploader ?? (this.#confirmation ? null : this.#ownUploader);
  }

  /** Returns the uploader in use, or creates one. */
  getOrCreate(): Uploader {
    if (!this.current) {
      this.#recoveryKey = recoveryKeyOf(this.host);
      const predecessor = this.#recoveryKey.isUnique
        ? removedControllers.get(takeoverKeyOf(this.#readOptions()))
        : undefined;
      if (!this.#recoveryKey.isUnique) ambiguousControllers.add(this);
      if (predecessor && predecessor.#ownUploader) this.#takeOver(predecessor);
      else {
        this.#ownUploader = new Uploader();
        this.#applyOptions(this.#ownUploader);
        this.#listen();
      }
    }
    return this.current!;
  }

  hostConnected(): void {
    trackElement(this.host, true);
    clearTimeout(this.#removalTimer);
    this.#unregisterRemoved();
    if (this.#isDetached && this.#ownUploader) this.#attach(this.#ownUploader);
    else this.#listen();
    this.#isDetached = false;
  }

  hostDisconnected(): void {
    trackElement(this.host, false);
    const hasUnfinished = this.#ownUploader?.uploads.some((upload) => !hasEnded(upload)) ?? false;
    if (hasUnfinished && this.#recoveryKey?.isUnique) {
      for (const [key, { uploads }] of removedControllers) if (uploads.every(hasEnded)) removedControllers.delete(key);
      removedControllers.set((this.#takeoverKey = takeoverKeyOf(this.#options)), this);
    }
    ambiguousControllers.delete(this);
    // an element that was only moved is connected again before the microtask runs
    queueMicrotask(() => {
      if (!this.host.isConnected) for (const other of [...ambiguousControllers]) other.#recheckKey();
    });
    this.#removalTimer = setTimeout(() => this.#onRemoved(), REMOVAL_DELAY_MS);
  }

  /** Applies the element's options. Creates an uploader once there is a signer, so that unfinished uploads are found. */
  configure(): void {
    const { signer, sign, initSignatureUrl, isConnected } = this.host;
    if (this.#ownUploader) this.#applyOptions(this.#ownUploader);
    else if (!this.#sharedUploader && isConnected && (signer || sign || initSignatureUrl)) this.getOrCreate();
  }

  /** Renders with the next frame. */
  refresh(): void {
    this.#scheduler.refresh();
  }

  /** Updates the value now if a long list has deferred the update. */
  syncNow(): void {
    this.#events.syncNow();
  }

  /**
   * Updates value and list after a change that has no event.
   * @param isUserAction whether to fire `input` and `change` if the value changed
   */
  update(isUserAction = false): void {
    const hasChanged = this.hooks.syncValue();
    this.refresh();
    if (hasChanged && isUserAction) this.hooks.onValueChange();
  }

  /** Prepares for files that are about to be added. */
  expectFiles(count: number): void {
    this.#events.expectFiles(count);
  }

  /** Updates value and list after files were added, for which there may be no event yet. */
  updateSoon(): void {
    this.#events.updateSoon();
  }

  #applyOptions(uploader: Uploader): void {
    const previousOptions = this.#options;
    this.#options = this.#readOptions();
    // repeated, because a listener of `mule-owner-change` may have set options for the next user
    if (configureUploader(uploader, this.#options, previousOptions)) this.#applyOptions(uploader);
  }

  #readOptions(): UploaderOptions {
    const options = optionsOf(this.host);
    const { key, isUnique } = this.#recoveryKey!;
    if (!isUnique && options.recover !== 'off') options.recover = 'choose';
    return { ...options, recoveryKey: String(this.host.recoveryKey || key) };
  }

  /**
   * Takes over from a removed element if the key has become unique: frameworks may insert the new element before they remove
   * the old one.
   */
  #recheckKey(): void {
    const uploader = this.#ownUploader;
    const key = recoveryKeyOf(this.host);
    // another key would end the element's own uploads
    if (!uploader || !key.isUnique || uploader.uploads.length > 0 || this.#events.isAdding) return;
    ambiguousControllers.delete(this);
    this.#recoveryKey = key;
    const predecessor = removedControllers.get(takeoverKeyOf(this.#readOptions()));
    if (!predecessor || !predecessor.#ownUploader) {
      this.#applyOptions(uploader);
      return;
    }
    uploader.dispose();
    this.#takeOver(predecessor);
  }

  /** Takes over the uploader of a removed element with the same scope and recovery key. */
  #takeOver(predecessor: UploaderController): void {
    const uploader = predecessor.#ownUploader!;
    predecessor.#unregisterRemoved();
    clearTimeout(predecessor.#removalTimer);
    this.#ownUploader = uploader;
    this.#options = predecessor.#options;
    predecessor.#ownUploader = null;
    predecessor.#listen();
    this.#applyOptions(uploader);
    this.#pausedIds = predecessor.#pausedIds;
    predecessor.#pausedIds = [];
    predecessor.#isDetached = false;
    predecessor.#confirmation = null;
    this.#attach(uploader, () => {
      const uploads = uploader.uploads.filter((upload) => !hasEnded(upload));
      if (uploads.length > 0) emit(this.host, 'mule-recover', { uploads });
      if (uploader.uploads.some(({ status }) => status === 'complete')) this.hooks.onValueChange();
    });
  }

  /**
   * Resumes paused uploads once the signer has confirmed that the same user is signed in.
   * @param onShown called once the uploads are shown, never during an update of the element
   */
  #attach(uploader: Uploader, onShown = (): void => {}): void {
    // without IDs, because the events of resumed uploads are forwarded only once the uploads are shown
    const isSameUser = uploader.attach([]);
    const listeners = new AbortController();
    const keptEvents: CustomEvent[] = [];
    const keep = (event: Event): void => void keptEvents.push(event as CustomEvent);
    if (isSameUser !== true)
      for (const type of KEPT_EVENTS) uploader.addEventListener(type, keep, { signal: listeners.signal });
    const shown = Promise.resolve(isSameUser).then((isSame) => {
      listeners.abort();
      if (this.#confirmation !== confirmation) return;
      this.#confirmation = null;
      this.#listen();
      for (const { type, detail } of keptEvents)
        if (isSame) uploader.dispatchEvent(new CustomEvent(type, { detail: detail as unknown }));
      const ids = this.#pausedIds;
      this.#pausedIds = [];
      for (const id of ids) if (uploader.has(id)) void uploader.resume(id);
      onShown();
    });
    const confirmation = (this.#confirmation = isSameUser === true ? null : shown);
    this.#listen();
  }

  #unregisterRemoved(): void {
    if (removedControllers.get(this.#takeoverKey) === this) removedControllers.delete(this.#takeoverKey);
  }

  #onRemoved(): void {
    if (this.#ownUploader) {
      this.#pausedIds = [...this.#pausedIds, ...this.#ownUploader.detach()];
      this.#isDetached = true;
    }
    this.#confirmation = null;
    // otherwise the listeners on a shared uploader would keep the removed element in memory
    this.#events.listenTo(null);
  }

  #listen(): void {
    if (this.#events.listenTo(this.#visibleUploader)) this.update();
  }
}
