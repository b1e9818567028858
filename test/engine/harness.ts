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
  readonly kept = new Map<string, { scope: string; keptFile: KeptFile }>();

  async save(id: string, scope: string, keptFile: KeptFile): Promise<boolean> {
    this.kept.set(id, { scope, keptFile });
    return true;
  }

  async find(id: string): Promise<KeptFile | null> {
    return this.kept.get(id)?.keptFile ?? null;
  }

  async remove(id: string): Promise<void> {
    this.kept.delete(id);
  }

  async wipe(scope: string): Promise<void> {
    for (const [id, entry] of this.kept) if (entry.scope === scope) this.kept.delete(id);
  }
}

/** A page whose connectivity, sleep and unloading a test controls. */
export class FakeEnvironment implements PageEnvironment {
  online = true;
  handlers: PageHandlers | null = null;

  listen(handlers: PageHandlers, warnsBeforeLeaving: boolean): () => void {
    this.handlers = { ...handlers, leave: (event) => warnsBeforeLeaving && handlers.leave(event) };
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

let scopeCount = 0;

/** More than the parts of a file that `interrupt` holds, so that held parts never take all slots. */
const INTERRUPT_CONCURRENCY = 6;
/** Limit in real milliseconds for one wait; shorter than the time that the test runner allows a test. */
const WAIT_TIMEOUT_MS = 100_000;
/** Limit in real milliseconds for a wait in which the fake clock stands still. */
const STILL_TIMEOUT_MS = 30_000;

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
  /** Number of pending operations that take real time; the fake clock stands still while there is one. */
  #pendingRealWork = 0;

  /** @param earlier the harness of an earlier page load; its store, signer, clock, journal and files are used again */
  constructor(options: UploaderOptions = {}, ports: Partial<Ports> = {}, earlier?: Harness) {
    this.clock = earlier?.clock ?? (ports.clock as FakeClock | undefined) ?? new FakeClock();
    this.store = earlier?.store ?? new FakeStore(this.clock);
    this.signer = earlier?.signer ?? new FakeSigner(this.clock);
    this.journal = ports.journal ?? earlier?.journal ?? new MemoryJournal();
    this.fileStore = ports.fileStore ?? earlier?.fileStore ?? new MemoryFileStore();
    this.#scope = earlier ? earlier.#scope : `harness ${++scopeCount} of ${Math.random()}`;
    this.#ports = ports;
    // resolves without real time, so that only the fake clock decides when the code is there
    const loader = new ModuleLoader(() => Promise.resolve(deferredCode), this.clock);
    this.uploader = new Uploader(
      { scope: this.#scope, ...options },
      {
        // a port of the tests only, which `Ports` does not name
        ...{ deferredCode: loader },
        clock: this.clock,
        transport: this.store,
        signer: this.signer,
        tabLock: webLocks,
        page: this.environment,
        loadHasher: () => this.#loadHasher(),
        ...ports,
        journal: this.#countJournalCalls(this.journal),
        fileStore: this.fileStore,
      },
    );
    for (const type of EVENTS) {
      this.uploader.addEventListener(type, ({ detail }) => this.fired.push({ type, detail } as FiredEvent));
    }
  }

  /** Counts work that takes real time, so that the fake clock stands still until it ends. */
  async #trackRealWork<T>(work: Promise<T>): Promise<T> {
    this.#pendingRealWork++;
    try {
      return await work;
    } finally {
      this.#pendingRealWork--;
    }
  }

  async #loadHasher(): Promise<Hasher> {
    const { createHasher } = await this.#trackRealWork(import('../../src/engine/integrity/upload-checksums.js'));
    return createHasher(systemClock);
  }

