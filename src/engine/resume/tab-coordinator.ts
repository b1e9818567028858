import { withChildController } from '../util/abort.js';
import { hex } from '../util/bytes.js';
import type { SmallFileCache } from '../files/small-file-cache.js';
import type { CurrentUser } from '../model/current-user.js';
import { identifyFile } from './identify-file.js';
import type { JournalWriter } from './journal-writer.js';
import type { PagePresence } from './page-presence.js';
import { lockNameFor } from './shared-upload.js';
import type { SharedUpload } from './shared-upload.js';
import { isOver } from '../api/status.js';
import type { Clock, JournalRecord, RemoteProgress, TabChannel, TabLock } from '../ports.js';

/** Minimum time between two progress reports of one upload. */
const REPORT_INTERVAL_MS = 500;
/** Time after which an upload that began without its lock acquires it. */
const LOCK_DELAY_MS = 1_000;
/** Maximum time that a tab keeps the lock of an ended upload until all waiting tabs have confirmed the end. */
const RELEASE_DELAY_MS = 2_000;

/** A message between tabs about one upload. `name`: of its lock; `from`: ID of the sending tab. */
type Message = { name: string } & (
  | { type: 'watch'; from: string } // the sender waits for the upload
  | { type: 'mine' } // the sender holds the lock now: tabs that wait for it must send `watch` again
  | { type: 'news'; news: RemoteProgress } // progress of the upload, from the tab that sends it
  | { type: 'heard'; from: string } // the sender confirms that the upload has ended
);

/** An upload whose lock this tab holds. */
interface HeldUpload {
  name: string;
  watchers: Set<string>;
  reportedAt: number;
  /** Releases the lock. */
  release: () => void;
  cancelRelease: (() => void) | null;
  cancelReport: (() => void) | null;
}

/** An upload whose lock another tab holds. */
interface AwaitedUpload {
  name: string;
  end(news: RemoteProgress): void;
}

/** Result of a claim: this tab holds the lock of the upload, or another tab has ended the upload. */
export type TabClaim = { release(): void } | { ended: RemoteProgress };

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
 * Makes uploads of one file in several tabs a single upload. The tab that holds the lock sends it; the others show its
 * progress and end when it ends. If that tab releases the lock before, a waiting tab takes over. An abort in a waiting tab
 * does not affect the other tabs.
 */
export class TabCoordinator {
  readonly #services: TabServices;
  readonly #tabId = hex(crypto.getRandomValues(new Uint8Array(8)));
  readonly #held = new Map<SharedUpload, HeldUpload>();
  readonly #awaited = new Map<SharedUpload, AwaitedUpload>();
  #channel: ReturnType<TabChannel['open']> | null = null;

  constructor(services: TabServices) {
    this.#services = services;
  }

