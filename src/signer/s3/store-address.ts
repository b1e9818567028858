import { parseUrl } from '../util/url.js';

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
  /** IPv6 as well as IPv4. */
  dualStack?: boolean | undefined;
  /** Amazon's edge network, for a bucket that has it switched on. */
  accelerate?: boolean | undefined;
}

/**
 * Finds a bucket's address: Amazon's virtual host for the region, or the endpoint given, by path unless told otherwise.
 * A bucket with dots in its name is reached by path, since no certificate of Amazon's matches its virtual host.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/dual-stack-endpoints.html
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/transfer-acceleration.html
 */
export function locateStore(options: StoreOptions): StoreAddress {
  const { bucket, endpoint, pathStyle } = options;
  const url = new URL(endpoint ?? `https://${amazonHost(options)}`);
  const byPath = pathStyle ?? (endpoint !== undefined || bucket.includes('.'));
  const root = url.pathname.endsWith('/') ? url.pathname : `${url.pathname}/`;
  if (byPath) return { origin: url.origin, host: url.host, basePath: `${root}${bucket}/` };
  const host = `${bucket}.${url.host}`;
  return { origin: `${url.protocol}//${host}`, host, basePath: root };
}

function amazonHost({ region, dualStack, accelerate }: StoreOptions): string {
  const domain = region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com';
  const stack = dualStack ? '.dualstack' : '';
  return accelerate ? `s3-accelerate${stack}.${domain}` : `s3${stack}.${region}.${domain}`;
}

/** Tells whether an endpoint, or none, is Amazon's own. */
export function isAmazon(endpoint: string | undefined): boolean {
  return endpoint === undefined || /\.amazonaws\.com(?:\.cn)?$/.test(new URL(endpoint).hostname);
}

/**
 * Tells whether an endpoint, or none, belongs to a store that is known to refuse `x-amz-*` headers outside of the
 * signature, or that has no ACLs to be changed by them: Amazon's, and R2.
 * @see https://developers.cloudflare.com/r2/api/s3/api/
 */
export const isKnownToRefuseUnsignedHeaders = (endpoint: string | undefined): boolean =>
  endpoint === undefined || isAmazon(endpoint) || /\.r2\.cloudflarestorage\.com$/.test(new URL(endpoint).hostname);

/** Names a store, so that two addresses of the same one count as one: Amazon's, or the endpoint's URL. */
export const storeIdentity = (endpoint: string | undefined): string =>
  endpoint === undefined || isAmazon(endpoint) ? 'amazon' : new URL(endpoint).href.replace(/\/+$/, '');

/** Tells whether a value is an http or https URL without query, fragment or login. */
export function isEndpointUrl(value: unknown): boolean {
  const url = typeof value === 'string' ? parseUrl(value) : null;
  return (
    url !== null && /^https?:$/.test(url.protocol) && !/[?#]/.test(String(value)) && !url.username && !url.password
  );
}
