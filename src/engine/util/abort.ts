import type { Clock } from '../ports.js';

/**
 * Returns a promise that rejects with the signal's reason when the signal aborts.
 * @param begin starts the work and returns a function that stops it
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

/** Waits for a promise until the signal aborts. The work behind the promise is not stopped. */
export function unlessAborted<T>(signal: AbortSignal, promise: Promise<T>): Promise<T> {
  return abortable(signal, (resolve, reject) => {
    promise.then(resolve, reject);
    return () => {};
  });
}

/**
 * Runs work with its own `AbortController`, which a signal aborts too. `AbortSignal.any()` does the same, but
 * WebKitGTK 2.50 collects such a signal while only a fetch or a lock waits for it, which then never ends.
 * @see https://dom.spec.whatwg.org/#abort-signal-garbage-collection for the specified behaviour
 */
export async function withChildController<T>(
  signal: AbortSignal | undefined,
  work: (own: AbortController) => Promise<T>,
): Promise<T> {
  signal?.throwIfAborted();
  const own = new AbortController();
  const onAbort = (): void => own.abort(signal!.reason);
  signal?.addEventListener('abort', onAbort);
  try {
    return await work(own);
  } finally {
    signal?.removeEventListener('abort', onAbort);
  }
}

/**
 * Runs work that ends with a signal or a timeout.
 * @param begin receives a signal that aborts in both cases; it is not waited for any longer even if it ignores that
 * @throws the signal's reason, or an `AbortError` after the timeout
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
