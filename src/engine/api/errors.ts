/** What went wrong, for programs. Texts are for people and may change. */
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

/** The step of an upload at which something happened. */
export type Phase = 'init' | 'create' | 'sign' | 'part' | 'list' | 'complete' | 'head' | 'abort';

export interface UploadErrorInit {
  /** Whether the same call can succeed later without anything about the file or the page changing. */
  retryable?: boolean;
  /** HTTP status; 0 where no answer came. */
  status?: number;
  phase?: Phase;
  cause?: unknown;
  refusal?: SignerRefusal | null;
  /** @see UploadError.isFinal */
  isFinal?: boolean;
}

/** Why the signer refused, in its own words. */
export interface SignerRefusal {
  readonly code: string;
  readonly message: string;
}

/** The one error of uploads. `message` says what happened, to which file, and what the reader can do. */
export class UploadError extends Error {
  override readonly name = 'UploadError';
  readonly code: UploadErrorCode;
  readonly retryable: boolean;
  readonly status: number;
  readonly phase: Phase | null;
  /** Why the signer refused; null where something else failed, or it gave no reason. */
  readonly refusal: SignerRefusal | null;
  /** Whether no retry loop may handle it any more: its message is complete and names the file. */
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

/** What the signer answered cannot be made sense of. @param what ends "The signer's answer …" */
export const invalidAnswer = (what: string, phase: Phase = 'init'): UploadError =>
  new UploadError('invalid-response', `The signer's answer ${what}; see its logs.`, { phase });

/** What was thrown, in its own words. */
export const reasonOf = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).replace(/\.$/, '');

/** No answer: the line is cut, the name unknown, CORS or the page itself forbids, or nothing moved for too long. */
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

/** A part of the file could not be read, though the file is there. */
export class ReadFault extends Error {
  override readonly name = 'ReadFault';
}

/** An answer of the store that is not the one hoped for. */
export class StoreFault extends Error {
  override readonly name = 'StoreFault';
  constructor(
    readonly status: number,
    /** S3's error code; empty where the answer held none. */
    readonly code: string,
    message: string,
    /** As the header had it. */
    readonly retryAfter: string | null = null,
  ) {
    super(message);
  }
}

/**
 * What is known of an answer of the signer that is none. `sign-in`: a web page where JSON should be, as a login is;
 * `unreadable`: the signer can be reached, and the browser hides its answers; `blocked`: the page forbids the request.
 */
export type SignerFaultKind = 'sign-in' | 'unreadable' | 'blocked';

/** The signer's refusal, or its silence (status 0). */
export class SignerFault extends Error {
  override readonly name = 'SignerFault';
  readonly kind: SignerFaultKind | null;

  constructor(
    readonly status: number,
    /** The refusal's code; null where the answer was no refusal of the protocol. */
    readonly code: string | null,
    message: string,
    readonly retryAfter: string | null = null,
    { kind = null, ...options }: ErrorOptions & { kind?: SignerFaultKind | null } = {},
  ) {
    super(message, options);
    this.kind = kind;
  }
}

/** What stands for the message of a refusal that has none. */
export const NO_REASON = 'it gave no reason';

/** Reads the signer's own words from its refusal; null where something else failed, or it gave no reason. */
export const refusalOf = (failure: unknown): SignerRefusal | null =>
  failure instanceof SignerFault && failure.code && failure.message !== NO_REASON
    ? { code: failure.code, message: failure.message }
    : null;
