/** An answer of the signer that is no success; its text goes to the browser and holds no secret, path or stack. */
export class SignerRefusal extends Error {
  override readonly name = 'SignerRefusal';
  constructor(
    /** HTTP status; where one file of many is refused, only `code` and `message` are sent. */
    readonly status: number,
    readonly code: string,
    message: string,
    /** Further response headers, such as `Allow`. */
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(message);
  }
}
