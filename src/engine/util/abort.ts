import type { Clock } from '../ports.js';

/**
 * Returns a promise that rejects with the signal's reason when the signal aborts.
 * @param begin starts an operation and returns a function that stops it
 */
export function abortable<T>(
  signal: AbortSignal,
  begin: (resolve: (value: T) => void, reject: (reason: unknown) => void) => () => void,
): Promise<T> {
  let onAbort: (() => void) | null = null;
  const operation = new Promise<T>((resolve, reject) => {
    signal.throwIfAborted();
    const stop = begin(resolve, reject);
    onAbort = () => {
      reject(signal.reason as Error);
      stop();
    };
    signal.addEventListener('abort', onAbort, { once: true });
  });
  return operation.finally(() => signal.removeEventListener('abort', onAbort!));
}

/** Waits for a promise until the signal aborts. The operation behind the promise is not stopped. */
export function unlessAborted<T>(signal: AbortSignal, promise: Promise<T>): Promise<T> {
  return abortable(signal, (resolve, reject) => {
    promise.then(resolve, reject);
    return () => {};
  });
}

/**
 * Runs an operation with its own `AbortController`, which a signal aborts too. `AbortSignal.any()` does the same, but
 * WebKitGTK 2.50 garbage-collects its signal while only a fetch or a lock depends on it; these then never end.
 * @see https://dom.spec.whatwg.org/#abort-signal-garbage-collection for the specified behaviour
 */
export async function withChildController<T>(
  signal: AbortSignal | undefined,
  operation: (controller: AbortController) => Promise<T>,
): Promise<T> {
  signal?.throwIfAborted();
  const controller = new AbortController();
  const onAbort = (): void => controller.abort(signal!.reason);
  signal?.addEventListener('abort', onAbort);
  try {
    return await operation(controller);
  } finally {
    signal?.removeEventListener('abort', onAbort);
  }
}

/**
 * Runs an operation until a signal aborts or a timeout passes.
 * @param begin receives a signal that aborts in both cases; even if it ignores the signal, it is no longer waited for
 * @throws the signal's reason, or an `AbortError` after the timeout
 */
export function withTimeout<T>(
  clock: Clock,
  timeoutMs: number,
  signal: AbortSignal | undefined,
  begin: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  return withChildController(signal, async (controller) => {
    const cancel = clock.setTimer(() => controller.abort(), timeoutMs);
    try {
      return await unlessAborted(controller.signal, begin(controller.signal));
    } finally {
      cancel();
    }
  });
}
