import type { Clock } from '../ports.js';

/**
 * Makes a promise that an `AbortSignal` can end: it then rejects with the signal's reason.
 * @param begin sets the work going; @returns what stops it
 */
export function abortable<T>(
  signal: AbortSignal,
  begin: (resolve: (value: T) => void, reject: (reason: unknown) => void) => () => void,
): Promise<T> {
  let onAbort: (() => void) | null = null;
  const work = new Promise<T>((resolve, reject) => {
    signal.throwIfAborted();
    const stop = begin(resolve, reject);
    onAbort = () => {
      reject(signal.reason as Error);
      stop();
    };
    signal.addEventListener('abort', onAbort, { once: true });
  });
  return work.finally(() => signal.removeEventListener('abort', onAbort!));
}

/** Waits for what cannot be stopped, as long as the signal lets us; the work behind the promise goes on. */
export function unlessAborted<T>(signal: AbortSignal, promise: Promise<T>): Promise<T> {
  return abortable(signal, (resolve, reject) => {
    promise.then(resolve, reject);
    return () => {};
  });
}

/**
 * Lends work a controller of its own, which also ends with a signal. `AbortSignal.any()` would do, but WebKitGTK 2.50
 * drops such a signal while only a fetch or a lock waits for it: that then never ends.
 * @see https://dom.spec.whatwg.org/#abort-signal-garbage-collection for what it should do
 */
export async function withChildController<T>(
  signal: AbortSignal | undefined,
  work: (own: AbortController) => Promise<T>,
): Promise<T> {
  signal?.throwIfAborted();
  const own = new AbortController();
  const follow = (): void => own.abort(signal!.reason);
  signal?.addEventListener('abort', follow);
  try {
    return await work(own);
  } finally {
    signal?.removeEventListener('abort', follow);
  }
}

/**
 * Does work that ends with a signal, and after so many milliseconds.
 * @param begin is handed what both end; where it does not listen, it is waited for no longer all the same
 * @throws the signal's reason, or an `AbortError` when the time is over
 */
export function withTimeout<T>(
  clock: Clock,
  milliseconds: number,
  signal: AbortSignal | undefined,
  begin: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  return withChildController(signal, async (own) => {
    const cancel = clock.setTimer(() => own.abort(), milliseconds);
    try {
      return await unlessAborted(own.signal, begin(own.signal));
    } finally {
      cancel();
    }
  });
}
