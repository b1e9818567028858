import type { Action, Protocol, Signed, SignedAnswer, SignedRequest, UploadReference } from '../../protocol.js';
import { invalidAnswer, SignerFault } from '../api/errors.js';
import type { PartChecksums } from '../integrity/part-checksums.js';
import type { Clock, SignerPort } from '../ports.js';

/** Part signatures asked for in one call. */
export const WINDOW_SIZE = 100;
/** Below so many in hand, the next window is asked for. */
const LOW_WATERMARK = 16;
/** Parts with checksums for which the next call is made ahead of need: more of them are not computed ahead. */
const LOW_WATERMARK_WITH_CHECKSUMS = 8;
/** Milliseconds before expiry in which a signature is not used any more. */
const EXPIRY_MARGIN_MS = 30_000;

/** A signed request and how long it may be used. */
export interface Signature extends SignedRequest {
  /** Milliseconds of use, counted from when it was asked for. */
  readonly life: number;
  readonly asked: Moment;
}

/** One moment by both clocks: the wall clock can be set, the other can stand still while the machine sleeps. */
export interface Moment {
  readonly wall: number;
  readonly monotonic: number;
}

export const momentOf = (clock: Clock): Moment => ({ wall: clock.now(), monotonic: clock.monotonic() });

/** Tells whether a signature may still be used; the greater of the two clocks' differences counts. */
export function isFresh(signature: Signature, clock: Clock): boolean {
  const passed = Math.max(clock.now() - signature.asked.wall, clock.monotonic() - signature.asked.monotonic);
  return passed < signature.life;
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
  return { method, url, ...(headers && { headers }), life: left - Math.min(EXPIRY_MARGIN_MS, left / 4), asked };
}

/** What is signed once for an upload, not once for each part. */
export type UploadRequest = 'list' | 'end' | 'delete' | 'head';
type SigningAction = `get_${UploadRequest | 'chunk'}_signature`;

/** The signatures of one upload: asked for in windows ahead of need where the signer can, singly where not. */
export class SignatureCache {
  readonly #signer: SignerPort;
  readonly #clock: Clock;
  readonly #onAnswer: () => void;
  readonly #parts = new Map<number, Signature>();
  readonly #once = new Map<UploadRequest, Signature>();
  #window: Promise<void> | null = null;
  #generation = 0;

  /** @param onAnswer called for each answer of the signer that is no refusal */
  constructor(signer: SignerPort, clock: Clock, onAnswer = (): void => {}) {
    this.#signer = signer;
    this.#clock = clock;
    this.#onAnswer = onAnswer;
  }

  /** Forgets all: none of them is believed any more. */
  drop(): void {
    this.#generation++;
    this.#parts.clear();
    this.#once.clear();
    this.#window = null;
  }

  /** Forgets that of a part that is stored. */
  used(partNumber: number): void {
    this.#parts.delete(partNumber);
  }

  /**
   * Gives a signature for a part; asks for those of the parts after it in the same call.
   * @param missing numbers of the parts that are not stored, this one among them, in the order they will be sent
   */
  async part(
    partNumber: number,
    upload: SignedUpload,
    missing: () => Iterable<number>,
    signal: AbortSignal,
  ): Promise<Signature> {
    const { values } = upload;
    if (!upload.actions.includes('get_all_signatures')) {
      if (values) await values.gather(partNumber, () => true, signal);
      const { reference, sizeOf } = upload;
      const checksum = values?.get(partNumber);
      const request = { ...reference, chunk: partNumber, size: sizeOf(partNumber), ...(checksum && { checksum }) };
      return this.#single(this.#parts, partNumber, 'get_chunk_signature', signal, request);
    }
    for (;;) {
      const known = this.#fresh(this.#parts, partNumber);
      if (known) {
        this.#lookAhead(upload, missing, signal);
        return known;
      }
      if (values) await values.gather(partNumber, (near) => this.#parts.has(near), signal);
      // another part may have had it asked for meanwhile
      if (values && this.#parts.has(partNumber)) continue;
      this.#window ??= this.#ask(upload, missing(), signal);
      await this.#window;
    }
  }

  /** Gives a signature for list, end, delete or head. */
  async once(what: UploadRequest, upload: SignedUpload, signal: AbortSignal, marker?: number): Promise<Signature> {
    const { reference, size, whole } = upload;
    const checksum = what === 'end' ? whole : null;
    // a page of the list has a signature of its own, and so has a checksum
    const known = marker || checksum ? new Map<UploadRequest, Signature>() : this.#once;
    const { key, grant } = reference;
    return this.#single(known, what, `get_${what}_signature`, signal, {
      ...(what === 'head' ? { key, grant } : reference),
      ...(what === 'end' && { size }),
      ...(checksum && { checksum }),
      ...(marker && { part_number_marker: marker }),
    });
  }

