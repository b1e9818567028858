/**
 * The messages between the browser and a signer, protocol version 1: types only, shared by both sides.
 * Every action is a POST of JSON to `{signer}/{action}`. Sizes are bytes, times epoch milliseconds.
 */

/** Names of the actions, as the path's last segment has them. */
export type Action =
  | 'get_init_signature'
  | 'get_chunk_signature'
  | 'get_list_signature'
  | 'get_end_signature'
  | 'get_delete_signature'
  | 'get_head_signature'
  | 'get_all_signatures'
  | 'chunk_loaded';

/** Checksum algorithms that a signer and a store can agree on. */
export type ChecksumAlgorithm = 'crc64nvme' | 'crc32c' | 'crc32' | 'sha256';

/** The checksum that an upload's parts are to have, and what the whole object's is made of. */
export interface AgreedChecksum {
  algorithm: ChecksumAlgorithm;
  /** `FULL_OBJECT`: of all its bytes. `COMPOSITE`: of the parts' checksums. */
  type: 'FULL_OBJECT' | 'COMPOSITE';
}

/** A request that the browser replays to the store as it is. */
export interface SignedRequest {
  method: string;
  url: string;
  /** Never holds what a browser may not set (`Host`, `Content-Length`). */
  headers?: Record<string, string>;
  /** Epoch milliseconds by the signer's clock; without it `X-Amz-Date` and `X-Amz-Expires` in the URL tell. */
  expires?: number;
}

/** A string is a PUT to that URL. */
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
  /** Names of algorithms, best first. */
  checksums?: ChecksumAlgorithm[];
  checksum?: { algorithm: ChecksumAlgorithm; value: string };
  object_key?: string;
  acl?: string;
  params?: unknown;
  /** Asks for a fresh start even where the signer knows an unfinished upload of this file. */
  force?: boolean;
  /** With `key`: asks to sign again for that same key. */
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
  /** The signer's tracker follows this upload: it wants `chunk_loaded` notices. */
  tracked?: boolean;
  /** No other upload, before or after, is ever given this key: what stands under it is this upload's own. */
  own_key?: boolean;
}

/** Begin a multipart upload by this signed request. */
export interface InitCreate extends InitFileCommon {
  init: Signed;
  part_size: number;
}

/** Send the whole file by one signed PUT. */
export interface InitPut extends InitFileCommon {
  put: Signed;
  part_size?: number;
}

/** Send the whole file by the POST policy of that name in `posts`. */
export interface InitPost extends InitFileCommon {
  post: string;
  part_size?: number;
}

/** Go on with a multipart upload that exists. `chunks` is a hint; `fresh` says that nothing is stored yet. */
export interface InitKnown extends InitFileCommon {
  upload_id: string;
  part_size: number;
  chunks?: number[];
  fresh?: true;
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
   * Who the signer takes the browser for; opaque. A text names the user, null says that nobody signs in here, and a
   * missing one says nothing.
   */
  principal?: string | null;
  posts?: Record<string, PostPolicy>;
  files: InitAnswerFile[];
}

/** What every action after init names. */
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
  /** For those of the above that carry none of their own. */
  expires?: number;
}

export interface ChunkLoadedRequest extends UploadReference {
  chunks: number[];
  state?: 'started' | 'complete' | 'aborted';
}

export interface ChunkLoadedAnswer {
  receipt?: string;
}

/** The body of every refusal; the status is 4xx. */
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
}
