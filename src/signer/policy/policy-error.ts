/** Faults of the policy that the signer's owner gave, met for one file: that file is refused, the others go on. */

/** Its message and cause are for `onError`; the browser never sees them. */
export class PolicyError extends Error {
  override readonly name = 'PolicyFault';
}

/**
 * Calls a function of the policy.
 * @param option such as `policy.key`
 * @throws PolicyFault for whatever it throws, with that as its cause
 */
export async function callPolicyFunction<T>(option: string, ask: () => T | Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    const reason = error instanceof Error ? error.message : typeof error === 'string' ? error : 'no Error, see cause';
    throw new PolicyError(`${option} threw for a file: ${reason}`, { cause: error });
  }
}
