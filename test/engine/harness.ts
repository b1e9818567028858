import { MIB } from '../../src/limits.js';
import { Uploader } from '../../src/engine/index.js';
import { webLocks } from '../../src/engine/browser/cross-tab.js';
import type { UploadSnapshot, UploaderEventMap, UploaderOptions } from '../../src/engine/api/types.js';
import type {
  PageEnvironment,
  PageHandlers,
  Journal,
  JournalRecord,
  KeptFile,
  Ports,
  FileStore,
  Hasher,
} from '../../src/engine/ports.js';
import { IndexedDbJournal } from '../../src/engine/browser/indexed-db-journal.js';
import { systemClock } from '../../src/engine/browser/system-clock.js';
import { ModuleLoader } from '../../src/engine/util/module-loader.js';
import * as deferredCode from '../../src/engine/deferred-code.js';
import { FakeSigner } from './fake-signer.js';
import { FakeStore } from './fake-store.js';
import { FakeClock } from './fake-clock.js';

/** A journal in memory that counts its writes. */
export class MemoryJournal implements Journal {
  readonly records = new Map<string, JournalRecord>();
  saves = 0;
  removals = 0;

  async load(scope: string): Promise<JournalRecord[]> {
    return [...this.records.values()].filter((record) => record.scope === scope);
  }

  async save(record: JournalRecord): Promise<void> {
    this.saves++;
    this.records.set(record.id, structuredClone(record));
  }

  async remove(id: string): Promise<void> {
    this.removals++;
    this.records.delete(id);
  }

  async wipe(scope: string): Promise<void> {
    for (const { id } of await this.load(scope)) this.records.delete(id);
  }
}

/** A file store in memory. */
export class MemoryFileStore implements FileStore {
  readonly kept = new Map<string, { scope: string; kept: KeptFile }>();

  async save(id: string, scope: string, kept: KeptFile): Promise<boolean> {
    this.kept.set(id, { scope, kept });
    return true;
  }

  async find(id: string): Promise<KeptFile | null> {
    return this.kept.get(id)?.kept ?? null;
  }

  async remove(id: string): Promise<void> {
    this.kept.delete(id);
  }

  async wipe(scope: string): Promise<void> {
    for (const [id, entry] of this.kept) if (entry.scope === scope) this.kept.delete(id);
  }
}

/** A page whose connectivity, sleep and unloading are controlled by a test. */
export class FakeEnvironment implements PageEnvironment {
  online = true;
  handlers: PageHandlers | null = null;

  listen(handlers: PageHandlers, asksToLeave: boolean): () => void {
    this.handlers = { ...handlers, leave: (event) => asksToLeave && handlers.leave(event) };
    return () => {
      this.handlers = null;
    };
  }
}

export type FiredEvent = {
  [K in keyof UploaderEventMap]: { type: K; detail: UploaderEventMap[K]['detail'] };
}[keyof UploaderEventMap];

const EVENTS: readonly (keyof UploaderEventMap)[] = [
  'mule-add',
  'mule-start',
  'mule-pause',
  'mule-resume',
  'mule-abort',
  'mule-status',
  'mule-reject',
  'mule-recover',
  'mule-progress',
  'mule-part',
  'mule-retry',
  'mule-network',
  'mule-complete',
  'mule-error',
  'mule-owner-change',
  'mule-finish',
];

let scopes = 0;

/** Enough requests in flight for all parts of the files that are interrupted. */
const ENOUGH_CONCURRENCY = 6;
/** Limit in real milliseconds for one wait; shorter than the runner's own limit for a test. */
const WAIT_TIMEOUT_MS = 100_000;

/** An uploader with a fake store, signer and clock, which a test controls. */
export class Harness {
  readonly clock: FakeClock;
  readonly store: FakeStore;
  readonly signer: FakeSigner;
  readonly journal: Journal;
  readonly fileStore: FileStore;
  readonly environment = new FakeEnvironment();
  readonly uploader: Uploader;
  readonly fired: FiredEvent[] = [];
  readonly #scope: string;
  readonly #ports: Partial<Ports>;
  /** Number of pending operations that take real time; the fake clock does not advance meanwhile. */
  #realWork = 0;

  /** @param before the harness of an earlier page load, whose store, signer, clock and journal stay */
  constructor(options: UploaderOptions = {}, ports: Partial<Ports> = {}, before?: Harness) {
    this.clock = before?.clock ?? (ports.clock as FakeClock | undefined) ?? new FakeClock();
    this.store = before?.store ?? new FakeStore(this.clock);
    this.signer = before?.signer ?? new FakeSigner(this.clock);
    this.journal = ports.journal ?? before?.journal ?? new MemoryJournal();
    this.fileStore = ports.fileStore ?? before?.fileStore ?? new MemoryFileStore();
    this.#scope = before ? before.#scope : `harness ${++scopes} of ${Math.random()}`;
    this.#ports = ports;
    // loaded without taking real time, so that the fake clock alone decides when things happen
    const loader = new ModuleLoader(() => Promise.resolve(deferredCode), this.clock);
    this.uploader = new Uploader(
      { scope: this.#scope, ...options },
      {
        ...{ deferredCode: loader },
        clock: this.clock,
        transport: this.store,
        signer: this.signer,
        tabLock: webLocks,
        page: this.environment,
        loadHasher: () => this.#loadHasher(),
        ...ports,
        journal: this.#timed(this.journal),
        fileStore: this.fileStore,
      },
    );
    for (const type of EVENTS) {
      this.uploader.addEventListener(type, ({ detail }) => this.fired.push({ type, detail } as FiredEvent));
    }
  }

  /** Keeps the fake clock from advancing while work that takes real time is pending. */
  async #during<T>(work: Promise<T>): Promise<T> {
    this.#realWork++;
    try {
      return await work;
    } finally {
      this.#realWork--;
    }
  }