  /** Whether the signer signs this at all. */
  offers(what: UploadRequest, { actions }: SignedUpload): boolean {
    return what === 'list' || what === 'end' || actions.includes(`get_${what}_signature`) || this.#once.has(what);
  }

  #fresh<K>(from: Map<K, Signature>, name: K): Signature | null {
    const known = from.get(name);
    if (known && isFresh(known, this.#clock)) return known;
    from.delete(name);
    return null;
  }

  /** Gives the one that is known, or asks for it alone. */
  async #single<K, A extends SigningAction>(
    known: Map<K, Signature>,
    name: K,
    action: A,
    signal: AbortSignal,
    request: Protocol[A]['request'],
  ): Promise<Signature> {
    const fresh = this.#fresh(known, name);
    if (fresh) return fresh;
    const asked = momentOf(this.#clock);
    const answer = (await this.#signer.call(action, request, signal)) as SignedAnswer;
    this.#onAnswer();
    const signature = readSignature(answer, answer, asked);
    known.set(name, signature);
    return signature;
  }

  #lookAhead(upload: SignedUpload, missing: () => Iterable<number>, signal: AbortSignal): void {
    const { values } = upload;
    values?.ahead();
    if (this.#window || this.#parts.size >= LOW_WATERMARK) return;
    const isReady = (partNumber: number): boolean => !values || values.get(partNumber) !== undefined;
    const unsigned = [...take(missing(), (partNumber) => !this.#parts.has(partNumber) && isReady(partNumber))];
    if (values && unsigned.length < LOW_WATERMARK_WITH_CHECKSUMS) return;
    // A failure is met again, and judged, by the part that needs the signature.
    if (unsigned.length) void (this.#window = this.#ask(upload, unsigned, signal)).catch(() => {});
  }

  async #ask(
    { reference, size, partSize, values }: SignedUpload,
    wanted: Iterable<number>,
    signal: AbortSignal,
  ): Promise<void> {
    const generation = this.#generation;
    const isReady = (partNumber: number): boolean => !values || values.get(partNumber) !== undefined;
    const chunks = [...take(wanted, (partNumber) => !this.#fresh(this.#parts, partNumber) && isReady(partNumber))];
    const checksums = values && Object.fromEntries(chunks.map((chunk) => [chunk, values.get(chunk)!]));
    const asked = momentOf(this.#clock);
    try {
      const answer = await this.#signer.call(
        'get_all_signatures',
        { ...reference, size, part_size: partSize, chunks, ...(checksums && { checksums }) },
        signal,
      );
      this.#onAnswer();
      if (generation !== this.#generation) return;
      for (const chunk of chunks) this.#parts.set(chunk, readSignature(answer.chunks?.[chunk], answer, asked));
      for (const what of ['list', 'end', 'delete', 'head'] as const) {
        // where there are checksums, the end has to name the whole object's
        if (answer[what] && !(values && what === 'end'))
          this.#once.set(what, readSignature(answer[what], answer, asked));
      }
    } finally {
      if (generation === this.#generation) this.#window = null;
    }
  }
}

/** What signatures need to know of their upload. */
export interface SignedUpload {
  readonly reference: UploadReference;
  readonly actions: readonly Action[];
  readonly size: number;
  readonly partSize: number;
  sizeOf(partNumber: number): number;
  /** The checksums of its parts; null where they have none. */
  readonly values: Pick<PartChecksums, 'get' | 'ahead' | 'gather'> | null;
  /** The whole object's, for its end. */
  readonly whole: string | null;
}

function* take(numbers: Iterable<number>, isWanted: (partNumber: number) => boolean): Generator<number> {
  let count = 0;
  for (const partNumber of numbers) {
    if (!isWanted(partNumber)) continue;
    yield partNumber;
    if (++count === WINDOW_SIZE) return;
  }
}
