/** Mutual exclusion by name; different names do not wait for each other. */
export class Locks {
  readonly #tails = new Map<string, Promise<unknown>>();

  /** Runs the work when all earlier work of the same name is done. */
  runExclusive<T>(name: string, work: () => Promise<T>): Promise<T> {
    const result = (this.#tails.get(name) ?? Promise.resolve()).then(work, work);
    const tail = result
      .catch(() => undefined)
      .finally(() => {
        if (this.#tails.get(name) === tail) this.#tails.delete(name);
      });
    this.#tails.set(name, tail);
    return result;
  }
}
