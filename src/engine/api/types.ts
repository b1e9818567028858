import type { Action, ChecksumAlgorithm, Protocol } from '../../protocol.js';
import type { Phase, UploadError } from './errors.js';

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

/**
 * The reason why an upload with nothing in flight waits. `engine`: a module of this package that could not be loaded
 * yet.
 */
export type WaitingFor = 'network' | 'store' | 'signer' | 'authorization' | 'tab' | 'file' | 'engine';

/**
 * How the stored object was verified to be the file. `checksum`: the store verified every byte, or reports the file's own
 * checksum; `etag`: the page compared MD5s; `unverified`: the store's answers allow neither.
 */
export type Integrity = 'checksum' | 'etag' | 'unverified';

/** Status of all uploads of an uploader together. */
export type UploaderStatus = 'idle' | 'uploading' | 'waiting' | 'paused' | 'complete' | 'failed';

/** State of one upload at one moment; frozen. Sizes are bytes, speeds bytes per second, times epoch milliseconds. */
export interface UploadSnapshot {
  /** Stays the same across reloads. */
  readonly id: string;
  readonly name: string;
  readonly size: number;
  readonly type: string;
  readonly lastModified: number;
  /** Path below the folder that was picked or dropped; empty for a single file. */
  readonly relativePath: string;
  readonly status: UploadStatus;
  readonly waitingFor: WaitingFor | null;
  /** Bytes sent and not known to be lost; never decreases, never exceeds `size`. */
  readonly loaded: number;
  /** 0 to 1. */
  readonly ratio: number;
  readonly speed: number;
  /** Estimated seconds left; null while unknown. */
  readonly eta: number | null;
  readonly parts: { readonly total: number; readonly done: number; readonly size: number };
  /** Failed attempts that were retried. */
  readonly retries: number;
  /** When the next attempt is due; null while none is pending. */
  readonly retryAt: number | null;
  readonly key: string | null;
  readonly uploadId: string | null;
  /** Without quotes. */
  readonly etag: string | null;
  /** The object's URL without its signature. */
  readonly location: string | null;
  /**
   * Checksum of the stored object, base64. SHA-256 of a multipart object is a composite, as the store reports it: of the
   * parts' checksums, then `-` and the number of parts. Null if none was agreed on.
   */
  readonly checksum: { readonly algorithm: ChecksumAlgorithm; readonly value: string } | null;
  /** How the stored object was verified; null until it is stored. */
  readonly integrity: Integrity | null;
  /** The signer's sealed receipt for the object; null if it issues none. */
  readonly receipt: string | null;
  readonly error: UploadError | null;
  /** Started in an earlier page load, or on another device. */
  readonly recovered: boolean;
  /** The user has to choose the file again, or to allow reading it, before the upload can continue. */
  readonly needsFile: boolean;
  /** The file is known: `resume(id)` in a user gesture asks for permission to read it, and the upload continues. */
  readonly needsPermission: boolean;
  /** Started in an earlier page load, and not resumed in this one yet. */
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
 * Why a file was not added. `unreadable`: the file or folder cannot be read; `not-a-file`: `add()` was called with something
 * else; `system-file`: a hidden file of the operating system in a folder, for which no event is sent; `user-changed`: the
 * user who is signed in now is not the one who added it.
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

/** Which files are accepted; `mule-reject` reports each of the others. */
export interface AdmissionRules {
  /** As the attribute of `<input type="file">`: extensions and MIME types, comma separated. */
  accept?: string;
  /** Bytes. */
  maxSize?: number;
  /** Bytes. */
  minSize?: number;
  /** Maximum number of files in the list. */
  maxFiles?: number;
  /** Aborting it cancels adding the remaining files. */
  signal?: AbortSignal;
}

/**
 * A file on the user's disk that can be read again in a later page load, with the user's permission. Both methods are
 * missing if no permission is needed.
 * @see https://wicg.github.io/file-system-access/
 */
export interface FileHandle extends FileSystemFileHandle {
  queryPermission?(descriptor: { mode: 'read' }): Promise<PermissionState>;
  /** @throws DOMException `SecurityError` without a user gesture */
  requestPermission?(descriptor: { mode: 'read' }): Promise<PermissionState>;
}

/** A file and its origin. */
export interface FileEntry {
  file: File;
  relativePath?: string;
  handle?: FileHandle | undefined;
}

export type HeadersOption = Record<string, string> | (() => Record<string, string> | Promise<Record<string, string>>);

/** Replaces HTTP between browser and signer. An `UploadError` that it throws is final; other errors are retried. */
export type SignFunction = <A extends Action>(
  action: A,
  body: Protocol[A]['request'],
) => Promise<Protocol[A]['answer']> | Protocol[A]['answer'];

export interface UploaderOptions {
  /** Base URL; an action's URL is `{signer}/{action}`. */
  signer?: string;
  /**
   * URLs of single actions, which override `signer`. An empty `chunk_loaded` turns these notifications off, an empty
   * `chunks_loaded` their batches. With a URL for `chunk_loaded` alone, there are no batches either.
   */
  urls?: Partial<Record<Action, string>>;
  /** Credentials mode of requests to the signer. Requests to the store never carry credentials. */
  credentials?: RequestCredentials;
  headers?: HeadersOption;
  /** JSON sent with every `get_init_signature`. */
  params?: unknown;
  sign?: SignFunction;
  /** Whether uploads start when files are added. */
  autostart?: boolean;
  /** Preferred bytes per part; the signer decides. */
  partSize?: number | 'auto';
  /** Requests in flight over all uploads. */
  concurrency?: number | 'auto';
  /** Failures of one part after which the upload fails. */
  maxRetries?: number;
  /** Seconds without a byte in either direction after which a request is dropped and retried. */
  stallTimeout?: number;
  /** Bytes per second over all uploads. */
  bandwidthLimit?: number;
  checksum?: 'auto' | 'none' | ChecksumAlgorithm;
  /**
   * What to do with unfinished uploads of earlier page loads. `auto`: resume them as soon as their file can be read; `ask`: list
   * them, and resume them on `resume()`; `choose`: resume them when their file is added again, without listing them; `off`:
   * store nothing.
   */
  recover?: 'auto' | 'ask' | 'choose' | 'off';
  /**
   * Separates the unfinished uploads of different destinations or users. Default: the signer's URL. A change ends every
   * upload of the former scope in this page.
   */
  scope?: string;
  /**
   * Identifies the control within the scope: an unfinished upload is recovered only if this is the same. The element
   * derives it from its form and `name`.
   */
  recoveryKey?: string;
  /** Rules for calls of `add()` without rules, and for unfinished uploads that are recovered. */
  rules?: AdmissionRules;
  /** Preferred key of the object; a prefix if several files are added at once. */
  objectKey?: string;
  contentType?: string;
  acl?: string;
  /** Whether to hold a screen wake lock while uploading. */
  keepAwake?: boolean;
  /** Whether to ask before the page is left while data would be lost. */
  leaveWarning?: boolean;
}

export interface BeforeUploadDetail {
  upload: UploadSnapshot;
  /** Sent to the signer with this upload; may be changed or replaced. */
  params: Record<string, unknown>;
  /** A rejected promise fails the upload. */
  waitUntil: (promise: Promise<unknown>) => void;
}

export interface UploadDetail {
  upload: UploadSnapshot;
}

export interface RejectDetail {
  /** If there is no file (`unreadable`, `not-a-file`, or a folder): an empty file with the item's name. */
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
  /** Milliseconds from the first byte to the answer, in the attempt that succeeded. */
  duration: number;
}

export interface RetryDetail {
  upload: UploadSnapshot;
  phase: Phase;
  partNumber: number | null;
  attempt: number;
  /** Milliseconds until the next attempt; an upper bound if the store cannot be reached. */
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

/** All events of uploads. `Uploader` dispatches them; the element dispatches them again, and they bubble. */
export interface UploaderEventMap {
  /** Cancelable: the file is then not added. */
  'mule-before-add': CustomEvent<{ file: File; relativePath: string }>;
  /** Cancelable: the upload is then aborted before the signer is called. */
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
  /** Uploads left the list because another user is signed in, the scope changed, or `forget()` was called. */
  'mule-owner-change': CustomEvent<{ uploads: readonly UploadSnapshot[] }>;
  'mule-finish': CustomEvent<{ completed: readonly UploadSnapshot[]; failed: readonly UploadSnapshot[] }>;
}
