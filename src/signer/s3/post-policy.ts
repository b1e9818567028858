/**
 * POST policies: one signature and one URL for all small files of a call, so that the browser sends one preflight
 * request.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTConstructPolicy.html
 */
import type { ChecksumAlgorithm, PostPolicy } from '../../protocol.js';
import { hex, randomBytes, toBase64, utf8 } from '../util/bytes.js';
import { credentialScope } from './presign.js';
import type { SigningKeys, SigningTerms } from './presign.js';
import type { StoreAddress } from './store-address.js';

/** The maximum lifetime of a policy; until it expires, its holder can post any number of times. */
const MAX_POLICY_LIFE_S = 900;

/** The conditions of a policy. */
export interface PostConditions {
  /** Every key with this prefix, or exactly this key. */
  key: { readonly prefix: string } | { readonly exact: string };
  /** Bytes; both bounds are included. */
  sizes: readonly [min: number, max: number];
  /** Headers of the object, with exact values. */
  headers: Readonly<Record<string, string>>;
  /** The algorithm of the checksum that the browser may add as a field; null for none. */
  checksum: ChecksumAlgorithm | null;
}

export interface PostSigner {
  bucket: string;
  region: string;
  store: StoreAddress;
  signingKeyFor: SigningKeys;
}

/** Returns a prefix with 128 random bits for the keys of one call. */
export const randomPrefix = (): string => `uploads/${hex(randomBytes(16))}/`;

/** Signs one policy. The browser adds the fields `key`, the checksum if there is one, and `file` as the last. */
export async function signPostPolicy(
  { bucket, region, store, signingKeyFor }: PostSigner,
  { credentials, now, lifetimeS }: SigningTerms,
  { key, sizes, headers, checksum }: PostConditions,
): Promise<PostPolicy> {
  const texts = [...Object.values(key), ...Object.values(headers)];
  if (texts.some(hasFormVariable)) throw new Error('a POST policy cannot contain ${filename}: the store replaces it');
  const { timestamp, scope } = credentialScope(now, region);
  const expiresAt = (Math.floor(now / 1_000) + Math.min(lifetimeS, MAX_POLICY_LIFE_S)) * 1_000;
  const fields: Record<string, string> = {
    ...Object.fromEntries(Object.entries(headers).map(([name, value]) => [formFieldFor(name), value])),
    success_action_status: '201',
    'x-amz-algorithm': 'AWS4-HMAC-SHA256',
    'x-amz-credential': `${credentials.accessKeyId}/${scope}`,
    'x-amz-date': timestamp,
    ...(credentials.sessionToken === undefined ? {} : { 'x-amz-security-token': credentials.sessionToken }),
  };
  const conditions = [
    { bucket },
    'prefix' in key ? ['starts-with', '$key', key.prefix] : ['eq', '$key', key.exact],
    ['content-length-range', ...sizes],
    ...(checksum ? [['starts-with', `$x-amz-checksum-${checksum}`, '']] : []),
    ...Object.entries(fields).map(([name, value]) => ['eq', `$${name}`, value]),
  ];
  const policy = toBase64(utf8(JSON.stringify({ expiration: new Date(expiresAt).toISOString(), conditions })));
  const signature = hex(await (await signingKeyFor(credentials, timestamp.slice(0, 8))).sign(policy));
  return {
    url: store.origin + store.basePath,
    fields: { ...fields, policy, 'x-amz-signature': signature },
    expires: expiresAt,
  };
}

/** Returns the form field that corresponds to a header of PutObject. */
const formFieldFor = (header: string): string => (header === 'x-amz-acl' ? 'acl' : header);

/** Whether a form can carry these headers. It cannot carry tags, which it needs as XML. */
export const canPostHeaders = (headers: Readonly<Record<string, string>>): boolean =>
  !('x-amz-tagging' in headers) && !Object.values(headers).some(hasFormVariable);

/**
 * Whether a store would change a form field: it replaces `${filename}` with the name of the posted file, so that the
 * object's key would differ from the granted one. PutObject does not replace anything.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTForms.html
 */
export const hasFormVariable = (text: string): boolean => text.includes('${');
