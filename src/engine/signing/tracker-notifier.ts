import type { ChunkLoadedRequest, UploadReference } from '../../protocol.js';
import type { Clock, SignerPort } from '../ports.js';
import { backoff } from '../network/classify-failure.js';
import { sleep } from '../util/timing.js';

/** Milliseconds in which stored parts are gathered into one notice, and the most of them. */
const GATHER = 2_000;
const MOST = 500;
/** Tries for the last notice: it may bring the receipt, but no upload fails for want of it. */
const LAST_TRIES = 5;

/**
 * Tells the signer's tracker which parts are stored, in batches. A notice that fails is said again with the next:
 * the tracker is a help, not the truth.
 */
export class Notices {
  readonly #signer: SignerPort;
  readonly #clock: Clock;
  readonly #reference: () => UploadReference;
  #unsaid = new Set<number>();
  #cancelTimer: (() => void) | null = null;

  constructor(signer: SignerPort, clock: Clock, reference: () => UploadReference) {
    this.#signer = signer;
    this.#clock = clock;
    this.#reference = reference;
  }

  started(): void {
    void this.#say([], 'started').catch(() => {});
  }

  stored(partNumber: number): void {
    this.#unsaid.add(partNumber);
    this.#cancelTimer ??= this.#clock.setTimer(() => this.flush(), GATHER);
  }

  /** Says what is unsaid: at a pause, or before the page goes. */
  flush(): void {
    this.#cancel();
    if (!this.#unsaid.size) return;
    const chunks = [...this.#unsaid].slice(0, MOST);
    for (const chunk of chunks) this.#unsaid.delete(chunk);
    void this.#say(chunks).catch(() => {
      for (const chunk of chunks) this.#unsaid.add(chunk);
    });
    if (this.#unsaid.size) this.flush();
  }

  /** Says that all is over and done. @returns the signer's receipt, or null where it gives none or cannot be had */
  async complete(signal: AbortSignal): Promise<string | null> {
    this.#cancel();
    for (let attempt = 1; attempt <= LAST_TRIES; attempt++) {
      try {
        return (await this.#say([...this.#unsaid], 'complete'))?.receipt ?? null;
      } catch {
        await sleep(this.#clock, backoff(attempt, this.#clock.random()), signal);
      }
    }
    return null;
  }

  aborted(): void {
    this.#cancel();
    void this.#say([], 'aborted').catch(() => {});
  }

  #cancel(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = null;
  }

  #say(chunks: number[], state?: ChunkLoadedRequest['state']) {
    return this.#signer.call('chunk_loaded', { ...this.#reference(), chunks, ...(state && { state }) });
  }
}
