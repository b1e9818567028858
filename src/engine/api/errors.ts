/** Error codes, for programs. Messages are for people and may change. */
export type UploadErrorCode =
  | 'no-signer'
  | 'signer-refused'
  | 'unauthorized'
  | 'store-refused'
  | 'store-blocked'
  | 'signature-rejected'
  | 'key-exists'
  | 'file-changed'
  | 'file-unreadable'
  | 'integrity'
  | 'too-many-retries'
  | 'too-large'
  | 'invalid-response'
  | 'engine-not-loaded';

/** Step of an upload. */
export type Phase = 'init' | 'create' | 'sign' | 'part' | 'list' | 'complete' | 'head' | 'abort';

export interface UploadErrorInit {
  /** Whether the same call can succeed later with the same file and page. */
  retryable?: boolean;
  /** HTTP status; 0 if there was no answer. */
  status?: number;
  phase?: Phase;
  cause?: unknown;
  refusal?: SignerRefusal | null;
  /** @see UploadError.isFinal */
  isFinal?: boolean;
}

/** The signer's own code and message for a refusal. */
export interface SignerRefusal {
  readonly code: string;
  readonly message: string;
}

/** The error of an upload. `message` says what happened, to which file, and what to do. */
export class UploadError extends Error {
  override readonly name = 'UploadError';
  readonly code: UploadErrorCode;
  readonly retryable: boolean;
  readonly status: number;
  readonly phase: Phase | null;
  /** Why the signer refused; null if something else failed, or it sent no reason. */
  readonly refusal: SignerRefusal | null;
  /** Whether retry loops throw it on unchanged: its message is complete and names the file. */
  readonly isFinal: boolean;

  constructor(
    code: UploadErrorCode,
    message: string,
    { retryable = false, status = 0, phase, cause, refusal = null, isFinal = false }: UploadErrorInit = {},
  ) {
    super(message, { cause });
    this.code = code;
    this.retryable = retryable;
    this.status = status;
    this.phase = phase ?? null;
    this.refusal = refusal;
    this.isFinal = isFinal;
  }
}

/** Returns an error for an answer that violates the protocol. @param what completes "The signer's answer …" */
export const invalidAnswer = (what: string, phase: Phase = 'init'): UploadError =>
  new UploadError('invalid-response', `The signer's answer ${what}; see its logs.`, { phase });

/** Returns the message of a thrown value, without a full stop. */
export const reasonOf = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).replace(/\.$/, '');

/**
 * A request to the store got no answer. `network`: no connection, an unknown host, or CORS; `stalled`: nothing was
 * transferred for too long; `blocked`: the page's own policy forbids the request.
 */
export class TransportFault extends Error {
  override readonly name = 'TransportFault';
  constructor(
    readonly kind: 'network' | 'stalled' | 'blocked',
    message: string,
    readonly method: string,
    readonly url: string,
  ) {
    super(message);
  }
}

/** Some bytes of the file could not be read, although the file exists. */
export class ReadFault extends Error {
  override readonly name = 'ReadFault';
}

/** The store answered with an error, or with text that could not be parsed. */
export class StoreFault extends Error {
  override readonly name = 'StoreFault';
  constructor(
    readonly status: number,
    /** S3's error code; empty if the answer has none. */
    readonly code: string,
    message: string,
    /** Value of the `Retry-After` header. */
    readonly retryAfter: string | null = null,
  ) {
    super(message);
  }
}

/**
 * Why a call to the signer returned no JSON. `sign-in`: it answered with a web page, such as a login; `unreadable`: it can
 * be reached, but CORS hides its answers; `blocked`: the page's own policy forbids the request.
 */
export type SignerFaultKind = 'sign-in' | 'unreadable' | 'blocked';

/** The signer refused a call, or did not answer: `status` is then 0. */
export class SignerFault extends Error {
  override readonly name = 'SignerFault';
  readonly kind: SignerFaultKind | null;

  constructor(
    readonly status: number,
    /** Code of the refusal; null if the answer is not a refusal of the protocol. */
    readonly code: string | null,
    message: string,
    readonly retryAfter: string | null = null,
    { kind = null, ...options }: ErrorOptions & { kind?: SignerFaultKind | null } = {},
  ) {
    super(message, options);
    this.kind = kind;
  }
}

/** Message of a refusal that has none. */
export const NO_REASON = 'it gave no reason';

/** Returns the signer's code and message; null if something else failed, or it sent no reason. */
export const refusalOf = (failure: unknown): SignerRefusal | null =>
  failure instanceof SignerFault && failure.code && failure.message !== NO_REASON
    ? { code: failure.code, message: failure.message }
    : null;
