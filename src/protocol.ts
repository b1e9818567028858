/**
 * Messages between the browser and a signer, protocol version 1. Types only, shared by both sides.
 * Every action is a POST of JSON to `{signer}/{action}`. Sizes are bytes, times epoch milliseconds.
 */

/** Actions; the name is the last segment of the URL's path. */
export type Action =
  | 'get_init_signature'
  | 'get_chunk_signature'
  | 'get_list_signature'
  | 'get_end_signature'
  | 'get_delete_signature'
  | 'get_head_signature'
  | 'get_all_signatures'
  | 'chunk_loaded'
  | 'chunks_loaded';

/** Checksum algorithms that a signer and a store can agree on. */
export type ChecksumAlgorithm = 'crc64nvme' | 'crc32c' | 'crc32' | 'sha256';

/** The checksum agreed on for an upload. */
export interface AgreedChecksum {
  algorithm: ChecksumAlgorithm;
  /** What the object's checksum covers. `FULL_OBJECT`: all its bytes; `COMPOSITE`: the parts' checksums. */
  type: 'FULL_OBJECT' | 'COMPOSITE';
}

/** A signed request, which the browser sends to the store unchanged. */
export interface SignedRequest {
  method: string;
  url: string;
  /** Without headers that a browser may not set (`Host`, `Content-Length`). */
  headers?: Record<string, string>;
  /** Epoch milliseconds of the signer's clock. Default: computed from `X-Amz-Date` and `X-Amz-Expires` in the URL. */
  expires?: number;
}

/** A signed request; a string stands for a PUT to that URL. */
export type Signed = SignedRequest | string;

/** The answer of every action that signs one request. `time` is the signer's clock. */
export type SignedAnswer = SignedRequest & { time: number };

export interface InitFile {
  id: string;
  filename: string;
  filesize: number;
  last_modified: number;
  content_type: string;
  relative_path?: string;
  fingerprint?: string;
  part_size?: number;
  /** Algorithms that the browser can compute, best first. */
  checksums?: ChecksumAlgorithm[];
  checksum?: { algorithm: ChecksumAlgorithm; value: string };
  object_key?: string;
  acl?: string;
  params?: unknown;
  /** Requests a new upload even if the signer knows an unfinished one of this file. */
  force?: boolean;
  /** Together with `key`: asks the signer to sign for that key again. */
  grant?: string;
  key?: string;
  upload_id?: string;
}

export interface InitRequest {
  files: InitFile[];
}

export interface Refusal {
  code: string;
  message: string;
}

interface InitFileCommon {
  id: string;
  key: string;
  grant?: string;
  checksum?: AgreedChecksum;
  /**
   * Whether the signer wants notifications of this file. For a file of a single request: of its completion. For a multipart
   * upload: of its stored parts too.
   */
  tracked?: boolean;
  /** Whether the signer gives this key to no other upload, so that an object under it is this upload's own. */
  own_key?: boolean;
}

/** Start a multipart upload with this signed request. */
export interface InitCreate extends InitFileCommon {
  init: Signed;
  part_size: number;
}

/** Send the whole file with one signed PUT. */
export interface InitPut extends InitFileCommon {
  put: Signed;
  part_size?: number;
}

/** Send the whole file with the POST policy of that name in `posts`. */
export interface InitPost extends InitFileCommon {
  post: string;
  part_size?: number;
}

/** Continue an existing multipart upload. `chunks`: stored parts, as a hint; `fresh`: nothing is stored yet. */
export interface InitKnown extends InitFileCommon {
  upload_id: string;
  part_size: number;
  chunks?: number[];
  fresh?: true;
  /** The first window of signatures, as `get_all_signatures` answers, so that no call for it is needed. */
  all?: AllAnswer;
}

export interface InitRefused {
  id: string;
  error: Refusal;
}

export type InitAnswerFile = InitCreate | InitPut | InitPost | InitKnown | InitRefused;

export interface PostPolicy {
  url: string;
  fields: Record<string, string>;
  expires: number;
}

export interface InitAnswer {
  time: number;
  /** The optional actions that this signer offers. */
  actions?: Action[];
  limits?: { files?: number };
  /**
   * Identity of the user, opaque. Null: users do not sign in at this signer. Missing: the signer does not say.
   */
  principal?: string | null;
  posts?: Record<string, PostPolicy>;
  files: InitAnswerFile[];
}

/** Identifies an upload in every action after `get_init_signature`. */
export interface UploadReference {
  key: string;
  upload_id: string;
  grant?: string;
}

export interface ChunkRequest extends UploadReference {
  chunk: number;
  size: number;
  checksum?: string;
}

export interface ListRequest extends UploadReference {
  part_number_marker?: number;
}

export interface EndRequest extends UploadReference {
  size: number;
  checksum?: string;
}

export interface HeadRequest {
  key: string;
  grant?: string;
}

export interface AllRequest extends UploadReference {
  size: number;
  part_size: number;
  chunks: number[];
  checksums?: Record<string, string>;
}

export interface AllAnswer {
  time: number;
  list: Signed;
  end: Signed;
  delete?: Signed;
  head?: Signed;
  chunks: Record<string, Signed>;
  /** Epoch milliseconds at which the requests above expire, unless they have an `expires` of their own. */
  expires?: number;
}

export interface ChunkLoadedRequest extends UploadReference {
  chunks: number[];
  state?: 'started' | 'complete' | 'aborted';
}

export interface ChunkLoadedAnswer {
  receipt?: string;
}

/** The notifications of several uploads. */
export interface ChunksLoadedRequest {
  uploads: ChunkLoadedRequest[];
}

/** The result of each upload, in the order of the request. A refused upload does not affect the others. */
export interface ChunksLoadedAnswer {
  uploads: (ChunkLoadedAnswer | RefusalAnswer)[];
}

/** The body of every refusal, whose status is 4xx, and the result of one refused upload in `chunks_loaded`. */
export interface RefusalAnswer {
  error: Refusal;
}

/** Request and answer of each action. */
export interface Protocol {
  get_init_signature: { request: InitRequest; answer: InitAnswer };
  get_chunk_signature: { request: ChunkRequest; answer: SignedAnswer };
  get_list_signature: { request: ListRequest; answer: SignedAnswer };
  get_end_signature: { request: EndRequest; answer: SignedAnswer };
  get_delete_signature: { request: UploadReference; answer: SignedAnswer };
  get_head_signature: { request: HeadRequest; answer: SignedAnswer };
  get_all_signatures: { request: AllRequest; answer: AllAnswer };
  chunk_loaded: { request: ChunkLoadedRequest; answer: ChunkLoadedAnswer | null };
  chunks_loaded: { request: ChunksLoadedRequest; answer: ChunksLoadedAnswer };
}
