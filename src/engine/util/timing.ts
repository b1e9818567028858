import { abortable } from './abort.js';
import type { Clock } from '../ports.js';

const FIRST_DELAY_MS = 500;
const MAX_DELAY_MS = 30_000;
/** A longer `Retry-After` is reduced to one hour, because a clock may be wrong. */
const MAX_RETRY_AFTER_MS = 3_600_000;

/** A sleep that can be ended early. */
export interface CancellableSleep {
  /** Resolves at the end of the sleep; rejects with the signal's reason when aborted. */
  readonly over: Promise<void>;
  wake(): void;
}

/** Sleeps for `delayMs`, or until `wake()` is called. */
export function cancellableSleep(clock: Clock, delayMs: number, signal: AbortSignal): CancellableSleep {
  let wake = (): void => {};
  const over = abortable<void>(signal, (resolve) => {
    const cancel = clock.setTimer(resolve, delayMs);
    wake = () => {
      cancel();
      resolve();
    };
    return cancel;
  });
  return { over, wake };
}

/** Resolves after `delayMs`; rejects with the signal's reason when aborted. */
export const sleep = (clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> =>
  cancellableSleep(clock, delayMs, signal).over;

/**
 * Returns the delay before the next attempt: full jitter below a ceiling of 0.5 s that doubles up to 30 s.
 * @param level consecutive failures, 1 or more
 * @param random 0 to 1
 * @returns milliseconds
 * @see https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
 */
export function backoff(level: number, random: number): number {
  return Math.round(random * Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** Math.min(level - 1, 16)));
}

/**
 * Parses a `Retry-After` header: seconds or a date.
 * @param now epoch milliseconds
 * @returns milliseconds to wait, at most one hour; null if the header is missing or cannot be parsed
 * @see https://www.rfc-editor.org/rfc/rfc9110#field.retry-after
 */
export function parseRetryAfter(header: string | null, now: number): number | null {
  if (!header) return null;
  const delayMs = /^\s*\d+\s*$/.test(header) ? Number(header) * 1_000 : Date.parse(header) - now;
  return Number.isFinite(delayMs) ? Math.min(Math.max(delayMs, 0), MAX_RETRY_AFTER_MS) : null;
}
