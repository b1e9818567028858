/** Calls a hook that only reports: neither a throw nor a rejection of it reaches the caller, or ends the process. */
export function callSafely<T>(hook: (value: T) => unknown, value: T, onFault: (error: unknown) => void): void {
  try {
    Promise.resolve(hook(value)).catch(onFault);
  } catch (error) {
    onFault(error);
  }
}
