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

/** The action of a call to a signer. */
export type SignerKind =
  | 'init-signature'
  | 'chunk-signature'
  | 'list-signature'
  | 'end-signature'
  | 'delete-signature'
  | 'head-signature'
  | 'all-signatures'
  | 'notice';

export type RequestKind = StoreKind | SignerKind;

export interface RequestFacts {
  kind: RequestKind;
  bucket: string;
  /** Decoded; empty for requests about the bucket, and to a signer. */
  key: string;
  partNumber: number | null;
  uploadId: string | null;
}

const BY_METHOD: Record<string, StoreKind> = { PUT: 'put', GET: 'get', HEAD: 'head', DELETE: 'delete' };
const OF_UPLOAD: Record<string, StoreKind> = { PUT: 'part', GET: 'list', POST: 'complete', DELETE: 'abort' };
const OF_SIGNER: Record<string, SignerKind> = {
  get_init_signature: 'init-signature',
  get_chunk_signature: 'chunk-signature',
  get_list_signature: 'list-signature',
  get_end_signature: 'end-signature',
  get_delete_signature: 'delete-signature',
  get_head_signature: 'head-signature',
  get_all_signatures: 'all-signatures',
  chunk_loaded: 'notice',
  chunks_loaded: 'notice',
};

function storeKind(method: string, query: URLSearchParams, key: string): StoreKind {
  if (key === '') return method === 'POST' ? 'post' : 'other';
  if (query.has('uploadId')) return OF_UPLOAD[method] ?? 'other';
  if (query.has('uploads')) return method === 'POST' ? 'create' : 'other';
  return BY_METHOD[method] ?? 'other';
}

/** Returns the operation of a path-style S3 request, or the action of a call to the signer. */
export function describeRequest(method: string, target: string): RequestFacts {
  const { pathname, searchParams } = new URL(target, 'http://store.invalid');
  const [, bucket = '', key = ''] = /^\/([^/]*)\/?(.*)$/s.exec(pathname) ?? [];
  const partNumber = searchParams.get('partNumber');
  const ofSigner = method === 'POST' ? OF_SIGNER[pathname.split('/').at(-1)!] : undefined;
  return {
    kind: method === 'OPTIONS' ? 'preflight' : (ofSigner ?? storeKind(method, searchParams, key)),
    bucket: decodeURIComponent(bucket),
    key: ofSigner ? '' : decodeURIComponent(key),
    partNumber: partNumber === null ? null : Number(partNumber),
    uploadId: searchParams.get('uploadId'),
  };
}
