import type { ChunkLoadedRequest, UploadReference } from '../../protocol.js';
import type { Clock, SignerPort } from '../ports.js';
import { backoff } from '../util/timing.js';
import { sleep } from '../util/timing.js';

/** Milliseconds in which stored parts are gathered into one notice, and the most of them. */
const BATCH_DELAY_MS = 2_000;
const MAX_PARTS_PER_CALL = 500;
/** Tries for the last notice: it may bring the receipt, but no upload fails for want of it. */
const MAX_COMPLETE_ATTEMPTS = 5;

/**
 * Tells the signer's tracker which parts are stored, in batches. A notice that fails is said again with the next:
 * the tracker is a help, not the truth.
 */
export class TrackerNotifier {
  readonly #signer: SignerPort;
  readonly #clock: Clock;
  readonly #reference: () => UploadReference;
  #pending = new Set<number>();
  #cancelTimer: (() => void) | null = null;

  constructor(signer: SignerPort, clock: Clock, reference: () => UploadReference) {
    this.#signer = signer;
    this.#clock = clock;
    this.#reference = reference;
  }

  started(): void {
    void this.#send([], 'started').catch(() => {});
  }

  stored(partNumber: number): void {
    this.#pending.add(partNumber);
    this.#cancelTimer ??= this.#clock.setTimer(() => this.flush(), BATCH_DELAY_MS);
  }

  /** Says what is unsaid: at a pause, or before the page goes. */
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

  /** Says that all is over and done. @returns the signer's receipt, or null where it gives none or cannot be had */
  async complete(signal: AbortSignal): Promise<string | null> {
    this.#cancel();
    for (let attempt = 1; attempt <= MAX_COMPLETE_ATTEMPTS; attempt++) {
      try {
        return (await this.#send([...this.#pending], 'complete'))?.receipt ?? null;
      } catch {
        await sleep(this.#clock, backoff(attempt, this.#clock.random()), signal);
      }
    }
    return null;
  }

  aborted(): void {
    this.#cancel();
    void this.#send([], 'aborted').catch(() => {});
  }

  #cancel(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = null;
  }

  #send(chunks: number[], state?: ChunkLoadedRequest['state']) {
    return this.#signer.call('chunk_loaded', { ...this.#reference(), chunks, ...(state && { state }) });
  }
}
