import { parseUrl } from '../util/url.js';

/** The address of a bucket, as URLs and signatures need it. */
export interface StoreAddress {
  /** Scheme, host, and the port if it is not the default. */
  origin: string;
  /** The `Host` header that a browser sends. */
  host: string;
  /** The path before the key; ends with a slash. */
  basePath: string;
}

export interface StoreOptions {
  bucket: string;
  region: string;
  endpoint?: string | undefined;
  pathStyle?: boolean | undefined;
  /** Uses IPv6 as well as IPv4. */
  dualStack?: boolean | undefined;
  /** Uses S3 Transfer Acceleration, which the bucket must have enabled. */
  accelerate?: boolean | undefined;
}

/**
 * Returns the address of a bucket: a virtual host at Amazon, by default a path at another endpoint. A bucket with dots
 * in its name uses a path, because Amazon's certificates do not match its virtual host.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/dual-stack-endpoints.html
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/transfer-acceleration.html
 */
export function locateStore(options: StoreOptions): StoreAddress {
  const { bucket, endpoint, pathStyle } = options;
  const url = new URL(endpoint ?? `https://${amazonHost(options)}`);
  const usesPathStyle = pathStyle ?? (endpoint !== undefined || bucket.includes('.'));
  const root = url.pathname.endsWith('/') ? url.pathname : `${url.pathname}/`;
  if (usesPathStyle) return { origin: url.origin, host: url.host, basePath: `${root}${bucket}/` };
  const host = `${bucket}.${url.host}`;
  return { origin: `${url.protocol}//${host}`, host, basePath: root };
}

function amazonHost({ region, dualStack, accelerate }: StoreOptions): string {
  const domain = region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com';
  const stack = dualStack ? '.dualstack' : '';
  return accelerate ? `s3-accelerate${stack}.${domain}` : `s3${stack}.${region}.${domain}`;
}

/** Whether an endpoint is Amazon's; undefined is. */
export function isAmazon(endpoint: string | undefined): boolean {
  return endpoint === undefined || /\.amazonaws\.com(?:\.cn)?$/.test(new URL(endpoint).hostname);
}

/**
 * Whether a store is known to reject unsigned `x-amz-*` headers, or has no ACLs that they could change: Amazon's and R2.
 * @see https://developers.cloudflare.com/r2/api/s3/api/
 */
export const isKnownToRefuseUnsignedHeaders = (endpoint: string | undefined): boolean =>
  endpoint === undefined || isAmazon(endpoint) || /\.r2\.cloudflarestorage\.com$/.test(new URL(endpoint).hostname);

/** Identifies a store, whatever its address: `amazon`, or the endpoint's URL without a trailing slash. */
export const storeIdentity = (endpoint: string | undefined): string =>
  endpoint === undefined || isAmazon(endpoint) ? 'amazon' : new URL(endpoint).href.replace(/\/+$/, '');

/** Whether a value is an http or https URL without query, fragment, user name and password. */
export function isEndpointUrl(value: unknown): boolean {
  const url = typeof value === 'string' ? parseUrl(value) : null;
  return (
    url !== null && /^https?:$/.test(url.protocol) && !/[?#]/.test(String(value)) && !url.username && !url.password
  );
}
