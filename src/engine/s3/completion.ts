import type { ChecksumAlgorithm } from '../../protocol.js';
import { childText } from '../../xml.js';
import type { Signature } from '../model/signature.js';
import type { StoredChecksums } from '../model/stored-part.js';
import { checksumElement, checksumsIn } from './checksum-elements.js';
import type { RequestTimeouts, S3Client } from './client.js';
import { bareEtag, completeRoot } from './xml.js';

/** Timeout for the answer: S3 may take minutes. */
const ANSWER_TIMEOUT_MS = 600_000;

/** The object that CompleteMultipartUpload created. */
export interface Completion {
  /** Without quotes; empty if the store reports none. */
  etag: string;
  /** Those checksums of the object that the store reports. */
  checksums: StoredChecksums;
}

/** A part in the list of CompleteMultipartUpload. */
export interface CompletedPart {
  /** Without quotes. */
  etag: string;
  /** Only if the object's checksum is a composite of the parts' checksums. */
  checksum?: { algorithm: ChecksumAlgorithm; value: string };
}

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html */
export function requestCompletion(
  s3: S3Client,
  signature: Signature,
  parts: Iterable<CompletedPart>,
  timeouts: RequestTimeouts,
): Promise<Completion> {
  const content = { body: new Blob([completionBody(parts)]), answerTimeout: ANSWER_TIMEOUT_MS };
  return s3.request(signature, timeouts, ({ text }) => parseCompletion(text), content);
}

/**
 * Parses the answer of CompleteMultipartUpload. Ceph 16 sends no ETag, which is then empty.
 * @returns null for any other text, and if it is truncated
 */
export function parseCompletion(xml: string): Completion | null {
  const root = completeRoot(xml, 'CompleteMultipartUploadResult');
  return root && { etag: bareEtag(childText(root, 'ETag') ?? ''), checksums: checksumsIn(root) };
}

/**
 * Writes the body of CompleteMultipartUpload.
 * @param completedParts parts 1, 2, 3 …
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html
 */
export function completionBody(completedParts: Iterable<CompletedPart>): string {
  let parts = '';
  let partNumber = 0;
  for (const { etag, checksum } of completedParts) {
    const name = checksum && checksumElement(checksum.algorithm);
    const element = checksum ? `<${name}>${checksum.value}</${name}>` : '';
    parts += `<Part><PartNumber>${++partNumber}</PartNumber><ETag>&quot;${escapeXml(etag)}&quot;</ETag>${element}</Part>`;
  }
  return `<CompleteMultipartUpload xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${parts}</CompleteMultipartUpload>`;
}

function escapeXml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
