/** Interfaces to the world: clock, network, storage, other tabs and the page come into the engine through these alone. */
import type { Action, AgreedChecksum, ChecksumAlgorithm, Protocol } from '../protocol.js';
import type { FileHandle, UploadSnapshot } from './api/types.js';

/** How an unfinished upload's file is found in the next visit: where it lies on the disk, or a copy. */
export type KeptFile = { handle: FileHandle } | { file: File };

export interface Clock {
  /** Wall clock, epoch milliseconds; may jump. */
  now(): number;
  /** Milliseconds that never run backwards; may stand still while the machine sleeps. */
  monotonic(): number;
  /** @returns a function that cancels the timer */
  setTimer(callback: () => void, delay: number): () => void;
  /** 0 up to, not including, 1. */
  random(): number;
}

export interface StoreRequest {
  method: string;
  url: string;
  headers?: Record<string, string> | undefined;
  body?: Blob | FormData | Uint8Array<ArrayBuffer> | string | undefined;
  signal: AbortSignal;
  /** Milliseconds without a byte either way before the request is dropped. */
  stallTimeout: number;
  /** The same, once the last byte went up, where nobody can tell whether the request is lost. */
  answerTimeout: number;
  /**
   * Asked after `stallTimeout` without a sign of life where that alone proves nothing: the last byte went up, or the
   * browser hides upload progress.
   * @param isOverdue whether a request of its size would have been answered by now
   * @param ended aborted when the request ends
   * @returns whether to drop it; else it is asked again later
   */
  isLost?: ((isOverdue: boolean, ended: AbortSignal) => Promise<boolean>) | undefined;
  /** Bytes that left, as the browser tells; may pass the size or run backwards. */
  onProgress?: ((loaded: number) => void) | undefined;
}

export interface StoreResponse {
  status: number;
  /** Null where the header is missing or the store's CORS rule does not expose it. */
  header(name: string): string | null;
  text: string;
  /** By ALPN, such as `h2`; missing where the browser does not tell. */
  protocol?: string | undefined;
}

/** Sends one request to the store. */
export interface Transport {
  /**
   * @throws TransportFault when no answer came
   * @throws the signal's reason when aborted
   */
  send(request: StoreRequest): Promise<StoreResponse>;
  /** Takes in that the machine slept: what is in flight has to show life soon, or is dropped. */
  onWakeFromSleep?(): void;
  /** Tells whether anything answers at that URL, whatever it says. */
  probe(url: string, signal: AbortSignal): Promise<boolean>;
}

/** One call to the signer, tried once. */
export interface SignerPort {
  /**
   * @throws SignerFault with what the signer answered
   * @throws the signal's reason when aborted
   */
  call<A extends Action>(action: A, body: Protocol[A]['request'], signal?: AbortSignal): Promise<Protocol[A]['answer']>;
}

/** What S3 cannot tell of an unfinished upload. */
export interface JournalRecord {
  version: 2;
  id: string;
  scope: string;
  /** `UploaderOptions.recoveryKey` of the control that began it; missing in records of 0.1 and before. */
  recoveryKey?: string;
  /** User that the signer named; null: it said that nobody is signed in; undefined: it said nothing. */
  principal?: string | null | undefined;
  /** The page that has the upload's file in hand; while that page lives, no other goes on with the upload. */
  visit: string | null;
  fingerprint: string;
  name: string;
  size: number;
  type: string;
  lastModified: number;
  relativePath: string;
  key: string | null;
  uploadId: string | null;
  partSize: number;
  grant: string | null;
  /** Wish for the object's key, for the init that is still to come. */
  objectKey: string;
  /** Whether the signer's tracker wants notices of this upload. */
  tracked: boolean;
  /** Whether the signer gives this key to no other upload. */
  ownKey?: boolean;
  /** What the parts' checksums are, and what the whole object's is made of. */
  checksum?: AgreedChecksum | null;
  /** The optional actions that the signer offered. */
  actions: Action[];
  /** Aborted here, perhaps not yet on the store. */
  aborting: boolean;
  /** Epoch milliseconds. */
  createdAt: number;
}

/** Where unfinished uploads are kept between visits. */
export interface Journal {
  /** @returns records of this scope, oldest first; those too old or not understood go */
  load(scope: string): Promise<JournalRecord[]>;
  save(record: JournalRecord): Promise<void>;
  remove(id: string): Promise<void>;
  /** Removes every record of the scope. */
  wipe(scope: string): Promise<void>;
}

