/** A failure that no retry of the same step fixes: the transfer has to list its parts again, or restart. */
export class RestartRequired extends Error {
  constructor(
    /**
     * `gone`: the store does not know the multipart upload; `exists`: an object exists under the key; `relist`: the
     * store's parts differ from ours; `restart`: another session is needed; `smaller`: one with smaller parts.
     */
    readonly to: 'gone' | 'exists' | 'relist' | 'restart' | 'smaller',
    reason: string,
  ) {
    super(reason);
  }
}
