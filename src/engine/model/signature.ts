import type { Action, Signed, SignedRequest, UploadReference } from '../../protocol.js';
import { invalidAnswer, SignerFault } from '../api/errors.js';
import type { Clock } from '../ports.js';

/** A signature is not used any more in the last milliseconds before it expires. */
const EXPIRY_MARGIN_MS = 30_000;

/** A signed request and how long it may be used. */
export interface Signature extends SignedRequest {
  /** Milliseconds of use, counted from when it was asked for. */
  readonly lifetime: number;
  readonly requestedAt: Moment;
}

/** One moment by both clocks: the wall clock can be set, the other can stand still while the machine sleeps. */
export interface Moment {
  readonly wall: number;
  readonly monotonic: number;
}

export const momentOf = (clock: Clock): Moment => ({ wall: clock.now(), monotonic: clock.monotonic() });

/** Tells whether a signature may still be used; the greater of the two clocks' differences counts. */
export function isFresh(signature: Signature, clock: Clock): boolean {
  const passed = Math.max(
    clock.now() - signature.requestedAt.wall,
    clock.monotonic() - signature.requestedAt.monotonic,
  );
  return passed < signature.lifetime;
}

/**
 * `X-Amz-Date` and `X-Amz-Expires` of a presigned URL as epoch milliseconds; NaN where it has none.
 * @throws UploadError `invalid-response` for text that is no absolute URL
 */
function expiryInUrl(url: string): number {
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
 * Reads what a signer signed.
 * @param answer the signer's clock, and an expiry for what carries none of its own
 * @param asked when the request for it was sent
 * @throws UploadError `invalid-response`
 * @throws SignerFault for one that cannot be used any more
 */
export function readSignature(
  signed: Signed | undefined,
  answer: { time?: number; expires?: number },
  asked: Moment,
): Signature {
  const request = typeof signed === 'string' ? { method: 'PUT', url: signed } : signed;
  if (!request || typeof request.url !== 'string' || typeof request.method !== 'string') {
    throw invalidAnswer('leaves out a signed request', 'sign');
  }
  const { method, url, headers } = request;
  const ownExpiry = expiryInUrl(url);
  const expires = request.expires ?? answer.expires ?? ownExpiry;
  // Life is reckoned by the signer's clock alone; without its time, from the moment the URL itself was dated.
  const left = Number.isNaN(expires) ? Infinity : expires - (answer.time ?? asked.wall);
  if (left <= 0)
    throw new SignerFault(200, null, 'the signature had expired already: is the clock of the signer right?');
  return {
    method,
    url,
    ...(headers && { headers }),
    lifetime: left - Math.min(EXPIRY_MARGIN_MS, left / 4),
    requestedAt: asked,
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
   * @throws DOMException where the part cannot be read
   */
  gather(partNumber: number, isSigned: (partNumber: number) => boolean, signal: AbortSignal): Promise<void>;
}

/** What a signature request says of its upload. */
export interface SignedUpload {
  readonly reference: UploadReference;
  readonly actions: readonly Action[];
  readonly size: number;
  readonly partSize: number;
  sizeOf(partNumber: number): number;
  /** The checksums of its parts; null where they have none. */
  readonly values: PartChecksumSource | null;
  /** The whole object's, for its end. */
  readonly whole: string | null;
}
