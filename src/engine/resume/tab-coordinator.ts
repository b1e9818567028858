import { withChildController } from '../util/abort.js';
import { hex } from '../util/bytes.js';
import type { SmallFileCache } from '../files/small-file-cache.js';
import type { CurrentUser } from '../model/current-user.js';
import type { UploadRecord } from '../model/upload-record.js';
import { identifyFile } from './identify-file.js';
import type { JournalWriter } from './journal-writer.js';
import type { PagePresence } from './page-presence.js';
import { isOver } from '../api/status.js';
import type { Clock, JournalRecord, RemoteProgress, Resumption, TabChannel, TabLock } from '../ports.js';

/** Time between two progress reports of one upload. */
const REPORT_INTERVAL_MS = 500;
/** Time after which an upload that began without its lock takes it. */
const LOCK_DELAY_MS = 1_000;
/** Time that the lock of a finished upload is held for tabs that have not confirmed its end. */
const RELEASE_DELAY_MS = 2_000;

/** A message among tabs; it names the upload by its lock. */
type Message = { name: string } /** This tab waits for it. */ & (
  | { type: 'watch'; from: string }
  /** This tab has it now, and asks which tabs wait for it. */
  | { type: 'mine' }
  /** Its progress. */
  | { type: 'news'; news: RemoteProgress }
  /** This tab knows that it has ended. */
  | { type: 'heard'; from: string }
);

/** An upload whose lock this tab holds. */
interface Held {
  name: string;
  watchers: Set<string>;
  reportedAt: number;
  /** Releases the lock; called late if waiting tabs have to learn of the end. */
  release: () => void;
  cancelRelease: (() => void) | null;
  cancelReport: (() => void) | null;
}

/** An upload whose lock another tab holds. */
interface Awaited {
  name: string;
  end(news: RemoteProgress): void;
}

/** Result of a claim: this tab holds the upload until it releases it, or another tab has ended it. */
export type TabClaim = { release(): void } | { ended: RemoteProgress };

/** The data that identifies an upload within this origin. */
interface UploadTraits {
  scope: string;
  recoveryKey?: string;
  fingerprint: string;
  name: string;
  relativePath: string;
}

/** An upload that several tabs may have. */
export interface SharedUpload extends UploadRecord {
  /** Progress for tabs that wait for it. */
  readonly progressReport: RemoteProgress;
  /** The data for resuming that another tab has reported; null if none. */
  readonly reportedResumption: Resumption | null;
  /** Shows the progress of the tab that sends it. */
  showRemoteProgress(progress: RemoteProgress): void;
  /** Continues after another tab. @param known where that tab stopped; null if that is unknown */
  takeOver(known: Resumption | null): void;
  /** Shows that it waits for another tab. */
  waitForTab<T>(work: Promise<T>): Promise<T>;
}

/** The dependencies of the coordinator. */
export interface TabServices {
  readonly lock: TabLock;
  readonly channel: TabChannel;
  readonly clock: Clock;
  readonly journal: JournalWriter;
  readonly presence: PagePresence;
  readonly user: CurrentUser;
  readonly smallFiles: SmallFileCache;
}

/**
 * Makes the same file in several tabs one upload. The tab that holds the lock sends it. The others show its progress
 * and end with it; the next one takes over when the lock is released before the end. An abort in a tab that only waits
 * does not affect the others.
 */
export class TabCoordinator {
  readonly #services: TabServices;
  readonly #id = hex(crypto.getRandomValues(new Uint8Array(8)));
  readonly #held = new Map<SharedUpload, Held>();
  readonly #awaited = new Map<SharedUpload, Awaited>();
  #channel: ReturnType<TabChannel['open']> | null = null;

  constructor(services: TabServices) {
    this.#services = services;
  }

