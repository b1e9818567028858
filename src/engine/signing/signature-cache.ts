import type { AllAnswer, Protocol, SignedAnswer } from '../../protocol.js';
import { isFresh, momentOf, readSignature } from '../model/signature.js';
import type { Moment, Signature, SignedUpload } from '../model/signature.js';
import type { Clock, SignerPort } from '../ports.js';

/** Number of part signatures that are requested in one call. */
export const WINDOW_SIZE = 100;
/** With fewer cached part signatures than this, the next window is requested. */
const LOW_WATERMARK = 16;
/** Minimum parts in a window with checksums that is requested ahead: few checksums are computed in advance. */
const MIN_WINDOW_WITH_CHECKSUMS = 8;

/** Requests that are signed once for an upload, not once for each part. */
export type UploadRequest = 'list' | 'end' | 'delete' | 'head';
type SigningAction = `get_${UploadRequest | 'chunk'}_signature`;

/**
 * Caches the signatures of one upload. If the signer offers `get_all_signatures`, it requests them in windows, before they
 * are needed; else one at a time.
 */
export class SignatureCache {
  readonly #signer: SignerPort;
  readonly #clock: Clock;
  readonly #onAnswer: () => void;
  readonly #parts = new Map<number, Signature>();
  readonly #requests = new Map<UploadRequest, Signature>();
  #pendingWindow: Promise<void> | null = null;
  #generation = 0;

  /** @param onAnswer called for each answer of the signer that is not a refusal */
  constructor(signer: SignerPort, clock: Clock, onAnswer = (): void => {}) {
    this.#signer = signer;
    this.#clock = clock;
    this.#onAnswer = onAnswer;
  }

  /** Removes all signatures: the store rejected one, or they are of a former grant or session. */
  clear(): void {
    this.#generation++;
    this.#parts.clear();
    this.#requests.clear();
    this.#pendingWindow = null;
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

  /** Removes the signature of a part that is stored or needs another one. */
  forgetPart(partNumber: number): void {
    this.#parts.delete(partNumber);
  }

  /**
   * Returns a signature for a part, and requests those of the parts after it in the same call.
   * @param unstored returns the numbers of all parts that are not stored, in the order of sending, with this one
   * @throws SignerFault, UploadError `invalid-response`, DOMException if the part cannot be read
   */
  async signPart(
    partNumber: number,
    upload: SignedUpload,
    unstored: () => Iterable<number>,
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
      const cached = this.#getFresh(this.#parts, partNumber);
      if (cached) {
        this.#prefetch(upload, unstored, signal);
        return cached;
      }
      if (values) await values.gather(partNumber, (near) => this.#parts.has(near), signal);
      // meanwhile the window of another part may have included this one
      if (values && this.#parts.has(partNumber)) continue;
      this.#pendingWindow ??= this.#requestWindow(upload, unstored(), signal);
      await this.#pendingWindow;
    }
  }

  /** Returns a signature for list, end, delete or head. @param marker number of the last part on the former page of the list */
  async signRequest(
    what: UploadRequest,
    upload: SignedUpload,
    signal: AbortSignal,
    marker?: number,
  ): Promise<Signature> {
    const { reference, size, objectChecksum } = upload;
    const checksum = what === 'end' ? objectChecksum : null;
    // requests for a later page of the list, or with a checksum, are not cached
    const cache = marker || checksum ? new Map<UploadRequest, Signature>() : this.#requests;
    const { key, grant } = reference;
    return this.#getOrSign(cache, what, `get_${what}_signature`, signal, {
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

  #getFresh<K>(cache: Map<K, Signature>, name: K): Signature | null {
    const signature = cache.get(name);
    if (signature && isFresh(signature, this.#clock)) return signature;
    cache.delete(name);
    return null;
  }

  /** Returns a cached signature, or requests it alone. */
  async #getOrSign<K, A extends SigningAction>(
    cache: Map<K, Signature>,
    name: K,
    action: A,
    signal: AbortSignal,
    request: Protocol[A]['request'],
  ): Promise<Signature> {
    const fresh = this.#getFresh(cache, name);
    if (fresh) return fresh;
    const generation = this.#generation;
    const requestedAt = momentOf(this.#clock);
    const answer = (await this.#signer.call(action, request, signal)) as SignedAnswer;
    this.#onAnswer();
    const signature = readSignature(answer, answer, requestedAt);
    if (generation === this.#generation) cache.set(name, signature);
    return signature;
  }

  #prefetch(upload: SignedUpload, unstored: () => Iterable<number>, signal: AbortSignal): void {
    const { values } = upload;
    values?.ahead();
    if (this.#pendingWindow || this.#parts.size >= LOW_WATERMARK) return;
    const isReady = (partNumber: number): boolean => !values || values.get(partNumber) !== undefined;
    const unsigned = [...takeWindow(unstored(), (partNumber) => !this.#parts.has(partNumber) && isReady(partNumber))];
    if (values && unsigned.length < MIN_WINDOW_WITH_CHECKSUMS) return;
    // a part that waits for this window handles its error
    if (unsigned.length) void (this.#pendingWindow = this.#requestWindow(upload, unsigned, signal)).catch(() => {});
  }

  async #requestWindow(
    { reference, size, partSize, values }: SignedUpload,
    wanted: Iterable<number>,
    signal: AbortSignal,
  ): Promise<void> {
    const generation = this.#generation;
    const isReady = (partNumber: number): boolean => !values || values.get(partNumber) !== undefined;
    const chunks = [
      ...takeWindow(wanted, (partNumber) => !this.#getFresh(this.#parts, partNumber) && isReady(partNumber)),
    ];
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
      if (generation === this.#generation) this.#pendingWindow = null;
    }
  }

  #add(answer: AllAnswer, chunks: readonly number[], hasChecksums: boolean, requestedAt: Moment): void {
    for (const chunk of chunks) this.#parts.set(chunk, readSignature(answer.chunks?.[chunk], answer, requestedAt));
    for (const what of ['list', 'end', 'delete', 'head'] as const) {
      // with checksums, Complete has to send the checksum of the object, which this signature does not cover
      if (answer[what] && !(hasChecksums && what === 'end'))
        this.#requests.set(what, readSignature(answer[what], answer, requestedAt));
    }
  }
}

function* takeWindow(numbers: Iterable<number>, isWanted: (partNumber: number) => boolean): Generator<number> {
  let count = 0;
  for (const partNumber of numbers) {
    if (!isWanted(partNumber)) continue;
    yield partNumber;
    if (++count === WINDOW_SIZE) return;
  }
}
