import type { ChunkLoadedAnswer, ChunkLoadedRequest, UploadReference } from '../../protocol.js';
import type { Clock, SignerPort } from '../ports.js';
import { backoff, sleep } from '../util/timing.js';
import type { Notifications } from './notifications.js';

/** Milliseconds in which stored parts are collected for one notification. */
const COLLECT_MS = 2_000;
/** Maximum number of parts in one notification; the last one reports all that are pending, at most 10,000. */
const MAX_PARTS_PER_CALL = 500;
/** Attempts of the last notification. It may return the receipt, but no upload fails for lack of one. */
const MAX_COMPLETE_ATTEMPTS = 5;
/** Attempts that share a call with other uploads. Later ones are calls of their own: another upload may make a call fail. */
const MAX_BATCHED_ATTEMPTS = 2;

/**
 * Notifies the signer's tracker of stored parts, several in each call. Parts of a failed notification are sent with the next
 * one: no upload depends on them.
 */
export class TrackerNotifier {
  readonly #signer: SignerPort;
  readonly #clock: Clock;
  readonly #reference: () => UploadReference;
  readonly #completions: Notifications | null;
  #pending = new Set<number>();
  #cancelTimer: (() => void) | null = null;

  /** @param completions sends last notifications of several uploads in one call; null if the signer does not offer that */
  constructor(
    { signer, clock }: { readonly signer: SignerPort; readonly clock: Clock },
    reference: () => UploadReference,
    completions: Notifications | null,
  ) {
    this.#signer = signer;
    this.#clock = clock;
    this.#reference = reference;
    this.#completions = completions;
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

  /**
   * Notifies that the upload is complete.
   * @returns the signer's receipt; null if it sends none, or every attempt failed
   * @throws the signal's reason when aborted
   */
  async complete(signal: AbortSignal): Promise<string | null> {
    this.#cancel();
    for (let attempt = 1; attempt <= MAX_COMPLETE_ATTEMPTS; attempt++) {
      try {
        return (await this.#sendComplete(attempt, signal))?.receipt ?? null;
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

  #sendComplete(attempt: number, signal: AbortSignal): Promise<ChunkLoadedAnswer | null> {
    const chunks = [...this.#pending];
    if (!this.#completions || attempt > MAX_BATCHED_ATTEMPTS) return this.#send(chunks, 'complete');
    return this.#completions.send({ ...this.#reference(), chunks, state: 'complete' }, signal);
  }

  #send(chunks: number[], state?: ChunkLoadedRequest['state']): Promise<ChunkLoadedAnswer | null> {
    return this.#signer.call('chunk_loaded', { ...this.#reference(), chunks, ...(state && { state }) });
  }
}
