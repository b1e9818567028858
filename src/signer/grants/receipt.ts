/** Receipts: what the signer saw stored, sealed for a backend that need not believe the page. */
import { expect, isMatch, OptionError, checkSecrets } from '../util/option-checks.js';
import type { Audience } from './grant.js';
import { shortHash } from '../util/hashes.js';
import { createSeal } from './seal.js';
import { isEndpointUrl, storeIdentity } from '../s3/store-address.js';

/** What a receipt says of an object, as the store itself told the signer. */
export interface Receipt {
  key: string;
  /** Bytes. */
  size: number;
  /** Without quotes. */
  etag: string;
  contentType: string;
  /** The uploader's mark, as init's `principal`; null for nobody. */
  principal: string | null;
  /** Epoch milliseconds, when the signer saw it. */
  time: number;
}

export interface ReceiptExpectations {
  /** The signer's own, of 16 characters or more; several where they rotate. */
  secret: string | readonly string[];
  bucket: string;
  /** The signer's own `name`; left out, only receipts of signers without a name are taken. */
  name?: string;
  /** The signer's own `endpoint`; left out, the receipts of any store. Amazon's own needs none. */
  endpoint?: string;
  /** The signer's own `region`; left out, the receipts of any region. */
  region?: string;
  /** Who has to have uploaded it, as `authorize` names them; null: nobody. Left out, anybody's receipt is taken. */
  principal?: string | number | null;
  /** Seconds that a receipt is good for, above 0; a day by default. */
  maxAge?: number;
  /** Epoch milliseconds; the clock by default. */
  now?: () => number;
}

/** A receipt that is not good. */
export class ReceiptError extends Error {
  override readonly name = 'ReceiptError';
  constructor(
    readonly code: 'forged' | 'retired' | 'expired' | 'principal' | 'audience',
    message: string,
  ) {
    super(message);
  }
}

/** What is sealed: which signer wrote it stands beside what it saw; receipts of release 0.1.0 lack that. */
type SealedReceipt = Receipt & { signer?: string; store?: string; region?: string };

/** The mark that stands for a principal where browsers can see it. */
export const hashPrincipal = (principal: string): Promise<string> => shortHash(`mule-upload principal\n${principal}`);

const sealFor = (secrets: readonly string[], bucket: string) => createSeal(secrets, `mule-upload receipt 1\n${bucket}`);

/** Makes the function that writes receipts. */
export function createReceiptWriter(
  secrets: readonly string[],
  { name, storeName, region, bucket }: Audience,
): (receipt: Receipt) => Promise<string> {
  const { seal } = sealFor(secrets, bucket);
  const writer = { ...(name && { signer: name }), store: storeName, region };
  return (receipt) => seal({ ...receipt, ...writer } satisfies SealedReceipt);
}

/**
 * Reads the receipt that a form submitted, in the backend that the form goes to. A receipt can be submitted again:
 * note its key, and take each once.
 * @throws ReceiptError for one that this signer's secret did not seal, too old, another signer's, or somebody else's
 * @throws TypeError naming the option, for secrets that `createSigner` would refuse, a `maxAge` that is no finite number
 *   above 0, and a `principal` that is there but undefined
 */
export async function verifyReceipt(receipt: string, expectations: ReceiptExpectations): Promise<Receipt> {
  const { secrets, bucket, principal, maxAge, now } = checkExpectations(expectations);
  const opened = await sealFor(secrets, bucket).open(String(receipt));
  if (opened.state === 'forged') throw new ReceiptError('forged', 'The receipt is not one that this signer gave.');
  if (opened.state === 'retired')
    throw new ReceiptError('retired', 'The receipt was sealed with a secret that is not among those given.');
  const { signer, store, region, ...read } = opened.value as SealedReceipt;
  if (now - read.time > maxAge * 1_000) throw new ReceiptError('expired', 'The receipt is too old.');
  const isOfAnother =
    signer !== expectations.name
    || (expectations.endpoint !== undefined && store !== storeIdentity(expectations.endpoint))
    || (expectations.region !== undefined && region !== expectations.region);
  if (isOfAnother)
    throw new ReceiptError('audience', 'The receipt is one of another signer: compare name, endpoint and region.');
  if (principal !== undefined) {
    const mark = principal === null ? null : await hashPrincipal(String(principal));
    if (read.principal !== mark) throw new ReceiptError('principal', 'The receipt is for somebody else.');
  }
  return read;
}

/** @throws OptionError, a TypeError, for what would take a receipt that is not good, or none at all */
function checkExpectations(expectations: ReceiptExpectations) {
  const { secret, bucket, name, endpoint, region, principal, maxAge = 86_400, now = Date.now } = expectations;
  const secrets = checkSecrets(secret);
  const isText = isMatch(/./);
  expect('bucket', bucket, isText, 'the name of a bucket');
  if (name !== undefined) expect('name', name, isText, 'the name of a signer');
  if (endpoint !== undefined) expect('endpoint', endpoint, isEndpointUrl, 'an http or https URL of a store');
  if (region !== undefined) expect('region', region, isText, 'the name of a region');
  expect(
    'maxAge',
    maxAge,
    (value) => Number.isFinite(value) && (value as number) > 0,
    'a finite number of seconds above 0',
  );
  // a session without its user must not open everybody's receipts, nor a rounded number two people's
  const isSomebody = isText(principal) || principal === null || Number.isSafeInteger(principal);
  if ('principal' in expectations && !isSomebody) {
    const value = JSON.stringify(principal) as string | undefined;
    throw new OptionError(
      'principal',
      `${value}; name who it has to be by a text or a safe integer, or leave it out to take anybody's`,
    );
  }
  const time = now();
  expect('now', time, Number.isFinite, 'a function that gives epoch milliseconds');
  return { secrets, bucket, principal, maxAge, now: time };
}
