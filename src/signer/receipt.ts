/** Receipts: what the signer saw stored, sealed for a backend that need not believe the page. */
import { markOf } from './hashes.js';
import { createSeal } from './seal.js';

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
  /** The signer's own; several where they rotate. */
  secret: string | readonly string[];
  bucket: string;
  /** Who has to have uploaded it, as `authorize` names them; null: nobody. Left out, anybody's receipt is taken. */
  principal?: string | number | null;
  /** Seconds that a receipt is good for; a day by default. */
  maxAge?: number;
  /** Epoch milliseconds; the clock by default. */
  now?: () => number;
}

/** A receipt that is not good. */
export class ReceiptError extends Error {
  override readonly name = 'ReceiptError';
  constructor(
    readonly code: 'forged' | 'retired' | 'expired' | 'principal',
    message: string,
  ) {
    super(message);
  }
}

/** The mark that stands for a principal where browsers can see it. */
export const markOfPrincipal = (principal: string): Promise<string> => markOf(`mule-upload principal\n${principal}`);

const sealFor = (secrets: readonly string[], bucket: string) => createSeal(secrets, `mule-upload receipt 1\n${bucket}`);

/** Makes the function that writes receipts. */
export function createReceiptWriter(secrets: readonly string[], bucket: string): (receipt: Receipt) => Promise<string> {
  const { seal } = sealFor(secrets, bucket);
  return (receipt) => seal(receipt);
}

/**
 * Reads the receipt that a form submitted, in the backend that the form goes to. A receipt can be submitted again:
 * note its key, and take each once.
 * @throws ReceiptError for one that this signer's secret did not seal, too old, or somebody else's; TypeError where
 *   `principal` is there but undefined
 */
export async function verifyReceipt(receipt: string, expectations: ReceiptExpectations): Promise<Receipt> {
  const { secret, bucket, principal, maxAge = 86_400, now = Date.now } = expectations;
  // a session without its user must not open everybody's receipts
  if ('principal' in expectations && principal === undefined)
    throw new TypeError("option principal: undefined; name who it has to be, or leave it out to take anybody's");
  const opened = await sealFor(typeof secret === 'string' ? [secret] : secret, bucket).open(String(receipt));
  if (opened.state === 'forged') throw new ReceiptError('forged', 'The receipt is not one that this signer gave.');
  if (opened.state === 'retired')
    throw new ReceiptError('retired', 'The receipt was sealed with a secret that is not among those given.');
  const read = opened.value as Receipt;
  if (now() - read.time > maxAge * 1_000) throw new ReceiptError('expired', 'The receipt is too old.');
  if (principal !== undefined) {
    const mark = principal === null ? null : await markOfPrincipal(String(principal));
    if (read.principal !== mark) throw new ReceiptError('principal', 'The receipt is for somebody else.');
  }
  return read;
}
