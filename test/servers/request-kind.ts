/** What a request to a store is for. */
export type RequestKind =
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

export interface RequestFacts {
  kind: RequestKind;
  bucket: string;
  /** Decoded; empty for requests about the bucket. */
  key: string;
  partNumber: number | null;
  uploadId: string | null;
}

const BY_METHOD: Record<string, RequestKind> = { PUT: 'put', GET: 'get', HEAD: 'head', DELETE: 'delete' };
const OF_UPLOAD: Record<string, RequestKind> = { PUT: 'part', GET: 'list', POST: 'complete', DELETE: 'abort' };

function kindOf(method: string, query: URLSearchParams, key: string): RequestKind {
  if (method === 'OPTIONS') return 'preflight';
  if (key === '') return method === 'POST' ? 'post' : 'other';
  if (query.has('uploadId')) return OF_UPLOAD[method] ?? 'other';
  if (query.has('uploads')) return method === 'POST' ? 'create' : 'other';
  return BY_METHOD[method] ?? 'other';
}

/** Reads out of a path-style S3 request what it is for. */
export function describeRequest(method: string, target: string): RequestFacts {
  const { pathname, searchParams } = new URL(target, 'http://store.invalid');
  const [, bucket = '', key = ''] = /^\/([^/]*)\/?(.*)$/s.exec(pathname) ?? [];
  const partNumber = searchParams.get('partNumber');
  return {
    kind: kindOf(method, searchParams, key),
    bucket: decodeURIComponent(bucket),
    key: decodeURIComponent(key),
    partNumber: partNumber === null ? null : Number(partNumber),
    uploadId: searchParams.get('uploadId'),
  };
}
