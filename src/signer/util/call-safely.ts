/** Calls a hook whose failure must not affect the caller: what it throws or rejects with goes to `onFault`. */
export function callSafely<T>(hook: (value: T) => unknown, value: T, onFault: (error: unknown) => void): void {
  try {
    Promise.resolve(hook(value)).catch(onFault);
  } catch (error) {
    onFault(error);
  }
}
