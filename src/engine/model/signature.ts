import type { Action, Signed, SignedRequest, UploadReference } from '../../protocol.js';
import { invalidAnswer, SignerFault } from '../api/errors.js';
import type { Clock } from '../ports.js';

/** A signature is no longer used when less than this time is left, so that it does not expire in flight. */
const EXPIRY_MARGIN_MS = 30_000;

/** A signed request and the time for which it may be used. */
export interface Signature extends SignedRequest {
  /** Milliseconds after `requestedAt` in which it may be used. */
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
    throw invalidAnswer('signed an invalid URL', 'sign');
  }
  const date = searchParams.get('X-Amz-Date') ?? '';
  const iso = date.replace(/^(\d{4})(\d\d)(\d\dT\d\d)(\d\d)(\d\dZ)$/, '$1-$2-$3:$4:$5');
  return Date.parse(iso) + Number(searchParams.get('X-Amz-Expires') ?? NaN) * 1_000;
}

/**
 * Validates a request that a signer signed.
 * @param answer the signer's answer: its time, and the expiry of requests that have none of their own
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
  // both times are by the signer's clock; if it sends no time, this device's clock is used
  const remainingMs = Number.isNaN(expires) ? Infinity : expires - (answer.time ?? requestedAt.wall);
  // also for times that are no numbers
  if (!(remainingMs > 0))
    throw new SignerFault(200, null, 'the signature had expired already: is the clock of the signer right?');
  return {
    method,
    url,
    ...(headers && { headers }),
    lifetime: remainingMs - Math.min(EXPIRY_MARGIN_MS, remainingMs / 4),
    requestedAt,
  };
}

/** Provides the checksums of one upload's parts to the code that requests their signatures. */
export interface PartChecksumSource {
  /** Returns the checksum of a part, base64; undefined until it is computed. */
  get(partNumber: number): string | undefined;
  /** Starts to compute the checksums of the parts that will be signed next. */
  ahead(): void;
  /**
   * Waits until the checksum of a part is computed, and then briefly for the checksums of parts after it.
   * @param isSigned whether a part has a signature and needs no other
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
  /** The parts' checksums; null for an upload without checksums. */
  readonly values: PartChecksumSource | null;
  /** The object's checksum, for Complete; null if it has none. */
  readonly objectChecksum: string | null;
}
