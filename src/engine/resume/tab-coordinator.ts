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

/** Milliseconds between two words on how far an upload is. */
const REPORT_INTERVAL_MS = 500;
/** Milliseconds that an upload that is over is kept from tabs that have not said that they heard so. */
const LINGER_MS = 2_000;

/** What is said among tabs; every message names the upload, by the name of its lock. */
type Message = { name: string } /** I wait for it. */ & (
  | { type: 'watch'; from: string }
  /** I have it now: who waits for it? */
  | { type: 'mine' }
  /** So far is it. */
  | { type: 'news'; news: RemoteProgress }
  /** I know that it is over. */
  | { type: 'heard'; from: string }
);

/** An upload that this tab has. */
interface Held {
  name: string;
  watchers: Set<string>;
  reportedAt: number;
  /** Hands it on at once; kept while those who wait are told of the end. */
  release: () => void;
  cancelLinger: (() => void) | null;
  cancelReport: (() => void) | null;
}

/** An upload that another tab has. */
interface Awaited {
  name: string;
  end(news: RemoteProgress): void;
}

/** What a claim comes to: this tab has the upload until it lets go, or it has ended in another tab. */
export type Claim = { release(): void } | { ended: RemoteProgress };

/** Tells one upload from all others of this origin. */
interface UploadTraits {
  scope: string;
  recoveryKey?: string;
  fingerprint: string;
  name: string;
  relativePath: string;
}

/** An upload that several tabs may have. */
export interface SharedUpload extends UploadRecord {
  /** Progress for the tabs that wait for it. */
  readonly progressReport: RemoteProgress;
  /** What another tab reported that is needed to resume; null where it reported nothing. */
  readonly reportedResumption: Resumption | null;
  /** Shows the progress of the tab that sends it. */
  showRemoteProgress(progress: RemoteProgress): void;
  /** Continues after another tab. @param known where that tab stopped; null where nobody can tell */
  takeOver(known: Resumption | null): void;
  /** Shows that it waits for another tab. */
  waitForTab<T>(work: Promise<T>): Promise<T>;
}

/** What the coordinator works with. */
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
 * The same file to the same place is one upload, in however many tabs it was chosen. The tab that holds the lock sends;
 * the others show how far that is, and each takes over when it lets go without having ended. Completed there is
 * completed here, aborted there is aborted here; to abort where it is only waited for leaves the other tab alone.
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

  /** Waits until no other tab has this upload, and takes up what that got done; or until that has ended it. */
  async claim(upload: SharedUpload, signal: AbortSignal): Promise<Claim> {
    const { lock } = this.#services;
    const name = await this.#nameOf(upload);
    const release = await lock.tryAcquire(name);
    if (release) {
      // what was let go of once, or was paused elsewhere, may be further than we know
      const isKnown = (): boolean => this.#services.presence.elsewhere.some((known) => this.#join(known) === name);
      if ((upload.wasShared || isKnown()) && !signal.aborted) await this.#takeOver(upload, name);
      return this.#hold(upload, name, release);
    }
    return upload.waitForTab(this.#await(upload, name, signal));
  }

  /** Whether another tab has this upload now. */
  async isElsewhere(upload: SharedUpload): Promise<boolean> {
    const release = await this.#services.lock.tryAcquire(await this.#nameOf(upload));
    release?.();
    return !release;
  }

  /** Leaves out those that some tab is at work on. */
  async without(records: JournalRecord[]): Promise<JournalRecord[]> {
    const held = await this.#services.lock.held(records.map((record) => this.#join(record))).catch(() => new Set());
    return records.filter((record) => !held.has(this.#join(record)));
  }

  /** Tells the tabs that wait for it how far an upload is; often called, seldom said. */
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

  /** Leaves the other tabs to themselves: the page goes, perhaps for good. */
  leave(): void {
    for (const upload of [...this.#held.keys()]) this.#release(upload);
  }

  // ---- What this tab has ----

  #hold(upload: SharedUpload, name: string, release: () => void): Claim {
    const held: Held = {
      name,
      release,
      watchers: new Set(),
      reportedAt: -Infinity,
      cancelLinger: null,
      cancelReport: null,
    };
    this.#held.set(upload, held);
    this.#open();
    return {
      release: () => {
        // in a moment: what the upload has come to is written down just after it stopped
        void Promise.resolve().then(() => this.#end(upload, held));
      },
    };
  }

  /** Lets the next tab have it; one that has ended, only when those who wait know that there is nothing left to do. */
  #end(upload: SharedUpload, held: Held): void {
    if (this.#held.get(upload) !== held) return;
    const hasEnded = isOver(upload.status) && upload.status !== 'failed';
    if (!hasEnded || !held.watchers.size) {
      this.#release(upload);
      return;
    }
    this.report(upload, true);
    held.cancelLinger = this.#services.clock.setTimer(() => this.#release(upload), LINGER_MS);
  }

  #release(upload: SharedUpload): void {
    const held = this.#held.get(upload);
    if (!held) return;
    this.#held.delete(upload);
    held.cancelLinger?.();
    held.cancelReport?.();
    held.release();
    this.#close();
  }

  // ---- What another tab has ----

  async #await(upload: SharedUpload, name: string, signal: AbortSignal): Promise<Claim> {
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

  /** The other tab may have got somewhere before it went: the journal knows, or what it said itself. */
  async #takeOver(upload: SharedUpload, name: string): Promise<void> {
    const record = (await this.#services.journal.load()).find((known) => this.#join(known) === name);
    const known = record?.uploadId ? record : upload.reportedResumption;
    upload.takeOver(known && this.#services.user.owns(known) ? known : null);
  }

  // ---- The channel ----

  #open(): void {
    this.#channel ??= this.#services.channel.open((message) => this.#receive(message as Message));
  }

  /** An open channel costs: every page of the origin wakes up for each message, and no cache keeps such a page. */
  #close(): void {
    if (this.#held.size + this.#awaited.size) return;
    this.#channel?.leave();
    this.#channel = null;
  }

  #send(message: Message): void {
    this.#channel?.say(message);
  }

  #receive(message: Message): void {
    const { name, type } = message;
    for (const [upload, held] of this.#held) {
      if (held.name !== name) continue;
      if (type === 'watch') {
        held.watchers.add(message.from);
        this.report(upload, true);
      }
      if (type === 'heard' && held.watchers.delete(message.from) && held.cancelLinger && !held.watchers.size)
        this.#release(upload);
    }
    for (const [upload, awaited] of this.#awaited) {
      if (awaited.name !== name) continue;
      if (type === 'mine') this.#send({ type: 'watch', name, from: this.#id });
      if (type !== 'news') continue;
      const { resumption } = message.news;
      // a tab of a user who has signed out: it ends no upload of the next user
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

  /** Twins in two folders are two files, though their bytes are the same. */
  #join({ scope, recoveryKey = '', fingerprint, name, relativePath }: UploadTraits): string {
    return `${scope}:${recoveryKey && `${recoveryKey}:`}${fingerprint}:${relativePath || name}`;
  }
}
