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
