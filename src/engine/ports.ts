/** Interfaces to the outside: the engine reaches clock, network, storage, other tabs and the page only through these. */
import type { Action, AgreedChecksum, ChecksumAlgorithm, Protocol } from '../protocol.js';
import type { FileHandle, UploaderEventMap, UploadSnapshot } from './api/types.js';

/** The stored file of an unfinished upload, for the next page load: its handle, or a copy. */
export type KeptFile = { handle: FileHandle } | { file: File };

export interface Clock {
  /** Wall clock, epoch milliseconds; may jump. */
  now(): number;
  /** Milliseconds that never decrease; may stop while the device sleeps. */
  monotonic(): number;
  /** @returns a function that cancels the timer */
  setTimer(callback: () => void, delayMs: number): () => void;
  /** Returns a random number from 0, inclusive, to 1, exclusive. */
  random(): number;
}

export interface StoreRequest {
  method: string;
  url: string;
  headers?: Record<string, string> | undefined;
  body?: Blob | FormData | Uint8Array<ArrayBuffer> | string | undefined;
  signal: AbortSignal;
  /** Milliseconds without a byte in either direction after which the request is dropped. */
  stallTimeout: number;
  /** The same after the last byte was sent; `isLost` may drop the request earlier. */
  answerTimeout: number;
  /**
   * Called after `stallTimeout` without progress if the request may still be alive: the last byte was sent, or the browser
   * hides upload progress.
   * @param isOverdue whether a request of this size should have been answered already
   * @param ended aborted when the request ends
   * @returns whether to drop it; false: it is called again later
   */
  isLost?: ((isOverdue: boolean, ended: AbortSignal) => Promise<boolean>) | undefined;
  /** Bytes sent, as the browser reports them; may exceed the size or decrease. */
  onProgress?: ((loaded: number) => void) | undefined;
}

export interface StoreResponse {
  status: number;
  /** Null if the header is missing or the store's CORS rule does not expose it. */
  header(name: string): string | null;
  text: string;
  /** ALPN name, such as `h2`; missing if the browser does not report it. */
  protocol?: string | undefined;
}

/** Sends one request to the store. */
export interface Transport {
  /**
   * @throws TransportFault when no answer came
   * @throws the signal's reason when aborted
   */
  send(request: StoreRequest): Promise<StoreResponse>;
  /** Called when the device woke from sleep: requests in flight must make progress soon, or are dropped. */
  onWakeFromSleep?(): void;
  /** Returns whether anything answers at that URL, with any status. */
  probe(url: string, signal: AbortSignal): Promise<boolean>;
}

/** Calls the signer, without retries. */
export interface SignerPort {
  /**
   * @throws SignerFault with what the signer answered
   * @throws the signal's reason when aborted
   */
  call<A extends Action>(action: A, body: Protocol[A]['request'], signal?: AbortSignal): Promise<Protocol[A]['answer']>;
}

/** The data of an unfinished upload that S3 does not store. */
export interface JournalRecord {
  version: 2;
  id: string;
  scope: string;
  /** `UploaderOptions.recoveryKey` of the control that began it; missing in records of 0.1 and before. */
  recoveryKey?: string;
  /** User that the signer named; null: nobody is signed in; undefined: the signer did not say. */
  principal?: string | null | undefined;
  /** ID of the page that has the file; while that page is open, no other page resumes the upload by itself. */
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
  /** Object key that the next init call requests. */
  objectKey: string;
  /** Whether the signer's tracker wants notifications of this upload. */
  tracked: boolean;
  /** Whether the signer gives this key to no other upload. */
  ownKey?: boolean;
  /** Algorithm of the parts' checksums, and type of the object's checksum. */
  checksum?: AgreedChecksum | null;
  /** The optional actions that the signer offered. */
  actions: Action[];
  /** Whether the user or the page has aborted it; the abort on the store may be pending. */
  aborting: boolean;
  /** Epoch milliseconds. */
  createdAt: number;
}

