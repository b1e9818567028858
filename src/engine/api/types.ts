import type { Action, AgreedChecksum, ChecksumAlgorithm, Protocol } from '../../protocol.js';
import type { Phase, UploadError } from './errors.js';
import type { ChecksumKit } from '../integrity/upload-checksums.js';

export type UploadStatus =
  | 'queued'
  | 'starting'
  | 'uploading'
  | 'waiting'
  | 'paused'
  | 'finishing'
  | 'complete'
  | 'failed'
  | 'aborted'
  | 'needs-file';

/** What an upload with nothing in flight waits for; `engine`: code of this package that could not be loaded so far. */
export type WaitingFor = 'network' | 'store' | 'signer' | 'authorization' | 'tab' | 'file' | 'engine';

/**
 * How one came to know that an object in the store is the file. `checksum`: the store has verified all of it, or holds
 * the file's own value; `etag`: the page has compared MD5s; `unverified`: nobody could tell.
 */
export type Integrity = 'checksum' | 'etag' | 'unverified';

/** All uploads of an uploader seen as one. */
export type UploaderStatus = 'idle' | 'uploading' | 'waiting' | 'paused' | 'complete' | 'failed';

/** One upload at one moment; frozen. Bytes, bytes per second, seconds, epoch milliseconds. */
export interface UploadSnapshot {
  /** The same over reloads. */
  readonly id: string;
  readonly name: string;
  readonly size: number;
  readonly type: string;
  readonly lastModified: number;
  /** Path below the folder that was picked or dropped; empty for a single file. */
  readonly relativePath: string;
  readonly status: UploadStatus;
  readonly waitingFor: WaitingFor | null;
  /** Bytes sent and not known to be lost; never runs backwards, never passes `size`. */
  readonly loaded: number;
  /** 0 to 1. */
  readonly ratio: number;
  readonly speed: number;
  /** Seconds left; null where it cannot be told. */
  readonly eta: number | null;
  readonly parts: { readonly total: number; readonly done: number; readonly size: number };
  /** Failures so far that were tried again. */
  readonly retries: number;
  /** When the next try is due; null while none is waited for. */
  readonly retryAt: number | null;
  readonly key: string | null;
  readonly uploadId: string | null;
  /** Without quotes. */
  readonly etag: string | null;
  /** The object's URL without its signature. */
  readonly location: string | null;
  /**
   * Of the whole object, base64, once it is stored; of SHA-256 over parts, as the store shows it: that of the parts'
   * values, then `-` and their number. Null where none was agreed on.
   */
  readonly checksum: { readonly algorithm: ChecksumAlgorithm; readonly value: string } | null;
  /** How it was found to be the file, once it is stored. */
  readonly integrity: Integrity | null;
  /** The signer's sealed word on the finished object, where it gives one. */
  readonly receipt: string | null;
  readonly error: UploadError | null;
  /** Begun in an earlier visit, or on another machine. */
  readonly recovered: boolean;
  /** Its file has to be chosen again, or to be allowed, before it can go on. */
  readonly needsFile: boolean;
  /** Its file is known: `resume(id)` within a user's gesture asks for leave to read it, and it goes on. */
  readonly needsPermission: boolean;
  /** Begun in an earlier visit, and not gone on with in this one so far. */
  readonly found: boolean;
}

/** Totals over all uploads. */
export interface TotalProgress {
  readonly loaded: number;
  readonly total: number;
  readonly ratio: number;
  readonly speed: number;
  readonly eta: number | null;
}

/**
 * Why a file was not added. `unreadable`: the file, or the folder, cannot be read; `not-a-file`: `add()` was given
 * something else; `system-file`: a folder held a hidden file of the system, which nobody is told of; `user-changed`:
 * another user is signed in than when it was added.
 */
export type RejectCode =
  | 'type'
  | 'too-big'
  | 'too-small'
  | 'too-many'
  | 'duplicate'
  | 'empty-name'
  | 'cancelled'
  | 'unreadable'
  | 'not-a-file'
  | 'system-file'
  | 'user-changed';

