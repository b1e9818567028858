/** Refuses a call. The browser receives code and message, which contain no secret, path or stack. */
export class SignerRefusal extends Error {
  override readonly name = 'SignerRefusal';
  constructor(
    /** HTTP status of the response; unused if one file of several is refused. */
    readonly status: number,
    readonly code: string,
    message: string,
    /** Further response headers, such as `Allow`. */
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(message);
  }
}
