import { withChildController } from '../util/abort.js';
import { hex } from '../util/bytes.js';
import { isOver } from '../api/status.js';
import type { Clock, JournalRecord, Resumption, TabChannel, TabLock, RemoteProgress } from '../ports.js';
import type { Upload } from '../uploads/upload.js';

/** Milliseconds between two words on how far an upload is. */
const SAY_EVERY = 500;
/** Milliseconds that an upload that is over is kept from tabs that have not said that they heard so. */
const LINGER = 2_000;

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
  saidAt: number;
  /** Hands it on at once; kept while those who wait are told of the end. */
  release: () => void;
  cancelLinger: (() => void) | null;
  cancelSaying: (() => void) | null;
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

/** What the tabs' room needs of its uploader. */
export interface TabsHost {
  readonly lock: TabLock;
  readonly channel: TabChannel;
  readonly clock: Clock;
  /** Gives what the upload's file is recognised by. */
  recognise(upload: Upload): Promise<string>;
  load(): Promise<JournalRecord[]>;
  /** What pages that live had paused, or in their queue, when this one looked. */
  elsewhere(): readonly JournalRecord[];
  /** Whether whoever is here may go on with it. */
  isOurs(record: Resumption): boolean;
  /** Whether it is known to belong to another user than the one who is here. */
  isOfOther(record: Resumption): boolean;
}

/**
 * The same file to the same place is one upload, in however many tabs it was chosen. The tab that holds the lock sends;
 * the others show how far that is, and each takes over when it lets go without having ended. Completed there is
 * completed here, aborted there is aborted here; to abort where it is only waited for leaves the other tab alone.
 */
export class TabCoordinator {
  readonly #host: TabsHost;
  readonly #id = hex(crypto.getRandomValues(new Uint8Array(8)));
  readonly #held = new Map<Upload, Held>();
  readonly #awaited = new Map<Upload, Awaited>();
  #channel: ReturnType<TabChannel['open']> | null = null;

  constructor(host: TabsHost) {
    this.#host = host;
  }