  /** Acquires the lock of an upload; waits while another tab holds it, until that tab has released it or ended the upload. */
  async claim(upload: SharedUpload, signal: AbortSignal): Promise<TabClaim> {
    const { lock } = this.#services;
    const name = await this.#lockNameOf(upload);
    const release = await lock.tryAcquire(name);
    if (release) {
      // another tab may have stored parts that this tab does not know
      const isOfOpenPage = (): boolean =>
        this.#services.presence.recordsOfOpenPages.some((record) => lockNameFor(record) === name);
      if ((upload.wasShared || isOfOpenPage()) && !signal.aborted) await this.#takeOver(upload, name);
      return this.#hold(upload, name, release);
    }
    return upload.waitForTab(this.#waitForLock(upload, name, signal));
  }

  /**
   * Claims an upload of a small file: it begins at once, and acquires the lock only if it takes longer than a second. For
   * thousands of small files, locks would cost more than what they prevent: that two tabs send the same small file.
   * @param signal aborted when the claim is released
   * @param onElsewhere called if another tab holds the lock then
   */
  claimLater(upload: SharedUpload, signal: AbortSignal, onElsewhere: () => void): { release(): void } {
    const { clock, lock } = this.#services;
    const acquireLock = async (): Promise<void> => {
      const name = await this.#lockNameOf(upload);
      const unlock = await lock.tryAcquire(name);
      if (signal.aborted) unlock?.();
      else if (unlock) ({ release } = this.#hold(upload, name, unlock));
      else onElsewhere();
    };
    // the upload itself fails if its file cannot be read
    let release = clock.setTimer(() => void acquireLock().catch(() => {}), LOCK_DELAY_MS);
    return { release: () => release() };
  }

  /** Whether another tab holds the upload's lock. */
  async isHeldElsewhere(upload: SharedUpload): Promise<boolean> {
    if (this.#held.has(upload)) return false;
    const release = await this.#services.lock.tryAcquire(await this.#lockNameOf(upload));
    release?.();
    return !release;
  }

  /** Returns the records of uploads that no tab is sending. */
  async notSending(records: JournalRecord[]): Promise<JournalRecord[]> {
    const held = await this.#services.lock.held(records.map((record) => lockNameFor(record))).catch(() => new Set());
    return records.filter((record) => !held.has(lockNameFor(record)));
  }

  /** Reports progress to the tabs that wait for an upload: at once if urgent, else at most once per interval. */
  report(upload: SharedUpload, isUrgent = false): void {
    const held = this.#held.get(upload);
    if (!held?.watchers.size) return;
    const { clock } = this.#services;
    const dueInMs = held.reportedAt + REPORT_INTERVAL_MS - clock.monotonic();
    if (dueInMs > 0 && !isUrgent) {
      held.cancelReport ??= clock.setTimer(() => this.report(upload, true), dueInMs);
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
    const held: HeldUpload = {
      name,
      release,
      watchers: new Set(),
      reportedAt: -Infinity,
      cancelRelease: null,
      cancelReport: null,
    };
    this.#held.set(upload, held);
    this.#openChannel();
    return {
      release: () => {
        // in a microtask: an upload changes its status just after it has released its lock
        void Promise.resolve().then(() => this.#releaseWhenKnown(upload, held));
      },
    };
  }

  /** Releases the lock: at once, or for an ended upload after the waiting tabs have confirmed the end. */
  #releaseWhenKnown(upload: SharedUpload, held: HeldUpload): void {
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
    this.#closeIdleChannel();
  }

  // ---- Uploads of other tabs ----

  async #waitForLock(upload: SharedUpload, name: string, signal: AbortSignal): Promise<TabClaim> {
    let ended: RemoteProgress | null = null;
    try {
      const release = await withChildController(signal, (wait) => {
        this.#awaited.set(upload, {
          name,
          end: (progress) => {
            ended ??= progress;
            wait.abort(progress);
          },
        });
        this.#openChannel();
        this.#send({ type: 'watch', name, from: this.#tabId });
        return this.#services.lock.acquire(name, wait.signal);
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
      this.#closeIdleChannel();
    }
  }

  /** Continues after another tab, from its journal record or its last report. */
  async #takeOver(upload: SharedUpload, name: string): Promise<void> {
    const record = (await this.#services.journal.load()).find((one) => lockNameFor(one) === name);
    // a record without an upload ID is removed at the end: a later page load would send the file again
    const resumption = (record?.uploadId ? null : upload.reportedResumption) ?? record;
    upload.takeOver(resumption && this.#services.user.owns(resumption) ? resumption : null);
  }

  // ---- The channel ----

  #openChannel(): void {
    this.#channel ??= this.#services.channel.open((message) => this.#receive(message as Message));
  }

  /** Closes an unneeded channel: each message wakes every page, and an open channel keeps its page out of the back-forward cache. */
  #closeIdleChannel(): void {
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
      if (type === 'mine') this.#send({ type: 'watch', name, from: this.#tabId });
      if (type !== 'news') continue;
      const { resumption } = message.news;
      // a tab of a user who has signed out must not end an upload of the next user
      if (resumption && this.#services.user.isOther(resumption)) continue;
      if (message.news.status === 'complete' || message.news.status === 'aborted') {
        awaited.end(message.news);
        this.#send({ type: 'heard', name, from: this.#tabId });
      } else upload.showRemoteProgress(message.news);
    }
  }

  async #lockNameOf(upload: SharedUpload): Promise<string> {
    return lockNameFor({
      ...upload.facts,
      ...upload.owner,
      fingerprint: await identifyFile(upload, this.#services.smallFiles),
    });
  }
}
