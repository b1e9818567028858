import type { ReactiveController } from 'lit';
import { Uploader } from '../../engine/index.js';
import { NO_PROGRESS } from '../../engine/api/status.js';
import type { TotalProgress, UploadSnapshot, UploaderOptions, UploaderStatus } from '../../engine/api/types.js';
import { emit, eventNames, type MuleEventMap } from '../api/events.js';
import { isOver } from '../form/form-control.js';
import { optionsOf, type UploadProperties } from '../api/properties.js';
import { countIn, recoveryKeyOf, type RecoveryKey } from '../form/recovery-key.js';

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

/**
 * Elements that left the document with uploads unfinished, by the owner of these; the next element of that owner goes
 * on with them: after a change of route, in a modal that opens again, where a framework renders anew.
 */
const orphaned = new Map<string, UploaderController>();
/** Elements that looked like another one of the page when their uploader was made: that one may leave the page yet. */
const lookAlikes = new Set<UploaderController>();
const ownerOf = ({ scope, signer, recoveryKey }: UploaderOptions): string =>
  JSON.stringify([scope || signer, recoveryKey]);

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
  /** The key under which it is among the orphaned, or was last. */
  #orphanedAs = '';
  /** The control that the own uploader works for; found once, when that is made. */
  #recoveryKey: RecoveryKey | null = null;
  #options: UploaderOptions = {};
  #shared: Uploader | null = null;
  #heard: AbortController | null = null;
  #heardOf: Uploader | null = null;
  #left: ReturnType<typeof setTimeout> | undefined;
  /** Ids of what was paused because the element has gone; null while it has not. */
  #paused: readonly string[] | null = null;
  /** Stands while the signer is asked who is signed in; nothing of the former user is shown meanwhile. */
  #confirmation: object | null = null;
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
    const uploads = this.#shown?.uploads ?? NO_UPLOADS;
    this.#count = uploads.length;
    return uploads;
  }

  /** Whether an upload is listed. */
  has(id: string): boolean {
    return this.#shown?.has(id) ?? false;
  }

  get progress(): TotalProgress {
    return this.#shown?.progress ?? NO_PROGRESS;
  }

  get status(): UploaderStatus {
    return this.#shown?.status ?? 'idle';
  }

  /** The uploader whose uploads the page may see. */
  get #shown(): Uploader | null {
    return this.#shared ?? (this.#confirmation ? null : this.#own);
  }

  /** Gives the uploader at work, made now where there is none. */
  need(): Uploader {
    if (!this.current) {
      this.#recoveryKey = recoveryKeyOf(this.host);
      const options = this.#readOptions();
      const former = this.#recoveryKey.isUnique ? orphaned.get(ownerOf(options)) : undefined;
      if (!this.#recoveryKey.isUnique) lookAlikes.add(this);
      if (former && former.#own) this.#takeOver(former);
      else {
        this.#own = new Uploader();
        this.#reconfigure(this.#own);
        this.#listen();
      }
    }
    return this.current!;
  }

  hostConnected(): void {
    countIn(this.host, true);
    clearTimeout(this.#left);
    this.#leaveOrphans();
    if (this.#paused && this.#own) this.#attach(this.#own, this.#paused);
    else this.#listen();
    this.#paused = null;
  }

  hostDisconnected(): void {
    countIn(this.host, false);
    const isUnfinished = this.#own?.uploads.some((upload) => !isOver(upload)) ?? false;
    if (isUnfinished && this.#recoveryKey?.isUnique) {
      for (const [key, { uploads }] of orphaned) if (uploads.every(isOver)) orphaned.delete(key);
      orphaned.set((this.#orphanedAs = ownerOf(this.#options)), this);
    }
    lookAlikes.delete(this);
    for (const other of [...lookAlikes]) other.#lookAgain();
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

  // Only what changed: new headers or a new signer make uploads that wait for them try at once. Pages that write plain
  // values into a template make a new object, with the same content, at every rendering.
  #reconfigure(uploader: Uploader): void {
    const options = this.#readOptions();
    const before = this.#options as Record<string, unknown>;
    const isSame = (name: string, value: unknown): boolean =>
      value === before[name] || (typeof value === 'object' && JSON.stringify(value) === JSON.stringify(before[name]));
    const changes = Object.entries(options).filter(([name, value]) => !isSame(name, value));
    this.#options = options;
    if (changes.length === 0) return;
    try {
      uploader.configure(Object.fromEntries(changes));
    } catch {
      for (const [name, value] of changes) applyOption(uploader, name, value);
    }
    // a listener to `mule-owner-change` may have set more, for the next user
    this.#reconfigure(uploader);
  }

  #readOptions(): UploaderOptions {
    const options = optionsOf(this.host);
    const { key, isUnique } = this.#recoveryKey!;
    if (!isUnique && options.recover !== 'off') options.recover = 'choose';
    return { ...options, recoveryKey: String(this.host.recoveryKey || key) };
  }

  /** Takes over from a look-alike that has left the page only now: a framework may insert the new element first. */
  #lookAgain(): void {
    const uploader = this.#own;
    const key = recoveryKeyOf(this.host);
    if (!uploader || !key.isUnique) return;
    lookAlikes.delete(this);
    this.#recoveryKey = key;
    const former = orphaned.get(ownerOf(this.#readOptions()));
    if (!former || !former.#own || uploader.uploads.length > 0) {
      this.#reconfigure(uploader);
      return;
    }
    uploader.dispose();
    this.#takeOver(former);
  }

  /** Goes on with the uploads of an element of the same control that has left the document. */
  #takeOver(former: UploaderController): void {
    const uploader = former.#own!;
    former.#leaveOrphans();
    clearTimeout(former.#left);
    this.#own = uploader;
    this.#options = former.#options;
    former.#own = null;
    former.#listen();
    this.#reconfigure(uploader);
    this.#attach(uploader, former.#paused ?? [], () => {
      const uploads = uploader.uploads.filter((upload) => !isOver(upload));
      if (uploads.length > 0) emit(this.host, 'mule-recover', { uploads });
      if (uploader.uploads.some(({ status }) => status === 'complete')) this.hooks.told();
    });
    former.#paused = null;
  }

  /**
   * Resumes what was paused while no element showed it, once it is certain that the same user is signed in. Until then
   * nothing of it is shown, and no event of it is sent on.
   * @param then called once it is shown again, never within an update of the element
   */
  #attach(uploader: Uploader, paused: readonly string[], then = (): void => {}): void {
    const isSameUser = uploader.attach(paused);
    const confirmation = (this.#confirmation = isSameUser === true ? null : {});
    this.#listen();
    const show = (): void => {
      if (this.#confirmation !== confirmation) return;
      this.#confirmation = null;
      this.#listen();
      then();
    };
    void Promise.resolve(isSameUser).then(show);
  }

  #leaveOrphans(): void {
    if (orphaned.get(this.#orphanedAs) === this) orphaned.delete(this.#orphanedAs);
  }

  #leave(): void {
    clearTimeout(this.#tick);
    this.#paused = this.#own?.detach() ?? null;
    this.#confirmation = null;
    // A page's uploader must not keep an element alive that nobody can reach any more.
    this.#heard?.abort();
    this.#heardOf = null;
  }

  #listen(): void {
    const uploader = this.#shown;
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

/** Sets one option; a value that does not fit is named in the console and changes nothing. */
function applyOption(uploader: Uploader, name: string, value: unknown): void {
  try {
    uploader.configure({ [name]: value });
  } catch (error) {
    console.warn(`<mule-upload>: ${(error as Error).message}`);
  }
}
