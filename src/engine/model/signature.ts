import type { Action, Signed, SignedRequest, UploadReference } from '../../protocol.js';
import { invalidAnswer, SignerFault } from '../api/errors.js';
import type { Clock } from '../ports.js';

/** A signature is not used in this time before it expires, so that it does not expire in flight. */
const EXPIRY_MARGIN_MS = 30_000;

/** A signed request and the time for which it may be used. */
export interface Signature extends SignedRequest {
  /** Milliseconds from `requestedAt`. */
  readonly lifetime: number;
  /** When the signer was called. */
  readonly requestedAt: Moment;
}

/** A time on both clocks: the wall clock can be set, and the monotonic one may stop while the device sleeps. */
export interface Moment {
  readonly wall: number;
  readonly monotonic: number;
}

export const momentOf = (clock: Clock): Moment => ({ wall: clock.now(), monotonic: clock.monotonic() });

/** Whether a signature may still be used. The clock on which more time has passed decides. */
export function isFresh(signature: Signature, clock: Clock): boolean {
  const elapsed = Math.max(
    clock.now() - signature.requestedAt.wall,
    clock.monotonic() - signature.requestedAt.monotonic,
  );
  return elapsed < signature.lifetime;
}

/**
 * Returns when a presigned URL expires, by its `X-Amz-Date` and `X-Amz-Expires`: epoch milliseconds, NaN if it has none.
 * @throws UploadError `invalid-response` for text that is not an absolute URL
 */
function expiryOfUrl(url: string): number {
  let searchParams: URLSearchParams;
  try {
    ({ searchParams } = new URL(url));
  } catch {
    throw invalidAnswer('signed what is no URL', 'sign');
  }
  const date = searchParams.get('X-Amz-Date') ?? '';
  const iso = date.replace(/^(\d{4})(\d\d)(\d\dT\d\d)(\d\d)(\d\dZ)$/, '$1-$2-$3:$4:$5');
  return Date.parse(iso) + Number(searchParams.get('X-Amz-Expires') ?? NaN) * 1_000;
}

/**
 * Validates a request that a signer signed.
 * @param answer has the time of the signer's clock, and an expiry for requests that have none
 * @param requestedAt when the signer was called
 * @throws UploadError `invalid-response`
 * @throws SignerFault if it has expired already
 */
export function readSignature(
  signed: Signed | undefined,
  answer: { time?: number; expires?: number },
  requestedAt: Moment,
): Signature {
  const request = typeof signed === 'string' ? { method: 'PUT', url: signed } : signed;
  if (!request || typeof request.url !== 'string' || typeof request.method !== 'string') {
    throw invalidAnswer('leaves out a signed request', 'sign');
  }
  const { method, url, headers } = request;
  const ownExpiry = expiryOfUrl(url);
  const expires = request.expires ?? answer.expires ?? ownExpiry;
  // both times are of the signer's clock; only if it sends none, this device's clock is compared
  const left = Number.isNaN(expires) ? Infinity : expires - (answer.time ?? requestedAt.wall);
  // also for times that are no numbers
  if (!(left > 0))
    throw new SignerFault(200, null, 'the signature had expired already: is the clock of the signer right?');
  return {
    method,
    url,
    ...(headers && { headers }),
    lifetime: left - Math.min(EXPIRY_MARGIN_MS, left / 4),
    requestedAt,
  };
}

/** Provides the checksums of one upload's parts to those who sign them. */
export interface PartChecksumSource {
  /** Returns the checksum of a part, base64; undefined until it is computed. */
  get(partNumber: number): string | undefined;
  /** Starts to compute the checksums of the parts that will be signed next. */
  ahead(): void;
  /**
   * Waits until the checksum of a part is known, and a little longer for those of parts after it.
   * @param isSigned excludes parts that need no signature
   * @throws DOMException if the part cannot be read
   */
  gather(partNumber: number, isSigned: (partNumber: number) => boolean, signal: AbortSignal): Promise<void>;
}

/** The facts about an upload that its signature requests contain. */
export interface SignedUpload {
  readonly reference: UploadReference;
  readonly actions: readonly Action[];
  readonly size: number;
  readonly partSize: number;
  sizeOf(partNumber: number): number;
  /** The parts' checksums; null for an upload without. */
  readonly values: PartChecksumSource | null;
  /** The object's checksum, for Complete; null if it has none. */
  readonly whole: string | null;
}
