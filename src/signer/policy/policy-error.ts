/** Errors of the policy's own functions. They refuse one file; the other files of the call are not affected. */

/** Message and cause go to `onError`, never to the browser. */
export class PolicyError extends Error {
  override readonly name = 'PolicyError';
}

/**
 * Calls a function of the policy.
 * @param option such as `policy.key`
 * @throws PolicyError with the function's error as its cause
 */
export async function callPolicyFunction<T>(option: string, call: () => T | Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    const reason =
      error instanceof Error ? error.message : typeof error === 'string' ? error : 'it threw no Error; see cause';
    throw new PolicyError(`${option} failed for a file: ${reason}`, { cause: error });
  }
}
