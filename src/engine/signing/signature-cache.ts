import type { AllAnswer, Protocol, SignedAnswer } from '../../protocol.js';
import { isFresh, momentOf, readSignature } from '../model/signature.js';
import type { Moment, Signature, SignedUpload } from '../model/signature.js';
import type { Clock, SignerPort } from '../ports.js';

/** Part signatures requested in one call. */
export const WINDOW_SIZE = 100;
/** With fewer cached signatures, the next window is requested. */
const LOW_WATERMARK = 16;
/** The same for uploads with checksums, of which only a few are computed in advance. */
const LOW_WATERMARK_WITH_CHECKSUMS = 8;

/** Requests that are signed once for an upload, not once for each part. */
export type UploadRequest = 'list' | 'end' | 'delete' | 'head';
type SigningAction = `get_${UploadRequest | 'chunk'}_signature`;

/**
 * Caches the signatures of one upload. They are requested in windows and before they are needed if the signer offers
 * `get_all_signatures`, else one at a time.
 */
export class SignatureCache {
  readonly #signer: SignerPort;
  readonly #clock: Clock;
  readonly #onAnswer: () => void;
  readonly #parts = new Map<number, Signature>();
  readonly #requests = new Map<UploadRequest, Signature>();
  #window: Promise<void> | null = null;
  #generation = 0;

  /** @param onAnswer called for each answer of the signer that is not a refusal */
  constructor(signer: SignerPort, clock: Clock, onAnswer = (): void => {}) {
    this.#signer = signer;
    this.#clock = clock;
    this.#onAnswer = onAnswer;
  }

  /** Removes all signatures, because the store rejected one. */
  clear(): void {
    this.#generation++;
    this.#parts.clear();
    this.#requests.clear();
    this.#window = null;
  }

  /** Adds a window that came with the answer of init, without checksums. An invalid one is ignored. */
  addWindow(answer: AllAnswer, requestedAt: Moment): void {
    try {
      this.#add(answer, Object.keys(answer.chunks).map(Number), false, requestedAt);
    } catch {
      // the first part requests a window
      this.clear();
    }
  }

  /** Removes the signature of a part that is stored. */
  forgetPart(partNumber: number): void {
    this.#parts.delete(partNumber);
  }

  /**
   * Returns a signature for a part, and requests those of the parts after it in the same call.
   * @param missing returns the numbers of all parts that are not stored, this one included, in the order of sending
   * @throws SignerFault, UploadError `invalid-response`, DOMException if the part cannot be read
   */
  async signPart(
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
      return this.#getOrSign(this.#parts, partNumber, 'get_chunk_signature', signal, request);
    }
    for (;;) {
      const known = this.#fresh(this.#parts, partNumber);
      if (known) {
        this.#prefetch(upload, missing, signal);
        return known;
      }
      if (values) await values.gather(partNumber, (near) => this.#parts.has(near), signal);
      // another part's window may have included it meanwhile
      if (values && this.#parts.has(partNumber)) continue;
      this.#window ??= this.#requestWindow(upload, missing(), signal);
      await this.#window;
    }
  }

  /** Returns a signature for list, end, delete or head. @param marker part after which a later page of the list begins */
  async signRequest(
    what: UploadRequest,
    upload: SignedUpload,
    signal: AbortSignal,
    marker?: number,
  ): Promise<Signature> {
    const { reference, size, objectChecksum: whole } = upload;
    const checksum = what === 'end' ? whole : null;
    // a later page of the list, or a checksum, makes it another request, which is not cached
    const known = marker || checksum ? new Map<UploadRequest, Signature>() : this.#requests;
    const { key, grant } = reference;
    return this.#getOrSign(known, what, `get_${what}_signature`, signal, {
      ...(what === 'head' ? { key, grant } : reference),
      ...(what === 'end' && { size }),
      ...(checksum && { checksum }),
      ...(marker && { part_number_marker: marker }),
    });
  }

  /** Whether the signer signs this request. */
  supports(what: UploadRequest, { actions }: SignedUpload): boolean {
    return what === 'list' || what === 'end' || actions.includes(`get_${what}_signature`) || this.#requests.has(what);
  }

  #fresh<K>(from: Map<K, Signature>, name: K): Signature | null {
    const known = from.get(name);
    if (known && isFresh(known, this.#clock)) return known;
    from.delete(name);
    return null;
  }

  /** Returns a cached signature, or requests it alone. */
  async #getOrSign<K, A extends SigningAction>(
    known: Map<K, Signature>,
    name: K,
    action: A,
    signal: AbortSignal,
    request: Protocol[A]['request'],
  ): Promise<Signature> {
    const fresh = this.#fresh(known, name);
    if (fresh) return fresh;
    const requestedAt = momentOf(this.#clock);
    const answer = (await this.#signer.call(action, request, signal)) as SignedAnswer;
    this.#onAnswer();
    const signature = readSignature(answer, answer, requestedAt);
    known.set(name, signature);
    return signature;
  }

  #prefetch(upload: SignedUpload, missing: () => Iterable<number>, signal: AbortSignal): void {
    const { values } = upload;
    values?.ahead();
    if (this.#window || this.#parts.size >= LOW_WATERMARK) return;
    const isReady = (partNumber: number): boolean => !values || values.get(partNumber) !== undefined;
    const unsigned = [...take(missing(), (partNumber) => !this.#parts.has(partNumber) && isReady(partNumber))];
    if (values && unsigned.length < LOW_WATERMARK_WITH_CHECKSUMS) return;
    // an error is ignored here: a part that waits for this window gets it too
    if (unsigned.length) void (this.#window = this.#requestWindow(upload, unsigned, signal)).catch(() => {});
  }

  async #requestWindow(
    { reference, size, partSize, values }: SignedUpload,
    wanted: Iterable<number>,
    signal: AbortSignal,
  ): Promise<void> {
    const generation = this.#generation;
    const isReady = (partNumber: number): boolean => !values || values.get(partNumber) !== undefined;
    const chunks = [...take(wanted, (partNumber) => !this.#fresh(this.#parts, partNumber) && isReady(partNumber))];
    const checksums = values && Object.fromEntries(chunks.map((chunk) => [chunk, values.get(chunk)!]));
    const requestedAt = momentOf(this.#clock);
    try {
      const answer = await this.#signer.call(
        'get_all_signatures',
        { ...reference, size, part_size: partSize, chunks, ...(checksums && { checksums }) },
        signal,
      );
      this.#onAnswer();
      if (generation !== this.#generation) return;
      this.#add(answer, chunks, values !== null, requestedAt);
    } finally {
      if (generation === this.#generation) this.#window = null;
    }
  }

  #add(answer: AllAnswer, chunks: readonly number[], hasChecksums: boolean, requestedAt: Moment): void {
    for (const chunk of chunks) this.#parts.set(chunk, readSignature(answer.chunks?.[chunk], answer, requestedAt));
    for (const what of ['list', 'end', 'delete', 'head'] as const) {
      // with checksums, Complete has to send the object's, which this signature does not include
      if (answer[what] && !(hasChecksums && what === 'end'))
        this.#requests.set(what, readSignature(answer[what], answer, requestedAt));
    }
  }
}

function* take(numbers: Iterable<number>, isWanted: (partNumber: number) => boolean): Generator<number> {
  let count = 0;
  for (const partNumber of numbers) {
    if (!isWanted(partNumber)) continue;
    yield partNumber;
    if (++count === WINDOW_SIZE) return;
  }
}