  /** Waits until no other tab has this upload, and takes up what that got done; or until that has ended it. */
  async claim(upload: Upload, signal: AbortSignal): Promise<Claim> {
    const { lock } = this.#host;
    const name = await this.#nameOf(upload);
    const release = await lock.tryAcquire(name);
    if (release) {
      // what was let go of once, or was paused elsewhere, may be further than we know
      const isKnown = (): boolean => this.#host.elsewhere().some((known) => this.#join(known) === name);
      if ((upload.wasShared || isKnown()) && !signal.aborted) await this.#takeUp(upload, name);
      return this.#hold(upload, name, release);
    }
    return upload.waitFor('tab', this.#await(upload, name, signal));
  }

  /** Whether another tab has this upload now. */
  async isElsewhere(upload: Upload): Promise<boolean> {
    const release = await this.#host.lock.tryAcquire(await this.#nameOf(upload));
    release?.();
    return !release;
  }

  /** Leaves out those that some tab is at work on. */
  async without(records: JournalRecord[]): Promise<JournalRecord[]> {
    const held = await this.#host.lock.held(records.map((record) => this.#join(record))).catch(() => new Set());
    return records.filter((record) => !held.has(this.#join(record)));
  }

  /** Tells the tabs that wait for it how far an upload is; often called, seldom said. */
  report(upload: Upload, isUrgent = false): void {
    const held = this.#held.get(upload);
    if (!held?.watchers.size) return;
    const { clock } = this.#host;
    const due = held.saidAt + SAY_EVERY - clock.monotonic();
    if (due > 0 && !isUrgent) {
      held.cancelSaying ??= clock.setTimer(() => this.report(upload, true), due);
      return;
    }
    held.cancelSaying?.();
    held.cancelSaying = null;
    held.saidAt = clock.monotonic();
    this.#say({ type: 'news', name: held.name, news: upload.progressReport });
  }

  /** Leaves the other tabs to themselves: the page goes, perhaps for good. */
  leave(): void {
    for (const upload of [...this.#held.keys()]) this.#handOn(upload);
  }

  // ---- What this tab has ----

  #hold(upload: Upload, name: string, release: () => void): Claim {
    const held: Held = {
      name,
      release,
      watchers: new Set(),
      saidAt: -Infinity,
      cancelLinger: null,
      cancelSaying: null,
    };
    this.#held.set(upload, held);
    this.#open();
    return {
      release: () => {
        // in a moment: what the upload has come to is written down just after it stopped
        void Promise.resolve().then(() => this.#letGo(upload, held));
      },
    };
  }

  /** Lets the next tab have it; one that has ended, only when those who wait know that there is nothing left to do. */
  #letGo(upload: Upload, held: Held): void {
    if (this.#held.get(upload) !== held) return;
    const hasEnded = isOver(upload.status) && upload.status !== 'failed';
    if (!hasEnded || !held.watchers.size) {
      this.#handOn(upload);
      return;
    }
    this.report(upload, true);
    held.cancelLinger = this.#host.clock.setTimer(() => this.#handOn(upload), LINGER);
  }

  #handOn(upload: Upload): void {
    const held = this.#held.get(upload);
    if (!held) return;
    this.#held.delete(upload);
    held.cancelLinger?.();
    held.cancelSaying?.();
    held.release();
    this.#close();
  }

  // ---- What another tab has ----

  async #await(upload: Upload, name: string, signal: AbortSignal): Promise<Claim> {
    let news: RemoteProgress | null = null;
    try {
      const release = await withChildController(signal, (own) => {
        this.#awaited.set(upload, {
          name,
          end: (heard) => {
            news ??= heard;
            own.abort(heard);
          },
        });
        this.#open();
        this.#say({ type: 'watch', name, from: this.#id });
        return this.#host.lock.acquire(name, own.signal);
      });
      this.#say({ type: 'mine', name });
      try {
        await this.#takeUp(upload, name);
      } catch (error) {
        release();
        throw error;
      }
      return this.#hold(upload, name, release);
    } catch (error) {
      if (news && !signal.aborted) return { ended: news };
      throw error;
    } finally {
      this.#awaited.delete(upload);
      this.#close();
    }
  }

  /** The other tab may have got somewhere before it went: the journal knows, or what it said itself. */
  async #takeUp(upload: Upload, name: string): Promise<void> {
    const record = (await this.#host.load()).find((known) => this.#join(known) === name);
    const known = record?.uploadId ? record : upload.resumption;
    upload.takeOver(known && this.#host.isOurs(known) ? known : null);
  }

  // ---- The channel ----

  #open(): void {
    this.#channel ??= this.#host.channel.open((message) => this.#hear(message as Message));
  }

  /** An open channel costs: every page of the origin wakes up for each message, and no cache keeps such a page. */
  #close(): void {
    if (this.#held.size + this.#awaited.size) return;
    this.#channel?.leave();
    this.#channel = null;
  }

  #say(message: Message): void {
    this.#channel?.say(message);
  }

  #hear(message: Message): void {
    const { name, type } = message;
    for (const [upload, held] of this.#held) {
      if (held.name !== name) continue;
      if (type === 'watch') {
        held.watchers.add(message.from);
        this.report(upload, true);
      }
      if (type === 'heard' && held.watchers.delete(message.from) && held.cancelLinger && !held.watchers.size)
        this.#handOn(upload);
    }
    for (const [upload, awaited] of this.#awaited) {
      if (awaited.name !== name) continue;
      if (type === 'mine') this.#say({ type: 'watch', name, from: this.#id });
      if (type !== 'news') continue;
      const { resumption } = message.news;
      // a tab of a user who has signed out: it ends no upload of the next user
      if (resumption && this.#host.isOfOther(resumption)) continue;
      if (message.news.status === 'complete' || message.news.status === 'aborted') {
        awaited.end(message.news);
        this.#say({ type: 'heard', name, from: this.#id });
      } else upload.showRemoteProgress(message.news);
    }
  }

  // ---- Names ----

  async #nameOf(upload: Upload): Promise<string> {
    return this.#join({ ...upload.facts, ...upload.owner, fingerprint: await this.#host.recognise(upload) });
  }

  /** Twins in two folders are two files, though their bytes are the same. */
  #join({ scope, recoveryKey = '', fingerprint, name, relativePath }: UploadTraits): string {
    return `${scope}:${recoveryKey && `${recoveryKey}:`}${fingerprint}:${relativePath || name}`;
  }
}
