import type { Protocol, SignedAnswer } from '../../protocol.js';
import { isFresh, momentOf, readSignature } from '../model/signature.js';
import type { Signature, SignedUpload } from '../model/signature.js';
import type { Clock, SignerPort } from '../ports.js';

/** Part signatures asked for in one call. */
export const WINDOW_SIZE = 100;
/** Below so many in hand, the next window is asked for. */
const LOW_WATERMARK = 16;
/** Parts with checksums for which the next call is made ahead of need: more of them are not computed ahead. */
const LOW_WATERMARK_WITH_CHECKSUMS = 8;

/** What is signed once for an upload, not once for each part. */
export type UploadRequest = 'list' | 'end' | 'delete' | 'head';
type SigningAction = `get_${UploadRequest | 'chunk'}_signature`;

/** The signatures of one upload: asked for in windows ahead of need where the signer can, singly where not. */
export class SignatureCache {
  readonly #signer: SignerPort;
  readonly #clock: Clock;
  readonly #parts = new Map<number, Signature>();
  readonly #requests = new Map<UploadRequest, Signature>();
  #window: Promise<void> | null = null;
  #generation = 0;

  constructor(signer: SignerPort, clock: Clock) {
    this.#signer = signer;
    this.#clock = clock;
  }

  /** Forgets all: none of them is believed any more. */
  clear(): void {
    this.#generation++;
    this.#parts.clear();
    this.#requests.clear();
    this.#window = null;
  }

  /** Forgets that of a part that is stored. */
  forgetPart(partNumber: number): void {
    this.#parts.delete(partNumber);
  }

  /**
   * Gives a signature for a part; asks for those of the parts after it in the same call.
   * @param missing numbers of the parts that are not stored, this one among them, in the order they will be sent
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
      // another part may have had it asked for meanwhile
      if (values && this.#parts.has(partNumber)) continue;
      this.#window ??= this.#requestWindow(upload, missing(), signal);
      await this.#window;
    }
  }

  /** Gives a signature for list, end, delete or head. */
  async signRequest(
    what: UploadRequest,
    upload: SignedUpload,
    signal: AbortSignal,
    marker?: number,
  ): Promise<Signature> {
    const { reference, size, whole } = upload;
    const checksum = what === 'end' ? whole : null;
    // a page of the list has a signature of its own, and so has a checksum
    const known = marker || checksum ? new Map<UploadRequest, Signature>() : this.#requests;
    const { key, grant } = reference;
    return this.#getOrSign(known, what, `get_${what}_signature`, signal, {
      ...(what === 'head' ? { key, grant } : reference),
      ...(what === 'end' && { size }),
      ...(checksum && { checksum }),
      ...(marker && { part_number_marker: marker }),
    });
  }

  /** Whether the signer signs this at all. */
  supports(what: UploadRequest, { actions }: SignedUpload): boolean {
    return what === 'list' || what === 'end' || actions.includes(`get_${what}_signature`) || this.#requests.has(what);
  }

  #fresh<K>(from: Map<K, Signature>, name: K): Signature | null {
    const known = from.get(name);
    if (known && isFresh(known, this.#clock)) return known;
    from.delete(name);
    return null;
  }

  /** Gives the one that is known, or asks for it alone. */
  async #getOrSign<K, A extends SigningAction>(
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
    const signature = readSignature(answer, answer, asked);
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
    // A failure is met again, and judged, by the part that needs the signature.
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
    const asked = momentOf(this.#clock);
    try {
      const answer = await this.#signer.call(
        'get_all_signatures',
        { ...reference, size, part_size: partSize, chunks, ...(checksums && { checksums }) },
        signal,
      );
      if (generation !== this.#generation) return;
      for (const chunk of chunks) this.#parts.set(chunk, readSignature(answer.chunks?.[chunk], answer, asked));
      for (const what of ['list', 'end', 'delete', 'head'] as const) {
        // where there are checksums, the end has to name the whole object's
        if (answer[what] && !(values && what === 'end'))
          this.#requests.set(what, readSignature(answer[what], answer, asked));
      }
    } finally {
      if (generation === this.#generation) this.#window = null;
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
