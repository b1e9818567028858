/**
 * POST policies: one signature for all the small files of a call, and one URL, so that a browser asks leave of the
 * store's CORS rule once.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTConstructPolicy.html
 */
import type { ChecksumAlgorithm, PostPolicy } from '../../protocol.js';
import { hex, randomBytes, toBase64, utf8 } from '../util/bytes.js';
import { credentialScope } from './presign.js';
import type { SigningKeys, SigningTerms } from './presign.js';
import type { StoreAddress } from './store-address.js';

/** Seconds that a policy lives at most: within them its holder may post as often as it likes. */
const MAX_POLICY_LIFE_S = 900;

/** What may be posted. */
export interface PostConditions {
  /** Every key below it, or that very key. */
  key: { readonly prefix: string } | { readonly exact: string };
  /** Bytes, both included. */
  sizes: readonly [min: number, max: number];
  /** Of the object, exactly so. */
  headers: Readonly<Record<string, string>>;
  /** The browser may add its value as a field. */
  checksum: ChecksumAlgorithm | null;
}

export interface PostSigner {
  bucket: string;
  region: string;
  store: StoreAddress;
  signingKeyFor: SigningKeys;
}

/** The prefix of one call's keys: 128 random bits, so that it is new and nobody else's. */
export const randomPrefix = (): string => `uploads/${hex(randomBytes(16))}/`;

/** Signs one policy; the browser adds `key`, the checksum where one was agreed on, and, last, `file`. */
export async function signPostPolicy(
  { bucket, region, store, signingKeyFor }: PostSigner,
  { credentials, now, expires }: SigningTerms,
  { key, sizes, headers, checksum }: PostConditions,
): Promise<PostPolicy> {
  const texts = [...Object.values(key), ...Object.values(headers)];
  if (texts.some(hasFormVariable)) throw new Error('a form cannot carry a text that the store would fill in');
  const { timestamp, scope } = credentialScope(now, region);
  const end = Math.floor(now / 1_000) * 1_000 + Math.min(expires, MAX_POLICY_LIFE_S) * 1_000;
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
  const policy = toBase64(utf8(JSON.stringify({ expiration: new Date(end).toISOString(), conditions })));
  const signature = hex(await (await signingKeyFor(credentials, timestamp.slice(0, 8))).sign(policy));
  return {
    url: store.origin + store.basePath,
    fields: { ...fields, policy, 'x-amz-signature': signature },
    expires: end,
  };
}

/** What a header of a PUT is called as a field of a form. */
const formFieldFor = (header: string): string => (header === 'x-amz-acl' ? 'acl' : header);

/** Tells whether a form can carry these headers; tags it wants in XML. */
export const canPostHeaders = (headers: Readonly<Record<string, string>>): boolean =>
  !('x-amz-tagging' in headers) && !Object.values(headers).some(hasFormVariable);

/**
 * Tells whether a store would fill something into a form's field: it puts the name of the file sent for `${filename}`,
 * so that the object would come to stand under another key than was granted. A PUT takes such texts as they are.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTForms.html
 */
export const hasFormVariable = (text: string): boolean => text.includes('${');