  /** Waits until no other tab holds this upload, or until another tab has ended it. */
  async claim(upload: SharedUpload, signal: AbortSignal): Promise<TabClaim> {
    const { lock } = this.#services;
    const name = await this.#nameOf(upload);
    const release = await lock.tryAcquire(name);
    if (release) {
      // an upload that was released once, or paused in another tab, may have more stored parts than this tab knows
      const isKnown = (): boolean =>
        this.#services.presence.recordsOfOpenPages.some((known) => this.#join(known) === name);
      if ((upload.wasShared || isKnown()) && !signal.aborted) await this.#takeOver(upload, name);
      return this.#hold(upload, name, release);
    }
    return upload.waitForTab(this.#await(upload, name, signal));
  }

  /**
   * Claims an upload that most likely takes a moment: it begins at once, and takes the lock only if it lasts. For
   * thousands of small files, the locks would cost more than what they prevent: a small file that is sent twice.
   * @param signal aborted when the claim is released
   * @param onElsewhere called if another tab holds the upload by then
   */
  claimLater(upload: SharedUpload, signal: AbortSignal, onElsewhere: () => void): { release(): void } {
    const { clock, lock } = this.#services;
    const take = async (): Promise<void> => {
      const name = await this.#nameOf(upload);
      const unlock = await lock.tryAcquire(name);
      if (signal.aborted) unlock?.();
      else if (unlock) ({ release } = this.#hold(upload, name, unlock));
      else onElsewhere();
    };
    // a file that cannot be read fails by itself
    let release = clock.setTimer(() => void take().catch(() => {}), LOCK_DELAY_MS);
    return { release: () => release() };
  }

  /** Whether another tab holds this upload. */
  async isElsewhere(upload: SharedUpload): Promise<boolean> {
    if (this.#held.has(upload)) return false;
    const release = await this.#services.lock.tryAcquire(await this.#nameOf(upload));
    release?.();
    return !release;
  }

  /** Returns the records without those that some tab is sending. */
  async withoutSending(records: JournalRecord[]): Promise<JournalRecord[]> {
    const held = await this.#services.lock.held(records.map((record) => this.#join(record))).catch(() => new Set());
    return records.filter((record) => !held.has(this.#join(record)));
  }

  /** Reports progress to the tabs that wait for an upload, at most once an interval unless it is urgent. */
  report(upload: SharedUpload, isUrgent = false): void {
    const held = this.#held.get(upload);
    if (!held?.watchers.size) return;
    const { clock } = this.#services;
    const due = held.reportedAt + REPORT_INTERVAL_MS - clock.monotonic();
    if (due > 0 && !isUrgent) {
      held.cancelReport ??= clock.setTimer(() => this.report(upload, true), due);
      return;
    }
    held.cancelReport?.();
    held.cancelReport = null;
    held.reportedAt = clock.monotonic();
    this.#send({ type: 'news', name: held.name, news: upload.progressReport });
  }

  /** Releases every lock, because the page is being left. */
  releaseAll(): void {
    for (const upload of [...this.#held.keys()]) this.#release(upload);
  }

  // ---- Uploads of this tab ----

  #hold(upload: SharedUpload, name: string, release: () => void): { release(): void } {
    const held: Held = {
      name,
      release,
      watchers: new Set(),
      reportedAt: -Infinity,
      cancelRelease: null,
      cancelReport: null,
    };
    this.#held.set(upload, held);
    this.#open();
    return {
      release: () => {
        // in a microtask: the upload's status changes just after it stops
        void Promise.resolve().then(() => this.#releaseWhenKnown(upload, held));
      },
    };
  }

  /** Releases the lock; of an ended upload only once the tabs that wait know that it has ended. */
  #releaseWhenKnown(upload: SharedUpload, held: Held): void {
    if (this.#held.get(upload) !== held) return;
    const hasEnded = isOver(upload.status) && upload.status !== 'failed';
    if (!hasEnded || !held.watchers.size) {
      this.#release(upload);
      return;
    }
    this.report(upload, true);
    held.cancelRelease = this.#services.clock.setTimer(() => this.#release(upload), RELEASE_DELAY_MS);
  }

  #release(upload: SharedUpload): void {
    const held = this.#held.get(upload);
    if (!held) return;
    this.#held.delete(upload);
    held.cancelRelease?.();
    held.cancelReport?.();
    held.release();
    this.#close();
  }

  // ---- Uploads of other tabs ----

  async #await(upload: SharedUpload, name: string, signal: AbortSignal): Promise<TabClaim> {
    let ended: RemoteProgress | null = null;
    try {
      const release = await withChildController(signal, (own) => {
        this.#awaited.set(upload, {
          name,
          end: (progress) => {
            ended ??= progress;
            own.abort(progress);
          },
        });
        this.#open();
        this.#send({ type: 'watch', name, from: this.#id });
        return this.#services.lock.acquire(name, own.signal);
      });
      this.#send({ type: 'mine', name });
      try {
        await this.#takeOver(upload, name);
      } catch (error) {
        release();
        throw error;
      }
      return this.#hold(upload, name, release);
    } catch (error) {
      if (ended && !signal.aborted) return { ended };
      throw error;
    } finally {
      this.#awaited.delete(upload);
      this.#close();
    }
  }

  /** Continues after the other tab: from the journal, or from what that tab reported. */
  async #takeOver(upload: SharedUpload, name: string): Promise<void> {
    const record = (await this.#services.journal.load()).find((known) => this.#join(known) === name);
    // a record without an upload ID is removed at the end: a later page load would send the file again
    const known = (record?.uploadId ? null : upload.reportedResumption) ?? record;
    upload.takeOver(known && this.#services.user.owns(known) ? known : null);
  }

  // ---- The channel ----

  #open(): void {
    this.#channel ??= this.#services.channel.open((message) => this.#receive(message as Message));
  }

  /** Closes a channel that nothing needs: it wakes every page for each message, and bars it from the back-forward cache. */
  #close(): void {
    if (this.#held.size + this.#awaited.size) return;
    this.#channel?.close();
    this.#channel = null;
  }

  #send(message: Message): void {
    this.#channel?.post(message);
  }

  #receive(message: Message): void {
    const { name, type } = message;
    for (const [upload, held] of this.#held) {
      if (held.name !== name) continue;
      if (type === 'watch') {
        held.watchers.add(message.from);
        this.report(upload, true);
      }
      if (type === 'heard' && held.watchers.delete(message.from) && held.cancelRelease && !held.watchers.size)
        this.#release(upload);
    }
    for (const [upload, awaited] of this.#awaited) {
      if (awaited.name !== name) continue;
      if (type === 'mine') this.#send({ type: 'watch', name, from: this.#id });
      if (type !== 'news') continue;
      const { resumption } = message.news;
      // a tab of a user who has signed out must not end an upload of the next user
      if (resumption && this.#services.user.isOther(resumption)) continue;
      if (message.news.status === 'complete' || message.news.status === 'aborted') {
        awaited.end(message.news);
        this.#send({ type: 'heard', name, from: this.#id });
      } else upload.showRemoteProgress(message.news);
    }
  }

  // ---- Names ----

  async #nameOf(upload: SharedUpload): Promise<string> {
    return this.#join({
      ...upload.facts,
      ...upload.owner,
      fingerprint: await identifyFile(upload, this.#services.smallFiles),
    });
  }

  /** Equal files in two folders are two uploads. */
  #join({ scope, recoveryKey = '', fingerprint, name, relativePath }: UploadTraits): string {
    return `${scope}:${recoveryKey && `${recoveryKey}:`}${fingerprint}:${relativePath || name}`;
  }
}
