/** Where a bucket is reached, as far as URLs and signatures need it. */
export interface StoreAddress {
  /** Scheme, host and, unless it is the scheme's own, port. */
  origin: string;
  /** The `Host` that a browser sends there. */
  host: string;
  /** What stands before the key, with a slash at the end. */
  basePath: string;
}

export interface StoreOptions {
  bucket: string;
  region: string;
  endpoint?: string | undefined;
  pathStyle?: boolean | undefined;
}

/**
 * Finds a bucket's address: Amazon's virtual host for the region, or the endpoint given, by path unless told otherwise.
 * A bucket with dots in its name is reached by path, since no certificate of Amazon's matches its virtual host.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html
 */
export function locateStore({ bucket, region, endpoint, pathStyle }: StoreOptions): StoreAddress {
  const domain = region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com';
  const url = new URL(endpoint ?? `https://s3.${region}.${domain}`);
  const byPath = pathStyle ?? (endpoint !== undefined || bucket.includes('.'));
  const root = url.pathname.endsWith('/') ? url.pathname : `${url.pathname}/`;
  if (byPath) return { origin: url.origin, host: url.host, basePath: `${root}${bucket}/` };
  const host = `${bucket}.${url.host}`;
  return { origin: `${url.protocol}//${host}`, host, basePath: root };
}

/** Tells whether a value is an http or https URL without query, fragment or login. */
export function isEndpoint(value: unknown): boolean {
  if (typeof value !== 'string' || !URL.canParse(value)) return false;
  const url = new URL(value);
  return /^https?:$/.test(url.protocol) && !/[?#]/.test(value) && !url.username && !url.password;
}
