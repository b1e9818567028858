/** A failure that no retry of the same step can fix: the upload has to list its parts again, or restart. */
export class RestartRequired extends Error {
  constructor(
    /**
     * `gone`: the store does not know the multipart upload; `exists`: an object exists under the key; `relist`: the
     * store's parts differ from ours; `restart`: the upload needs a new session; `smaller`: it needs a new session with smaller parts.
     */
    readonly kind: 'gone' | 'exists' | 'relist' | 'restart' | 'smaller',
    reason: string,
  ) {
    super(reason);
  }
}
