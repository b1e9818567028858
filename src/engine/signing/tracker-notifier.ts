import type { ChunkLoadedAnswer, ChunkLoadedRequest, UploadReference } from '../../protocol.js';
import type { Clock, SignerPort } from '../ports.js';

/** Milliseconds in which stored parts are collected for one notification. */
const COLLECT_MS = 2_000;
/** Maximum number of parts in one notification; the last one reports all that are pending, at most 10,000. */
const MAX_PARTS_PER_CALL = 500;
/**
 * Notifies the signer's tracker of stored parts, several in each call. Parts of a failed notification are sent with the next
 * one: no upload depends on them.
 */
export class TrackerNotifier {
  readonly #signer: SignerPort;
  readonly #clock: Clock;
  readonly #reference: () => UploadReference;
  #pending = new Set<number>();
  #cancelTimer: (() => void) | null = null;

  constructor(
    { signer, clock }: { readonly signer: SignerPort; readonly clock: Clock },
    reference: () => UploadReference,
  ) {
    this.#signer = signer;
    this.#clock = clock;
    this.#reference = reference;
  }

  started(): void {
    void this.#send([], 'started').catch(() => {});
  }

  stored(partNumber: number): void {
    this.#pending.add(partNumber);
    this.#cancelTimer ??= this.#clock.setTimer(() => this.flush(), COLLECT_MS);
  }

  /** Reports all pending parts now: after the delay, on pause, or before the page is left. */
  flush(): void {
    this.#cancel();
    if (!this.#pending.size) return;
    const chunks = [...this.#pending].slice(0, MAX_PARTS_PER_CALL);
    for (const chunk of chunks) this.#pending.delete(chunk);
    void this.#send(chunks).catch(() => {
      for (const chunk of chunks) this.#pending.add(chunk);
    });
    if (this.#pending.size) this.flush();
  }

  /** Returns the parts of which the signer was not notified yet, for the last notification; no other one is sent before. */
  pendingParts(): number[] {
    this.#cancel();
    return [...this.#pending];
  }

  /** Notifies once that the upload is complete. */
  complete(): Promise<ChunkLoadedAnswer | null> {
    return this.#send(this.pendingParts(), 'complete');
  }

  aborted(): void {
    this.#cancel();
    void this.#send([], 'aborted').catch(() => {});
  }

  #cancel(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = null;
  }

  #send(chunks: number[], state?: ChunkLoadedRequest['state']): Promise<ChunkLoadedAnswer | null> {
    return this.#signer.call('chunk_loaded', { ...this.#reference(), chunks, ...(state && { state }) });
  }
}
