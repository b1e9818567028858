import { StoreFault } from '../api/errors.js';
import {
  bareEtag,
  collectChecksums,
  completionBody,
  parseCompletion,
  parseError,
  parsePartList,
  parseUploadId,
} from './xml.js';
import type { Completion, NamedPart, PartList } from './xml.js';
import type { StoredChecksums } from '../model/stored-part.js';
import type { Signature } from '../model/signature.js';
import type { StoreRequest, StoreResponse, Transport } from '../ports.js';

/** Milliseconds after the last byte went up, and of Complete, which S3 may take minutes for, where nobody knows more. */
const ANSWER_TIMEOUT_MS = 120_000;
const COMPLETE_TIMEOUT_MS = 600_000;
const MAX_TIMEOUT_MS = 600_000;

/** How patient to be with one request. */
export interface RequestTimeouts {
  signal: AbortSignal;
  /** Milliseconds without a byte either way. */
  stallTimeout: number;
  /** Times that this very step stalled: each doubles the patience. */
  stalls: number;
  /** Decides on a request without a sign of life. @see StoreRequest */
  isLost?: (url: string, ...silence: Parameters<NonNullable<StoreRequest['isLost']>>) => Promise<boolean>;
}

export interface StoredObject {
  /** Bytes; null where the answer did not say. */
  size: number | null;
  /** Without quotes; empty where CORS does not expose it. */
  etag: string;
  checksums: StoredChecksums;
}

/** Of a body's checksum as its signature names it. */
const CHECKSUM_HEADER = /^x-amz-checksum-(?:crc|sha)/i;

/** Whether the store is made to verify what is sent with this signature. */
export const isVerified = ({ headers = {} }: Signature): boolean =>
  Object.keys(headers).some((name) => CHECKSUM_HEADER.test(name));

/** The S3 requests of an upload, each with a signature and read to its end; anything but success is a `StoreFault`. */
export class S3Client {
  readonly #transport: Transport;
  readonly #onAnswer: (signature: Signature, isGood: boolean, protocol: string | undefined) => void;

  /** @param onAnswer told of each answer that could be read, whether it was the one hoped for, and how it came */
  constructor(
    transport: Transport,
    onAnswer: (signature: Signature, isGood: boolean, protocol: string | undefined) => void,
  ) {
    this.#transport = transport;
    this.#onAnswer = onAnswer;
  }

  /** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateMultipartUpload.html */
  async createMultipartUpload(signature: Signature, patience: RequestTimeouts): Promise<string> {
    return this.#parse(await this.#send(signature, patience), parseUploadId);
  }

  /**
   * Sends a part, or a whole file.
   * @returns the ETag; empty where CORS does not expose it
   * @throws StoreFault `BadDigest` also where the store tells another checksum than was signed
   * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_UploadPart.html
   */
  async uploadBody(
    signature: Signature,
    body: Blob | FormData | Uint8Array<ArrayBuffer>,
    patience: RequestTimeouts,
    onProgress: (loaded: number) => void,
  ): Promise<string> {
    const response = await this.#send(signature, patience, { body, onProgress });
    for (const [name, value] of Object.entries(signature.headers ?? {})) {
      const told = CHECKSUM_HEADER.test(name) ? response.header(name) : null;
      if (told && told !== value) throw new StoreFault(400, 'BadDigest', `the store tells ${name} ${told}`);
    }
    return bareEtag(response.header('ETag') ?? '');
  }

  async listParts(signature: Signature, patience: RequestTimeouts): Promise<PartList> {
    return this.#parse(await this.#send(signature, patience), parsePartList);
  }

  /** @returns what the store tells of the object; the ETag is empty where it tells none */
  async completeMultipartUpload(
    signature: Signature,
    parts: Iterable<NamedPart>,
    patience: RequestTimeouts,
  ): Promise<Completion> {
    const response = await this.#send(signature, patience, {
      body: new Blob([completionBody(parts)]),
      answerTimeout: COMPLETE_TIMEOUT_MS,
    });
    return this.#parse(response, parseCompletion);
  }

  /** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html */
  async headObject(signature: Signature, patience: RequestTimeouts): Promise<StoredObject> {
    const response = await this.#send(signature, patience);
    const length = response.header('Content-Length');
    return {
      size: length === null ? null : Number(length),
      etag: bareEtag(response.header('ETag') ?? ''),
      checksums: collectChecksums((algorithm) => response.header(`x-amz-checksum-${algorithm}`)),
    };
  }

  /** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_AbortMultipartUpload.html */
  async abortMultipartUpload(signature: Signature, patience: RequestTimeouts): Promise<void> {
    await this.#send(signature, patience);
  }

  async #send(
    signature: Signature,
    { signal, stallTimeout, stalls, isLost }: RequestTimeouts,
    {
      body,
      onProgress,
      answerTimeout = ANSWER_TIMEOUT_MS,
    }: {
      body?: Blob | FormData | Uint8Array<ArrayBuffer>;
      onProgress?: (loaded: number) => void;
      answerTimeout?: number;
    } = {},
  ): Promise<StoreResponse> {
    const { method, url, headers } = signature;
    const patient = (timeout: number): number => Math.max(timeout, Math.min(timeout * 2 ** stalls, MAX_TIMEOUT_MS));
    const response = await this.#transport.send({
      method,
      url,
      headers,
      body,
      signal,
      onProgress,
      stallTimeout: patient(stallTimeout),
      // without a body there is no last byte to wait long for
      answerTimeout: patient(body ? answerTimeout : stallTimeout),
      isLost: isLost && ((...silence) => isLost(url, ...silence)),
    });
    const error = parseError(response.text);
    const isGood = response.status >= 200 && response.status < 300 && !error;
    this.#onAnswer(signature, isGood, response.protocol);
    if (isGood) return response;
    throw new StoreFault(response.status, error?.code ?? '', error?.message ?? '', response.header('Retry-After'));
  }

  #parse<T>(response: StoreResponse, read: (text: string) => T | null): T {
    const value = read(response.text);
    if (value === null) throw new StoreFault(response.status, '', 'the answer is cut short, too long, or not S3’s');
    return value;
  }
}