/** Where files of unfinished uploads are kept between visits. */
export interface FileStore {
  /** @returns false where the browser, its quota or our own bounds say no */
  save(id: string, scope: string, kept: KeptFile): Promise<boolean>;
  find(id: string): Promise<KeptFile | null>;
  remove(id: string): Promise<void>;
  /** Removes every file of the scope. */
  wipe(scope: string): Promise<void>;
}

/** Keeps short notes between visits; what it keeps are hints. */
export interface KeyValueStore {
  read(name: string): string | null;
  /** @param text null: takes the note out */
  write(name: string, text: string | null): void;
}

/** One tab for each upload. */
export interface TabLock {
  /** @returns a function that lets go, or null while another tab holds the name */
  tryAcquire(name: string): Promise<(() => void) | null>;
  /** Waits until no other tab holds the name; rejects with the signal's reason when aborted. */
  acquire(name: string, signal: AbortSignal): Promise<() => void>;
  /** The names among these that some tab, this one included, holds. */
  held(names: readonly string[]): Promise<ReadonlySet<string>>;
}

/** What it takes to go on with an upload where it stopped. */
export type Resumption = Pick<
  JournalRecord,
  | 'id'
  | 'key'
  | 'uploadId'
  | 'partSize'
  | 'grant'
  | 'tracked'
  | 'principal'
  | 'ownKey'
  | 'checksum'
  | 'actions'
  | 'size'
>;

/** What the tab that has an upload tells of it to those that wait for it. */
export interface RemoteProgress extends Pick<
  UploadSnapshot,
  | 'status'
  | 'loaded'
  | 'speed'
  | 'eta'
  | 'parts'
  | 'key'
  | 'uploadId'
  | 'etag'
  | 'location'
  | 'checksum'
  | 'integrity'
  | 'receipt'
> {
  /** Null where nothing was begun that can be gone on with. */
  readonly resumption: Resumption | null;
}

/** What all tabs of this origin hear. */
export interface TabChannel {
  /** Joins in; what is said by others comes to `onMessage`. */
  open(onMessage: (message: unknown) => void): { say(message: unknown): void; leave(): void };
}

/** What the page around tells. */
export interface PageHandlers {
  online(): void;
  offline(): void;
  /** The page was hidden, and is looked at again. */
  wake(): void;
  /** The machine slept: what was in flight is most likely dead. */
  slept(): void;
  /** The page goes, for good or into the back-forward cache, or is frozen: it may never run again. */
  hide(): void;
  /** The page is back from there; also told when it never went. */
  show(): void;
  leave(event: BeforeUnloadEvent): void;
}

/** The machine and the page around the engine. */
export interface PageEnvironment {
  readonly online: boolean;
  /**
   * @param asksToLeave whether `leave` is wanted: who listens for `beforeunload` may be kept out of the back-forward cache
   * @returns what ends it
   */
  listen(handlers: PageHandlers, asksToLeave: boolean): () => void;
}

/** Computes digests, off the main thread where the browser allows it. */
export interface Hasher {
  /** Times the computation: always the machine's own clock. */
  readonly clock: Clock;
  /**
   * @returns base64
   * @throws DOMException where the bytes cannot be read
   */
  digest(algorithm: ChecksumAlgorithm | 'md5', bytes: Blob, signal: AbortSignal): Promise<string>;
  /** Returns the checksum of the object that consists of such parts, as S3 reports it. */
  whole(
    algorithm: ChecksumAlgorithm,
    parts: readonly { readonly value: string; readonly size: number }[],
    signal: AbortSignal,
  ): Promise<string>;
  /** Ends the worker until the next call. */
  release(): void;
}

/** Keeps the screen on. */
export interface WakeLock {
  set(isWanted: boolean): void;
}

export interface Ports {
  signer: SignerPort;
  transport: Transport;
  journal: Journal;
  fileStore: FileStore;
  /** Loads what computes checksums, when it is first needed. */
  loadHasher: () => Promise<Hasher>;
  clock: Clock;
  keyValueStore: KeyValueStore;
  tabLock: TabLock;
  tabChannel: TabChannel;
  page: PageEnvironment;
  wakeLock: WakeLock;
}
