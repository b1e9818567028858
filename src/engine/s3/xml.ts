/**
 * Parses and writes the XML documents of a multipart upload. A document that is truncated, malformed or not of the expected
 * kind is rejected. Only an error document is read even if it is truncated.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_Simple_Storage_Service.html
 */

import type { ChecksumAlgorithm } from '../../protocol.js';
import { childText, readXml } from '../../xml.js';
import type { XmlElement } from '../../xml.js';
import { ALGORITHMS } from '../api/checksum-algorithms.js';
import type { StoredChecksums } from '../model/stored-part.js';

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

export interface StoreErrorBody {
  code: string;
  message: string;
}

function escapeXml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** Collects the checksums of an answer. @param read returns the value for an algorithm; empty or null if there is none */
export const collectChecksums = (read: (algorithm: ChecksumAlgorithm) => string | null): StoredChecksums =>
  Object.fromEntries(ALGORITHMS.map((algorithm) => [algorithm, read(algorithm)] as const).filter(([, value]) => value));

const elementName = (algorithm: ChecksumAlgorithm): string => `Checksum${algorithm.toUpperCase()}`;

/** Reads the checksums of a part or object, from elements such as `<ChecksumCRC32C>`. */
export const checksumsIn = (element: XmlElement): StoredChecksums =>
  collectChecksums((algorithm) => childText(element, elementName(algorithm)));

/** Returns the root element of a complete document; null if it is incomplete or its root has another name. */
export function completeRoot(xml: string, name: string): XmlElement | null {
  const { root, isWhole } = readXml(xml);
  return isWhole && root!.name === name ? root : null;
}

/** Removes the quotes, and the prefix of a weak ETag. */
export function bareEtag(etag: string): string {
  return etag.trim().replace(/^(?:W\/)?"?(.*?)"?$/, '$1');
}

/**
 * Parses an `<Error>` document, which S3 may also send with status 200.
 * @returns null for any other text
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
 */
export function parseError(xml: string): StoreErrorBody | null {
  const { root } = readXml(xml);
  return root?.name === 'Error'
    ? { code: childText(root, 'Code') ?? '', message: childText(root, 'Message') ?? '' }
    : null;
}

/**
 * Parses the answer of CreateMultipartUpload.
 * @returns the upload ID; null for any other text
 */
export function parseUploadId(xml: string): string | null {
  const root = completeRoot(xml, 'InitiateMultipartUploadResult');
  return (root && childText(root, 'UploadId')) || null;
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
    const name = checksum && elementName(checksum.algorithm);
    const checksumElement = checksum ? `<${name}>${checksum.value}</${name}>` : '';
    parts += `<Part><PartNumber>${++partNumber}</PartNumber><ETag>&quot;${escapeXml(etag)}&quot;</ETag>${checksumElement}</Part>`;
  }
  return `<CompleteMultipartUpload xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${parts}</CompleteMultipartUpload>`;
}
