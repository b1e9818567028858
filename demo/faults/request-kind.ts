/** The operation of a request to a store. */
export type StoreKind =
  | 'create'
  | 'part'
  | 'list'
  | 'complete'
  | 'abort'
  | 'put'
  | 'post'
  | 'head'
  | 'get'
  | 'delete'
  | 'preflight'
  | 'other';

/** The action of a call to a signer; `notification` is a call of `chunk_loaded` or `chunks_loaded`. */
export type SignerKind =
  | 'init-signature'
  | 'chunk-signature'
  | 'list-signature'
  | 'end-signature'
  | 'delete-signature'
  | 'head-signature'
  | 'all-signatures'
  | 'notification';

export type RequestKind = StoreKind | SignerKind;

export interface RequestFacts {
  kind: RequestKind;
  bucket: string;
  /** Decoded; empty for operations on the bucket, and for calls to a signer. */
  key: string;
  partNumber: number | null;
  uploadId: string | null;
}

const OBJECT_KIND_BY_METHOD: Record<string, StoreKind> = { PUT: 'put', GET: 'get', HEAD: 'head', DELETE: 'delete' };
const UPLOAD_KIND_BY_METHOD: Record<string, StoreKind> = {
  PUT: 'part',
  GET: 'list',
  POST: 'complete',
  DELETE: 'abort',
};
const SIGNER_KIND_BY_ACTION: Record<string, SignerKind> = {
  get_init_signature: 'init-signature',
  get_chunk_signature: 'chunk-signature',
  get_list_signature: 'list-signature',
  get_end_signature: 'end-signature',
  get_delete_signature: 'delete-signature',
  get_head_signature: 'head-signature',
  get_all_signatures: 'all-signatures',
  chunk_loaded: 'notification',
  chunks_loaded: 'notification',
};

function storeKindOf(method: string, query: URLSearchParams, key: string): StoreKind {
  if (key === '') return method === 'POST' ? 'post' : 'other';
  if (query.has('uploadId')) return UPLOAD_KIND_BY_METHOD[method] ?? 'other';
  if (query.has('uploads')) return method === 'POST' ? 'create' : 'other';
  return OBJECT_KIND_BY_METHOD[method] ?? 'other';
}

/** Returns the operation of a path-style S3 request, or the action of a call to the signer. */
export function describeRequest(method: string, target: string): RequestFacts {
  const { pathname, searchParams } = new URL(target, 'http://store.invalid');
  const [, bucket = '', key = ''] = /^\/([^/]*)\/?(.*)$/s.exec(pathname) ?? [];
  const partNumber = searchParams.get('partNumber');
  const signerKind = method === 'POST' ? SIGNER_KIND_BY_ACTION[pathname.split('/').at(-1)!] : undefined;
  return {
    kind: method === 'OPTIONS' ? 'preflight' : (signerKind ?? storeKindOf(method, searchParams, key)),
    bucket: decodeURIComponent(bucket),
    key: signerKind ? '' : decodeURIComponent(key),
    partNumber: partNumber === null ? null : Number(partNumber),
    uploadId: searchParams.get('uploadId'),
  };
}
