/** Sealed receipts: a backend verifies that an object was stored without trusting the page. */
import { expect, isMatch, OptionError, checkSecrets } from '../util/option-checks.js';
import type { Audience } from './grant.js';
import { shortHash } from '../util/hashes.js';
import { createSeal } from './seal.js';
import { isEndpointUrl, storeIdentity } from '../s3/store-address.js';

/** A stored object, as the store reported it to the signer. */
export interface Receipt {
  key: string;
  /** Bytes. */
  size: number;
  /** Without quotes. */
  etag: string;
  contentType: string;
  /** Hash of the uploader's principal, as in the answer of init; null for an anonymous upload. */
  principal: string | null;
  /** Epoch milliseconds at which the signer read the object's headers. */
  time: number;
}

export interface ReceiptExpectations {
  /** The signer's `secret`, of at least 16 characters; a list while secrets rotate. */
  secret: string | readonly string[];
  bucket: string;
  /** The signer's `name`; by default, only receipts of signers without a name are accepted. */
  name?: string;
  /** The signer's `endpoint`; by default, receipts of any store are accepted. */
  endpoint?: string;
  /** The signer's `region`; by default, receipts of any region are accepted. */
  region?: string;
  /**
   * The uploader that is required, as returned by `authorize`; null for an anonymous upload. By default, the receipts of
   * all users are accepted.
   */
  principal?: string | number | null;
  /** Seconds for which a receipt is valid, above 0; a day by default. */
  maxAge?: number;
  /** Returns epoch milliseconds; `Date.now` by default. */
  now?: () => number;
}

/** Reports an invalid receipt. */
export class ReceiptError extends Error {
  override readonly name = 'ReceiptError';
  constructor(
    readonly code: 'forged' | 'retired' | 'expired' | 'principal' | 'audience',
    message: string,
  ) {
    super(message);
  }
}

/** The sealed value. Receipts of release 0.1.0 do not name the signer. */
type SealedReceipt = Receipt & { signer?: string; store?: string; region?: string };

/** Hashes a principal, so that browsers and trackers do not see its ID. */
export const hashPrincipal = (principal: string): Promise<string> => shortHash(`mule-upload principal\n${principal}`);

const receiptSeal = (secrets: readonly string[], bucket: string) =>
  createSeal(secrets, `mule-upload receipt 1\n${bucket}`);

/** Creates the function that seals receipts. */
export function createReceiptWriter(
  secrets: readonly string[],
  { name, storeId, region, bucket }: Audience,
): (receipt: Receipt) => Promise<string> {
  const { seal } = receiptSeal(secrets, bucket);
  const writer = { ...(name && { signer: name }), store: storeId, region };
  return (receipt) => seal({ ...receipt, ...writer } satisfies SealedReceipt);
}

/**
 * Verifies the receipt that a form submitted; for the backend that receives the form. A receipt can be submitted twice:
 * store its key, and accept each key once.
 * @throws ReceiptError for a forged or expired receipt, one of another signer, or one of another user
 * @throws TypeError naming the invalid option: a secret that `createSigner` would refuse, a `maxAge` that is not a finite
 *   number above 0, or a `principal` that is present but undefined
 */
export async function verifyReceipt(receipt: string, expectations: ReceiptExpectations): Promise<Receipt> {
  const { secrets, bucket, principal, maxAge, now } = checkExpectations(expectations);
  const opened = await receiptSeal(secrets, bucket).open(String(receipt));
  if (opened.state === 'forged') throw new ReceiptError('forged', 'The receipt was not issued by this signer.');
  if (opened.state === 'retired')
    throw new ReceiptError('retired', 'The receipt was sealed with a secret that is not in the option secret.');
  const { signer, store, region, ...content } = opened.value as SealedReceipt;
  if (now - content.time > maxAge * 1_000) throw new ReceiptError('expired', 'The receipt is too old.');
  const isFromAnotherSigner =
    signer !== expectations.name
    || (expectations.endpoint !== undefined && store !== storeIdentity(expectations.endpoint))
    || (expectations.region !== undefined && region !== expectations.region);
  if (isFromAnotherSigner)
    throw new ReceiptError('audience', 'The receipt was issued by another signer: compare name, endpoint and region.');
  if (principal !== undefined) {
    const expected = principal === null ? null : await hashPrincipal(String(principal));
    if (content.principal !== expected) throw new ReceiptError('principal', 'The receipt belongs to another user.');
  }
  return content;
}

/** @throws OptionError, a TypeError, for expectations that would accept an invalid receipt, or none at all */
function checkExpectations(expectations: ReceiptExpectations) {
  const { secret, bucket, name, endpoint, region, principal, maxAge = 86_400, now = Date.now } = expectations;
  const secrets = checkSecrets(secret);
  const isNonEmpty = isMatch(/./);
  expect('bucket', bucket, isNonEmpty, 'the name of a bucket');
  if (name !== undefined) expect('name', name, isNonEmpty, 'the name of a signer');
  if (endpoint !== undefined) expect('endpoint', endpoint, isEndpointUrl, 'an http or https URL of a store');
  if (region !== undefined) expect('region', region, isNonEmpty, 'the name of a region');
  expect(
    'maxAge',
    maxAge,
    (value) => Number.isFinite(value) && (value as number) > 0,
    'a finite number of seconds above 0',
  );
  // undefined, from a session without a user, must not accept all receipts; a rounded number could match two users
  const isPrincipal = isNonEmpty(principal) || principal === null || Number.isSafeInteger(principal);
  if ('principal' in expectations && !isPrincipal) {
    const value = JSON.stringify(principal) as string | undefined;
    throw new OptionError(
      'principal',
      `${value}; expected a string, a safe integer or null. Omit it to accept the receipts of all users`,
    );
  }
  const time = now();
  expect('now', time, Number.isFinite, 'a function that returns epoch milliseconds');
  return { secrets, bucket, principal, maxAge, now: time };
}
