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

/** An element that is back in the document within this time was moved, not removed. */
const REMOVAL_DELAY_MS = 1_000;
const NO_UPLOADS: readonly UploadSnapshot[] = Object.freeze([]);

/**
 * Controllers whose element was removed while uploads were unfinished, by owner. The next element of the same owner takes
 * the uploads over: after a route change, in a reopened dialog, or when a framework renders again.
 */
const removedControllers = new Map<string, UploaderController>();
/** Controllers whose recovery key was not unique when their uploader was created; it may become unique. */
const ambiguousControllers = new Set<UploaderController>();
const ownerKeyOf = ({ scope, signer, recoveryKey }: UploaderOptions): string =>
  JSON.stringify([scope || signer, recoveryKey]);

/**
 * Connects the element to an `Uploader`: one that the page has set, or its own, created when first needed.
 * Forwards its events, requests renderings, and pauses its own uploads while the element is removed.
 */
export class UploaderController implements ReactiveController {
  #own: Uploader | null = null;
  /** The key in `removedControllers`. */
  #removedKey = '';
  /** Set when the own uploader is created. */
  #recoveryKey: RecoveryKey | null = null;
  #options: UploaderOptions = {};
  #shared: Uploader | null = null;
  #removalTimer: ReturnType<typeof setTimeout> | undefined;
  /** IDs of the uploads that were paused because the element was removed; null if it was not. */
  #pausedIds: readonly string[] | null = null;
  /** Set while the signer is asked whether the same user is signed in; until then nothing is shown. */
  #confirmation: object | null = null;
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
    return this.#shared;
  }

  set shared(uploader: Uploader | null) {
    this.#shared = uploader;
    this.#listen();
  }

  /** The uploader in use; null if none was needed yet. */
  get current(): Uploader | null {
    return this.#shared ?? this.#own;
  }

  get uploads(): readonly UploadSnapshot[] {
    const uploads = this.#visible?.uploads ?? NO_UPLOADS;
    this.#events.uploadCount = uploads.length;
    return uploads;
  }

  /** Whether an upload is listed. */
  has(id: string): boolean {
    return this.#visible?.has(id) ?? false;
  }

  get progress(): TotalProgress {
    return this.#visible?.progress ?? NO_PROGRESS;
  }

  get status(): UploaderStatus {
    return this.#visible?.status ?? 'idle';
  }

  /** The uploader whose uploads may be shown. */
  get #visible(): Uploader | null {
    return this.#shared ?? (this.#confirmation ? null : this.#own);
  }

  /** Returns the uploader in use, or creates one. */
  getOrCreate(): Uploader {
    if (!this.current) {
      this.#recoveryKey = recoveryKeyOf(this.host);
      const former = this.#recoveryKey.isUnique ? removedControllers.get(ownerKeyOf(this.#readOptions())) : undefined;
      if (!this.#recoveryKey.isUnique) ambiguousControllers.add(this);
      if (former && former.#own) this.#takeOver(former);
      else {
        this.#own = new Uploader();
        this.#configure(this.#own);
        this.#listen();
      }
    }
    return this.current!;
  }

  hostConnected(): void {
    trackElement(this.host, true);
    clearTimeout(this.#removalTimer);
    this.#unregisterRemoved();
    if (this.#pausedIds && this.#own) this.#attach(this.#own, this.#pausedIds);
    else this.#listen();
    this.#pausedIds = null;
  }

  hostDisconnected(): void {
    trackElement(this.host, false);
    const isUnfinished = this.#own?.uploads.some((upload) => !hasEnded(upload)) ?? false;
    if (isUnfinished && this.#recoveryKey?.isUnique) {
      for (const [key, { uploads }] of removedControllers) if (uploads.every(hasEnded)) removedControllers.delete(key);
      removedControllers.set((this.#removedKey = ownerKeyOf(this.#options)), this);
    }
    ambiguousControllers.delete(this);
    // an element that is only moved is connected again by then
    queueMicrotask(() => {
      if (!this.host.isConnected) for (const other of [...ambiguousControllers]) other.#recheckKey();
    });
    this.#removalTimer = setTimeout(() => this.#onRemoved(), REMOVAL_DELAY_MS);
  }

  /** Applies the element's options. Creates an uploader once there is a signer, so that unfinished uploads are found. */
  configure(): void {
    const { signer, sign, initSignatureUrl, isConnected } = this.host;
    if (this.#own) this.#configure(this.#own);
    else if (!this.#shared && isConnected && (signer || sign || initSignatureUrl)) this.getOrCreate();
  }

  /** Renders with the next frame. */
  refresh(): void {
    this.#scheduler.refresh();
  }

  /** Updates the value now, where a long list has deferred it. */
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

  #configure(uploader: Uploader): void {
    const before = this.#options;
    this.#options = this.#readOptions();
    // again, because a listener of `mule-owner-change` may have set options for the next user
    if (configureUploader(uploader, this.#options, before)) this.#configure(uploader);
  }

  #readOptions(): UploaderOptions {
    const options = optionsOf(this.host);
    const { key, isUnique } = this.#recoveryKey!;
    if (!isUnique && options.recover !== 'off') options.recover = 'choose';
    return { ...options, recoveryKey: String(this.host.recoveryKey || key) };
  }

  /** Takes over from a removed element whose key was the same: frameworks may insert the new element first. */
  #recheckKey(): void {
    const uploader = this.#own;
    const key = recoveryKeyOf(this.host);
    if (!uploader || !key.isUnique) return;
    ambiguousControllers.delete(this);
    this.#recoveryKey = key;
    const former = removedControllers.get(ownerKeyOf(this.#readOptions()));
    if (!former || !former.#own || uploader.uploads.length > 0) {
      this.#configure(uploader);
      return;
    }
    uploader.dispose();
    this.#takeOver(former);
  }

  /** Takes over the uploader of a removed element of the same owner. */
  #takeOver(former: UploaderController): void {
    const uploader = former.#own!;
    former.#unregisterRemoved();
    clearTimeout(former.#removalTimer);
    this.#own = uploader;
    this.#options = former.#options;
    former.#own = null;
    former.#listen();
    this.#configure(uploader);
    this.#attach(uploader, former.#pausedIds ?? [], () => {
      const uploads = uploader.uploads.filter((upload) => !hasEnded(upload));
      if (uploads.length > 0) emit(this.host, 'mule-recover', { uploads });
      if (uploader.uploads.some(({ status }) => status === 'complete')) this.hooks.onValueChange();
    });
    former.#pausedIds = null;
  }

  /**
   * Resumes paused uploads once it is certain that the same user is signed in. Until then nothing is shown, and no event
   * is forwarded.
   * @param onShown called once the uploads are shown, never during an update of the element
   */
  #attach(uploader: Uploader, pausedIds: readonly string[], onShown = (): void => {}): void {
    const isSameUser = uploader.attach(pausedIds);
    const confirmation = (this.#confirmation = isSameUser === true ? null : {});
    this.#listen();
    const show = (): void => {
      if (this.#confirmation !== confirmation) return;
      this.#confirmation = null;
      this.#listen();
      onShown();
    };
    void Promise.resolve(isSameUser).then(show);
  }

  #unregisterRemoved(): void {
    if (removedControllers.get(this.#removedKey) === this) removedControllers.delete(this.#removedKey);
  }

  #onRemoved(): void {
    this.#pausedIds = this.#own?.detach() ?? null;
    this.#confirmation = null;
    // else a shared uploader would keep the removed element from being garbage-collected
    this.#events.listenTo(null);
  }

  #listen(): void {
    if (this.#events.listenTo(this.#visible)) this.update();
  }
}
