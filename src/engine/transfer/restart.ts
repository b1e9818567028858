import { DEFAULT_PART_SIZE, MIN_PART_SIZE } from '../../limits.js';
import { sleep } from '../util/timing.js';
import { UploadError } from '../api/errors.js';
import type { Phase } from '../api/errors.js';
import type { RestartRequired, RetryLoop } from '../network/retry-loop.js';
import { backoff } from '../util/timing.js';
import type { Outcome, Transfer } from './transfer.js';
import type { RetryDetail } from '../api/types.js';
import type { Clock } from '../ports.js';

/** Times that the store's list may contradict us before another upload is begun. */
const MAX_RELISTS = 3;

/** What detours need of their upload. */
export interface DetoursHost {
  readonly clock: Clock;
  readonly retrier: RetryLoop;
  readonly transfer: Transfer;
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  /** Of the object; null until the signer has named it. */
  readonly key: string | null;
  announce(retry: Omit<RetryDetail, 'upload'>): void;
  /** Has init asked for a fresh start. @param partSize bytes to wish for per part; null: as before */
  beginAfresh(partSize: number | null): void;
}

/** The ways round steps that no repetition mends: another look at the store, the object that is there, a fresh start. */
export class RestartResolver {
  readonly #host: DetoursHost;
  #relists = 0;
  #restarts = 0;

  constructor(host: DetoursHost) {
    this.#host = host;
  }

  /** Takes another file for what it is: what the store's list said of the last one counts no more. */
  reset(): void {
    this.#relists = 0;
  }

  /** @returns what is known of the object, where it turned out to stand in the bucket */
  async resolve({ to, message }: RestartRequired, phase: Phase, signal: AbortSignal): Promise<Outcome | null> {
    const { transfer, name, size, key } = this.#host;
    if (to === 'relist' && this.#mayLookAgain()) return null;
    let partSize: number | null = null;
    if (to === 'smaller') {
      if (await transfer.hasAnything(signal)) return null;
      const wasWhole = !transfer.session?.uploadId && size > DEFAULT_PART_SIZE;
      partSize = wasWhole ? DEFAULT_PART_SIZE : MIN_PART_SIZE;
    }
    // A Complete that met a conflict may have met its own twin, whose answer was lost.
    const mayStand = (to === 'restart' || to === 'smaller') && transfer.isInDoubt;
    if (to === 'gone' || to === 'exists' || mayStand) {
      const found = await transfer.findObject(to === 'exists' ? to : 'gone', signal);
      if (typeof found === 'object') return found;
      if (to === 'exists') {
        // what stood in the way is gone meanwhile
        if (found === 'absent' && this.#mayLookAgain()) return null;
        throw new UploadError(
          'key-exists',
          `“${name}”: another object stands under “${key}”; upload under another key.`,
          { status: 412, phase },
        );
      }
    }
    transfer.startOver(to !== 'gone');
    this.#host.beginAfresh(partSize);
    this.#relists = 0;
    // whoever goes on in smaller parts has waited for the store, or the line, already
    await this.#wait(`${message}: beginning afresh`, phase, signal, to === 'smaller' ? 0 : null);
    return null;
  }

  /** @param time milliseconds; null: longer each time */
  async #wait(reason: string, phase: Phase, signal: AbortSignal, time: number | null): Promise<void> {
    const { clock, retrier } = this.#host;
    const attempt = ++this.#restarts;
    const delay = time ?? backoff(attempt, clock.random());
    this.#host.announce({ phase, partNumber: null, attempt, delay, reason });
    if (delay) await retrier.waitFor('store', clock.now() + delay, sleep(clock, delay, signal));
  }

  /** Has the parts listed before the next step; false once that has been tried too often. */
  #mayLookAgain(): boolean {
    this.#host.transfer.invalidateParts();
    return ++this.#relists <= MAX_RELISTS;
  }
}