/** What files are taken in; each file that is not gives a `mule-reject`. */
export interface AdmissionRules {
  /** As the attribute of `<input type="file">`: extensions and MIME types, comma separated. */
  accept?: string;
  /** Bytes. */
  maxSize?: number;
  /** Bytes. */
  minSize?: number;
  /** Most files that may be listed at a time, counting those that are. */
  maxFiles?: number;
  /** Aborted: files that have not been added yet are not. */
  signal?: AbortSignal;
}

/**
 * A file on the user's disk that can be read again in a later visit, with the user's leave. Both methods are missing
 * where no leave is needed.
 * @see https://wicg.github.io/file-system-access/
 */
export interface FileHandle extends FileSystemFileHandle {
  queryPermission?(descriptor: { mode: 'read' }): Promise<PermissionState>;
  /** @throws DOMException `SecurityError` without a user's gesture */
  requestPermission?(descriptor: { mode: 'read' }): Promise<PermissionState>;
}

/** A file with what is known of where it came from. */
export interface FileEntry {
  file: File;
  relativePath?: string;
  handle?: FileHandle | undefined;
}

/** How an unfinished upload's file is found in the next visit: where it lies on the disk, or a copy. */
export type KeptFile = { handle: FileHandle } | { file: File };

export type HeadersOption = Record<string, string> | (() => Record<string, string> | Promise<Record<string, string>>);

/** Stands in for HTTP between browser and signer. Throws `UploadError`, or anything else for a fault to try again. */
export type SignFunction = <A extends Action>(
  action: A,
  body: Protocol[A]['request'],
) => Promise<Protocol[A]['answer']> | Protocol[A]['answer'];

export interface UploaderOptions {
  /** Base URL; each action is `{signer}/{action}`. */
  signer?: string;
  /** One action's own URL; wins over `signer`. An empty `chunk_loaded` turns the notices off. */
  urls?: Partial<Record<Action, string>>;
  /** Fetch credentials for the signer; never for the store. */
  credentials?: RequestCredentials;
  headers?: HeadersOption;
  /** JSON sent with every `get_init_signature`. */
  params?: unknown;
  sign?: SignFunction;
  /** Whether added files begin by themselves. */
  autostart?: boolean;
  /** Wish for bytes per part; the signer's answer wins. */
  partSize?: number | 'auto';
  /** Requests in flight over all uploads. */
  concurrency?: number | 'auto';
  /** Give up on a part after so many failures; Infinity: never. */
  maxRetries?: number;
  /** Seconds without a byte either way before a request is dropped and tried again. */
  stallTimeout?: number;
  /** Bytes per second over all uploads; Infinity: no limit. */
  bandwidthLimit?: number;
  checksum?: 'auto' | 'none' | ChecksumAlgorithm;
  /**
   * Unfinished uploads of earlier visits. `auto`: resumed as soon as their file can be read; `ask`: listed, and resumed
   * by `resume()`; `choose`: not listed, and resumed when their file is added again; `off`: nothing is stored.
   */
  recover?: 'auto' | 'ask' | 'choose' | 'off';
  /**
   * Keeps one destination's, or one user's, unfinished uploads apart from another's. Default: the signer's URL. A change
   * ends every upload of the former scope in this page.
   */
  scope?: string;
  /**
   * Names the control that uploads belong to, within the scope: an unfinished upload comes back where this is the same,
   * and nowhere else. The element derives it from its form and `name`.
   */
  recoveryKey?: string;
  /** Rules for files that `add()` gives none for, and for unfinished uploads that are to be listed again. */
  rules?: AdmissionRules;
  /** Wish for the object's key; a prefix when several files are added at once. */
  objectKey?: string;
  contentType?: string;
  acl?: string;
  /** Hold a screen wake lock while uploading. */
  keepAwake?: boolean;
  /** Ask before the page is left while something would be lost. */
  leaveWarning?: boolean;
}

export interface BeforeUploadDetail {
  upload: UploadSnapshot;
  /** Sent to the signer with this upload; can be filled in. */
  params: Record<string, unknown>;
  /** A rejected promise fails the upload. */
  waitUntil: (promise: Promise<unknown>) => void;
}

export interface UploadDetail {
  upload: UploadSnapshot;
}