  /** Returns the journal; calls to one in IndexedDB are counted as real work. */
  #countJournalCalls(journal: Journal): Journal {
    if (!(journal instanceof IndexedDbJournal)) return journal;
    return {
      load: (scope) => this.#trackRealWork(journal.load(scope)),
      save: (record) => this.#trackRealWork(journal.save(record)),
      remove: (id) => this.#trackRealWork(journal.remove(id)),
      wipe: (scope) => this.#trackRealWork(journal.wipe(scope)),
    };
  }

  /** Loads the same page again: everything in memory is lost. */
  reload(options: UploaderOptions = {}): Harness {
    this.uploader.dispose();
    return new Harness(options, this.#ports, this);
  }

  /** Opens the same page in another tab. */
  otherTab(options: UploaderOptions = {}): Harness {
    return new Harness(options, this.#ports, this);
  }

  /** Returns the details of all events of a type, in order. */
  detailsOf<K extends keyof UploaderEventMap>(type: K): UploaderEventMap[K]['detail'][] {
    return this.fired.filter((event) => event.type === type).map(({ detail }) => detail);
  }

  /** Returns the upload of the file with this name. */
  uploadOf(name: string): UploadSnapshot {
    const upload = this.uploader.uploads.find((listed) => listed.name === name);
    if (!upload) throw new Error(`${name} is not in the list`);
    return upload;
  }

  /** Returns every status of that file's upload, in order. */
  statuses(name: string): string[] {
    return this.detailsOf('mule-status')
      .filter(({ upload }) => upload.name === name)
      .map(({ upload }) => upload.status);
  }

  /** Adds files and waits until all uploads have ended. */
  async upload(...files: File[]): Promise<void> {
    await this.uploader.add(files);
    await this.finished();
  }

  /** Adds a file, and pauses its upload when its first parts are stored. @param storedCount number of these parts */
  async interrupt(file: File, storedCount: number): Promise<void> {
    const { concurrency } = this.uploader.options;
    // a part is sent when its checksum is ready: a later part that is held must not block the first parts
    this.uploader.configure({ concurrency: INTERRUPT_CONCURRENCY });
    for (let part = 1; part <= storedCount; part++) this.store.next(`part ${part}`, (_request, proceed) => proceed());
    const release = this.store.hold('part');
    await this.uploader.add([file]);
    await this.until(
      () => this.uploadOf(file.name).parts.done === storedCount && this.store.count('part') > storedCount,
    );
    this.uploader.pause();
    release();
    await this.settle();
    this.uploader.configure({ concurrency });
  }

  /** Waits until all uploads have ended. */
  async finished(): Promise<void> {
    let haveEnded = false;
    void this.uploader.finished().then(() => (haveEnded = true));
    await this.until(() => haveEnded, 'the end of all uploads');
  }

  /**
   * Waits until a condition holds. Advances the fake clock to its next timer whenever no work that takes real time
   * (hashing, reading) is pending.
   */
  async until(isMet: () => boolean, description = String(isMet)): Promise<void> {
    const deadline = performance.now() + WAIT_TIMEOUT_MS;
    for (let checks = 1; !isMet(); checks++) {
      if (performance.now() > deadline) throw new Error(`timed out waiting for ${description}\n${this.#state}`);
      await new Promise((resolve) => setTimeout(resolve, 1));
      // if fake time passed while the store computes a hash, the engine would report a stall
      const isIdle = checks % 4 === 0 && !this.store.isComputing && !this.#pendingRealWork;
      if (isIdle && !isMet()) await this.clock.advance(this.clock.nextDelay ?? 0);
    }
  }

  /** Waits in real time until a condition holds, while the fake clock stands still: no timer fires. */
  async untilStill(isMet: () => boolean, description = String(isMet)): Promise<void> {
    const deadline = performance.now() + STILL_TIMEOUT_MS;
    while (!isMet()) {
      if (performance.now() > deadline)
        throw new Error(`the clock stands still, and timed out waiting for ${description}\n${this.#state}`);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }

  /** Describes the state, for the message of a wait that times out. */
  get #state(): string {
    const uploads = this.uploader.uploads.map(({ name, status, waitingFor, parts }) =>
      [name, status, waitingFor, JSON.stringify(parts)].join(' '),
    );
    const lastRequests = this.store.requests
      .slice(-20)
      .map(({ operation, partNumber }) => `${operation} ${partNumber || ''}`.trim());
    const types = this.fired.slice(-12).map(({ type }) => type);
    return [`at ${this.clock.monotonic()} ms`, ...uploads, lastRequests.join(', '), types.join(', ')].join('\n');
  }

  /** Waits 30 ms or more of real time, so that pending work can continue; the fake clock stands still. */
  async settle(): Promise<void> {
    for (let turns = 0; turns < 30; turns++) await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

/** Creates a file of random bytes. Each MiB starts with its number, so that no two are equal. */
export function fileOf(size: number, name = 'a.bin', lastModified = 1_000): File {
  // no larger than needed: Blobs that are not yet garbage collected fill the space that Chromium has for all of them
  const block = new Uint8Array(Math.min(Math.max(size, 4), MIB));
  for (let start = 0; start < block.length; start += 65_536)
    crypto.getRandomValues(block.subarray(start, start + 65_536));
  const blockAfterNumber = new Blob([block]).slice(4);
  const mebibytes = Array.from(
    { length: Math.ceil(size / MIB) },
    (_, index) => new Blob([Uint32Array.of(index), blockAfterNumber]),
  );
  return new File([new Blob(mebibytes).slice(0, size)], name, { lastModified });
}

/** Returns the SHA-256 of a Blob in hexadecimal. */
export async function hashOf(blob: Blob | undefined): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', await blob!.arrayBuffer());
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