  async #loadHasher(): Promise<Hasher> {
    const { createHasher } = await this.#during(import('../../src/engine/integrity/upload-checksums.js'));
    return createHasher(systemClock);
  }

  /** A journal in IndexedDB takes real time. */
  #timed(journal: Journal): Journal {
    if (!(journal instanceof IndexedDbJournal)) return journal;
    return {
      load: (scope) => this.#during(journal.load(scope)),
      save: (record) => this.#during(journal.save(record)),
      remove: (id) => this.#during(journal.remove(id)),
      wipe: (scope) => this.#during(journal.wipe(scope)),
    };
  }

  /** Loads the same page again: everything in memory is lost. */
  reload(options: UploaderOptions = {}): Harness {
    this.uploader.dispose();
    return new Harness(options, this.#ports, this);
  }

  /** Another tab with the same page. */
  otherTab(options: UploaderOptions = {}): Harness {
    return new Harness(options, this.#ports, this);
  }

  /** Returns the details of all events of a type, in order. */
  all<K extends keyof UploaderEventMap>(type: K): UploaderEventMap[K]['detail'][] {
    return this.fired.filter((types) => types.type === type).map(({ detail }) => detail);
  }

  /** Returns the upload of that file. */
  of(name: string): UploadSnapshot {
    const upload = this.uploader.uploads.find((one) => one.name === name);
    if (!upload) throw new Error(`${name} is not in the list`);
    return upload;
  }

  /** Returns every status of that file's upload, in order. */
  statuses(name: string): string[] {
    return this.all('mule-status')
      .filter(({ upload }) => upload.name === name)
      .map(({ upload }) => upload.status);
  }

  /** Adds files and waits until all uploads have ended. */
  async upload(...files: File[]): Promise<void> {
    await this.uploader.add(files);
    await this.finished();
  }

  /** Adds a file, and pauses it when its first parts are stored. @param parts how many */
  async interrupt(file: File, parts: number): Promise<void> {
    const { concurrency } = this.uploader.options;
    // parts are sent in the order in which their checksums are ready: held ones must not block the first ones
    this.uploader.configure({ concurrency: ENOUGH_CONCURRENCY });
    for (let part = 1; part <= parts; part++) this.store.next(`part ${part}`, (_request, proceed) => proceed());
    const release = this.store.hold('part');
    await this.uploader.add([file]);
    await this.until(() => this.of(file.name).parts.done === parts && this.store.count('part') > parts);
    this.uploader.pause();
    release();
    await this.settle();
    this.uploader.configure({ concurrency });
  }

  /** Waits until all uploads have ended. */
  async finished(): Promise<void> {
    let isOver = false;
    void this.uploader.finished().then(() => (isOver = true));
    await this.until(() => isOver, 'the end of all uploads');
  }

  /**
   * Advances the clock until a condition holds, but only while nothing that takes real time (hashing, reading) is
   * pending.
   */
  async until(isSo: () => boolean, what = String(isSo)): Promise<void> {
    const giveUpAt = performance.now() + WAIT_TIMEOUT_MS;
    for (let looks = 1; !isSo(); looks++) {
      if (performance.now() > giveUpAt) throw new Error(`timed out waiting for ${what}\n${this.#state}`);
      await new Promise((resolve) => setTimeout(resolve, 1));
      // if time passed while the store computes, the store would seem to hang
      const isIdle = looks % 4 === 0 && !this.store.isComputing && !this.#realWork;
      if (isIdle && !isSo()) await this.clock.advance(this.clock.nextDelay ?? 0);
    }
  }

  /** Describes the state, for the message of a wait that times out. */
  get #state(): string {
    const uploads = this.uploader.uploads.map(({ name, status, waitingFor, parts }) =>
      [name, status, waitingFor, JSON.stringify(parts)].join(' '),
    );
    const seen = this.store.seen
      .slice(-20)
      .map(({ operation, partNumber }) => `${operation} ${partNumber || ''}`.trim());
    const types = this.fired.slice(-12).map(({ type }) => type);
    return [`at ${this.clock.monotonic()} ms`, ...uploads, seen.join(', '), types.join(', ')].join('\n');
  }

  /** Waits for pending real work while the fake clock does not advance. */
  async settle(): Promise<void> {
    for (let turns = 0; turns < 30; turns++) await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

/** Random bytes, each MiB marked with its number so that no two are alike. */
export function fileOf(size: number, name = 'a.bin', lastModified = 1_000): File {
  // no larger than needed: Blobs that are not yet garbage collected fill the space that Chromium has for all of them
  const block = new Uint8Array(Math.min(Math.max(size, 4), MIB));
  for (let at = 0; at < block.length; at += 65_536) crypto.getRandomValues(block.subarray(at, at + 65_536));
  const rest = new Blob([block]).slice(4);
  const pieces = Array.from({ length: Math.ceil(size / MIB) }, (_, index) => new Blob([Uint32Array.of(index), rest]));
  return new File([new Blob(pieces).slice(0, size)], name, { lastModified });
}

/** SHA-256 in hexadecimal. */
export async function hashOf(blob: Blob | undefined): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', await blob!.arrayBuffer());
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