export interface RejectDetail {
  /** An empty one with the item's name, where there is no file: `unreadable`, `not-a-file`, and folders. */
  file: File;
  /** Path below the folder that was picked or dropped; missing for a single file. */
  relativePath?: string;
  code: RejectCode;
  message: string;
}

export interface ProgressDetail extends TotalProgress {
  upload: UploadSnapshot;
}

export interface PartDetail {
  upload: UploadSnapshot;
  partNumber: number;
  size: number;
  attempts: number;
  /** Milliseconds from the first byte sent to the store's answer, of the attempt that succeeded. */
  duration: number;
}

export interface RetryDetail {
  upload: UploadSnapshot;
  phase: Phase;
  partNumber: number | null;
  attempt: number;
  /** Milliseconds until the next try; where the store is out of reach, an upper bound. */
  delay: number;
  reason: string;
}

export interface CompleteDetail {
  upload: UploadSnapshot;
  key: string;
  etag: string | null;
  location: string | null;
  size: number;
  checksum: UploadSnapshot['checksum'];
  integrity: Integrity;
  receipt: string | null;
}

/** Every event of uploads, whole. `Uploader` dispatches them; the element dispatches them again, bubbling. */
export interface UploaderEventMap {
  /** Gate: cancelled, the file is not taken. */
  'mule-before-add': CustomEvent<{ file: File; relativePath: string }>;
  /** Gate: cancelled, the upload is aborted before anything is asked of the signer. */
  'mule-before-upload': CustomEvent<BeforeUploadDetail>;
  'mule-add': CustomEvent<UploadDetail>;
  'mule-start': CustomEvent<UploadDetail>;
  'mule-pause': CustomEvent<UploadDetail>;
  'mule-resume': CustomEvent<UploadDetail>;
  'mule-abort': CustomEvent<UploadDetail>;
  'mule-status': CustomEvent<{ upload: UploadSnapshot; previous: UploadStatus }>;
  'mule-reject': CustomEvent<RejectDetail>;
  'mule-recover': CustomEvent<{ uploads: readonly UploadSnapshot[] }>;
  'mule-progress': CustomEvent<ProgressDetail>;
  'mule-part': CustomEvent<PartDetail>;
  'mule-retry': CustomEvent<RetryDetail>;
  'mule-network': CustomEvent<{ online: boolean }>;
  'mule-complete': CustomEvent<CompleteDetail>;
  'mule-error': CustomEvent<{ upload: UploadSnapshot; error: UploadError }>;
  /** Uploads left the list, because another user is signed in, the scope changed, or `forget()` was called. */
  'mule-owner-change': CustomEvent<{ uploads: readonly UploadSnapshot[] }>;
  'mule-finish': CustomEvent<{ completed: readonly UploadSnapshot[]; failed: readonly UploadSnapshot[] }>;
}

// ---- Ports: everything the engine needs of the world comes in by constructor. ----

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
  hurry?(): void;
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
export interface Shelf {
  /** @returns false where the browser, its quota or our own bounds say no */
  keep(id: string, scope: string, kept: KeptFile): Promise<boolean>;
  find(id: string): Promise<KeptFile | null>;
  remove(id: string): Promise<void>;
  /** Removes every file of the scope. */
  wipe(scope: string): Promise<void>;
}

/** Keeps short notes between visits; what it keeps are hints. */
export interface Notebook {
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
export interface TabNews extends Pick<
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
  join(onMessage: (message: unknown) => void): { say(message: unknown): void; leave(): void };
}

/** What the page around tells. */
export interface EnvironmentHandlers {
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
export interface Environment {
  readonly online: boolean;
  /**
   * @param asksToLeave whether `leave` is wanted: who listens for `beforeunload` may be kept out of the back-forward cache
   * @returns what ends it
   */
  listen(handlers: EnvironmentHandlers, asksToLeave: boolean): () => void;
}

export interface Ports {
  signer: SignerPort;
  transport: Transport;
  journal: Journal;
  shelf: Shelf;
  /** Loads what computes checksums, when it is first needed. */
  loadChecksums: () => Promise<ChecksumKit>;
  clock: Clock;
  notebook: Notebook;
  tabLock: TabLock;
  tabChannel: TabChannel;
  environment: Environment;
}
