import { StoreFault } from '../api/errors.js';
import { bareEtag, parseError, parseUploadId } from './xml.js';
import type { Signature } from '../model/signature.js';
import type { StoreRequest, StoreResponse, Transport } from '../ports.js';

/** Timeout for the answer after the last byte was sent. */
const ANSWER_TIMEOUT_MS = 120_000;
const MAX_TIMEOUT_MS = 600_000;

/** Timeouts and cancellation of one request. */
export interface RequestTimeouts {
  signal: AbortSignal;
  /** Milliseconds without a byte in either direction. */
  stallTimeout: number;
  /** How often this step has stalled before. Each stall doubles the timeouts. */
  stalls: number;
  /** Decides whether a request without progress is lost. @see StoreRequest.isLost */
  isLost?: (url: string, ...state: Parameters<NonNullable<StoreRequest['isLost']>>) => Promise<boolean>;
}

interface RequestContent {
  body?: Blob | FormData | Uint8Array<ArrayBuffer>;
  onProgress?: (loaded: number) => void;
  answerTimeout?: number;
}

/** Name of a signed header that contains the body's checksum. */
const CHECKSUM_HEADER = /^x-amz-checksum-(?:crc|sha)/i;

/** Whether the signature makes the store verify the body's checksum. */
export const hasSignedChecksum = ({ headers = {} }: Signature): boolean =>
  Object.keys(headers).some((name) => CHECKSUM_HEADER.test(name));

/**
 * Sends the S3 requests of an upload with their signatures, and parses the answers.
 *
 * Every method throws `StoreFault` for an answer that is not a success, `TransportFault` if there is no answer, and the
 * signal's reason when aborted.
 */
export class S3Client {
  readonly #transport: Pick<Transport, 'send'>;
  readonly #onAnswer: (signature: Signature, isSuccess: boolean, protocol: string | undefined) => void;

  /** @param onAnswer called for each answer with the request, whether it succeeded, and the HTTP version */
  constructor(
    transport: Pick<Transport, 'send'>,
    onAnswer: (signature: Signature, isSuccess: boolean, protocol: string | undefined) => void,
  ) {
    this.#transport = transport;
    this.#onAnswer = onAnswer;
  }

  /** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateMultipartUpload.html */
  async createMultipartUpload(signature: Signature, timeouts: RequestTimeouts): Promise<string> {
    return this.request(signature, timeouts, ({ text }) => parseUploadId(text));
  }

  /**
   * Sends a part, or a whole file.
   * @returns the ETag; empty if CORS does not expose it
   * @throws StoreFault `BadDigest` if the answer has another checksum than the signed one
   * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_UploadPart.html
   */
  async uploadBody(
    signature: Signature,
    body: Blob | FormData | Uint8Array<ArrayBuffer>,
    timeouts: RequestTimeouts,
    onProgress: (loaded: number) => void,
  ): Promise<string> {
    const response = await this.#send(signature, timeouts, { body, onProgress });
    for (const [name, value] of Object.entries(signature.headers ?? {})) {
      const stored = CHECKSUM_HEADER.test(name) ? response.header(name) : null;
      if (stored && stored !== value)
        throw new StoreFault(400, 'BadDigest', `the store answered with ${name}: ${stored}`);
    }
    return bareEtag(response.header('ETag') ?? '');
  }

  /** Sends a request, and parses its answer. @param parse returns null if the answer is not of the expected kind */
  async request<T>(
    signature: Signature,
    timeouts: RequestTimeouts,
    parse: (response: StoreResponse) => T | null,
    content?: RequestContent,
  ): Promise<T> {
    const response = await this.#send(signature, timeouts, content);
    const value = parse(response);
    if (value === null) throw new StoreFault(response.status, '', 'the answer is truncated, too long, or not from S3');
    return value;
  }

  async #send(
    signature: Signature,
    { signal, stallTimeout, stalls, isLost }: RequestTimeouts,
    { body, onProgress, answerTimeout = ANSWER_TIMEOUT_MS }: RequestContent = {},
  ): Promise<StoreResponse> {
    const { method, url, headers } = signature;
    const extend = (timeout: number): number => Math.max(timeout, Math.min(timeout * 2 ** stalls, MAX_TIMEOUT_MS));
    const response = await this.#transport.send({
      method,
      url,
      headers,
      body,
      signal,
      onProgress,
      stallTimeout: extend(stallTimeout),
      // without a body, the store need not write anything, so it answers soon
      answerTimeout: extend(body ? answerTimeout : stallTimeout),
      isLost: isLost && ((...state) => isLost(url, ...state)),
    });
    const error = parseError(response.text);
    const isSuccess = response.status >= 200 && response.status < 300 && !error;
    this.#onAnswer(signature, isSuccess, response.protocol);
    if (isSuccess) return response;
    throw new StoreFault(response.status, error?.code ?? '', error?.message ?? '', response.header('Retry-After'));
  }
}