/** Stores unfinished uploads between page loads. */
export interface Journal {
  /** Returns the records of a scope, oldest first; removes those that are too old or not valid. */
  load(scope: string): Promise<JournalRecord[]>;
  save(record: JournalRecord): Promise<void>;
  remove(id: string): Promise<void>;
  /** Removes every record of the scope. */
  wipe(scope: string): Promise<void>;
}

/** Stores the files of unfinished uploads between page loads. */
export interface FileStore {
  /** Saves a file. @returns false if the browser, its quota or a limit of this store has refused it */
  save(id: string, scope: string, kept: KeptFile): Promise<boolean>;
  find(id: string): Promise<KeptFile | null>;
  remove(id: string): Promise<void>;
  /** Removes every file of the scope. */
  wipe(scope: string): Promise<void>;
}

/** Stores short texts between page loads; any of them may be lost. */
export interface KeyValueStore {
  read(name: string): string | null;
  /** @param text null: removes the entry */
  write(name: string, text: string | null): void;
}

/** Lets one tab at a time work on an upload. */
export interface TabLock {
  /** Returns a function that releases the lock; null if another tab holds it. */
  tryAcquire(name: string): Promise<(() => void) | null>;
  /** Waits until no other tab holds the lock; rejects with the signal's reason when aborted. */
  acquire(name: string, signal: AbortSignal): Promise<() => void>;
  /** Returns the names of those locks that any tab holds, this one included. */
  held(names: readonly string[]): Promise<ReadonlySet<string>>;
}

/** The data needed to resume an upload. */
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

/** State of an upload that the sending tab reports to tabs that wait for the upload. */
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
  /** User that the signer named to the sending tab; earlier releases do not report it. */
  readonly principal?: string | null | undefined;
  /** The data that another tab needs to resume the upload; null if no multipart upload exists yet. */
  readonly resumption: Resumption | null;
}

/** Broadcasts messages to all tabs of this origin. */
export interface TabChannel {
  /** Joins the channel. @param onMessage receives the messages of other tabs */
  open(onMessage: (message: unknown) => void): { post(message: unknown): void; close(): void };
}

/** Events of the page. */
export interface PageHandlers {
  online(): void;
  offline(): void;
  /** The page was hidden and is shown again. */
  wake(): void;
  /** The device slept: connections are most likely dead. */
  slept(): void;
  /** The page is unloaded, frozen, or enters the back-forward cache: it may never run again. */
  hide(): void;
  /** The page is shown after that, or for the first time. */
  show(): void;
  /** `beforeunload` was dispatched. */
  leave(event: BeforeUnloadEvent): void;
}

/** The page and the device. */
export interface PageEnvironment {
  readonly online: boolean;
  /**
   * @param warnsBeforeLeaving whether `leave` is called; a `beforeunload` listener may keep the page out of the back-forward cache
   * @returns a function that stops listening
   */
  listen(handlers: PageHandlers, warnsBeforeLeaving: boolean): () => void;
}

/** Computes digests, off the main thread if the browser allows it. */
export interface Hasher {
  /** The device's own clock, which times computations. */
  readonly clock: Clock;
  /**
   * @returns base64
   * @throws DOMException if the bytes cannot be read
   */
  digest(algorithm: ChecksumAlgorithm | 'md5', bytes: Blob, signal: AbortSignal): Promise<string>;
  /** Returns the checksum of the object that consists of these parts, as S3 reports it. */
  combine(
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
  /** Loads the code that computes checksums, when it is first needed. */
  loadHasher: () => Promise<Hasher>;
  clock: Clock;
  keyValueStore: KeyValueStore;
  tabLock: TabLock;
  tabChannel: TabChannel;
  page: PageEnvironment;
  wakeLock: WakeLock;
}

/** Dispatches an event of the uploader. @returns false if it was cancelled */
export type Emit = <K extends keyof UploaderEventMap>(type: K, detail: UploaderEventMap[K]['detail']) => boolean;
