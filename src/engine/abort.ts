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
