import { isOver } from '../api/status.js';
import type { SmallFileCache } from '../files/small-file-cache.js';
import { loadDeferredCode } from '../network/load-deferred-code.js';
import type { Clock, JournalRecord } from '../ports.js';
import type { ModuleLoader } from '../util/module-loader.js';
import { identifyFile } from './identify-file.js';
import type { JournalWriter } from './journal-writer.js';
import { lockNameFor } from './shared-upload.js';
import type { SharedUpload, TabClaim } from './shared-upload.js';
import type { TabMessage } from './tab-messages.js';
import type { waitForLock, WaitServices } from './wait-for-lock.js';

/** Minimum time between two progress reports of one upload. */
const REPORT_INTERVAL_MS = 500;
/** Time after which an upload that began without its lock acquires it. */
const LOCK_DELAY_MS = 1_000;
/** Maximum time that a tab keeps the lock of an ended upload until all waiting tabs have confirmed the end. */
const RELEASE_DELAY_MS = 2_000;

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

/** The dependencies of the coordinator. */
export interface TabServices extends WaitServices {
  readonly clock: Clock;
  readonly journal: JournalWriter;
  readonly smallFiles: SmallFileCache;
  readonly deferredCode: ModuleLoader<{ readonly waitForLock: typeof waitForLock }>;
}

/**
 * Makes uploads of one file in several tabs a single upload. The tab that holds the lock sends it; the others show its
 * progress and end when it ends. If that tab releases the lock before, a waiting tab takes over. An abort in a waiting tab
 * does not affect the other tabs.
 */
export class TabCoordinator {
  readonly #services: TabServices;
  readonly #held = new Map<SharedUpload, HeldUpload>();

  constructor(services: TabServices) {
    this.#services = services;
  }

  /** Acquires the lock of an upload; waits while another tab holds it, until that tab has released it or ended the upload. */
  async claim(upload: SharedUpload, signal: AbortSignal): Promise<TabClaim> {
    const { lock, deferredCode } = this.#services;
    const name = await this.#lockNameOf(upload);
    const release = await lock.tryAcquire(name);
    if (release) return signal.aborted ? this.#hold(upload, name, release) : this.#takeOver(upload, name, release);
    const wait = async (): Promise<TabClaim> => {
      const code = await loadDeferredCode(deferredCode, upload, upload, signal);
      return code.waitForLock(this.#services, upload, name, signal, (unlock) => this.#takeOver(upload, name, unlock));
    };
    return upload.waitForTab(wait());
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
    this.#services.messages.sendProgress(held.name, upload.progressReport);
  }

  /** Releases every lock, because the page is being left. */
  releaseAll(): void {
    for (const upload of [...this.#held.keys()]) this.#release(upload);
  }

  /** Continues after another tab, if there is one, from its journal record or its last report. */
  async #takeOver(upload: SharedUpload, name: string, unlock: () => void): Promise<{ release(): void }> {
    const { journal, user } = this.#services;
    const rank = ({ id, uploadId }: JournalRecord): number =>
      2 * Number(uploadId !== null) + Number(id === upload.recordId);
    // another tab may have changed this tab's record too if both have sent the upload
    const isOfOther = ({ id }: JournalRecord): boolean => upload.wasShared || id !== upload.recordId;
    const records = (await journal.load()).filter(
      (one) => !one.aborting && lockNameFor(one) === name && isOfOther(one),
    );
    // the record of this upload, unless only another one has stored parts
    records.sort((one, other) => rank(other) - rank(one));
    const [record] = records;
    // a record without an upload ID is removed at the end: a later page load would send the file again
    const resumption = (record?.uploadId ? null : upload.reportedResumption) ?? record ?? null;
    const owned = resumption && user.owns(resumption) ? resumption : null;
    if (owned || upload.wasShared) await upload.takeOver(owned);
    return this.#hold(upload, name, unlock);
  }

  #hold(upload: SharedUpload, name: string, unlock: () => void): { release(): void } {
    const unsubscribe = this.#services.messages.subscribe(name, (message) => this.#receive(upload, message));
    const held: HeldUpload = {
      name,
      release: () => {
        unlock();
        unsubscribe();
      },
      watchers: new Set(),
      reportedAt: -Infinity,
      cancelRelease: null,
      cancelReport: null,
    };
    this.#held.set(upload, held);
    return {
      release: () => {
        // in a microtask: an upload changes its status just after it has released its lock
        void Promise.resolve().then(() => this.#releaseWhenKnown(upload, held));
      },
    };
  }

  #receive(upload: SharedUpload, message: TabMessage): void {
    const { watchers, cancelRelease } = this.#held.get(upload)!;
    if (message.type === 'watch') {
      watchers.add(message.from);
      this.report(upload, true);
    }
    if (message.type === 'heard' && watchers.delete(message.from) && cancelRelease && !watchers.size)
      this.#release(upload);
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
  }

  async #lockNameOf(upload: SharedUpload): Promise<string> {
    return lockNameFor({
      ...upload.facts,
      ...upload.owner,
      fingerprint: await identifyFile(upload, this.#services.smallFiles),
    });
  }
}
