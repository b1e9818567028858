/**
 * Reads and writes the XML documents of a multipart upload. A document that is cut short, malformed or not of the
 * expected kind is refused as a whole; only an error counts as far as it could be read.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_Simple_Storage_Service.html
 */

import type { ChecksumAlgorithm } from '../../protocol.js';
import { childText, readXml } from '../../xml.js';
import type { XmlElement } from '../../xml.js';
import { ALGORITHMS } from '../api/checksum-algorithms.js';
import type { StoredChecksums, StoredPart } from '../model/stored-part.js';

export interface PartList {
  parts: StoredPart[];
  /** Where the next page begins; null on the last one. */
  next: number | null;
}

/** What became of Complete. */
export interface Completion {
  etag: string;
  /** Of the object, where the store tells any. */
  checksums: StoredChecksums;
}

/** A part for Complete's list. */
export interface NamedPart {
  /** Without quotes. */
  etag: string;
  /** Where the whole object's checksum is made of those of the list. */
  checksum?: { algorithm: ChecksumAlgorithm; value: string };
}

export interface StoreErrorBody {
  code: string;
  message: string;
}

function escapeXml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** Collects the checksums that a store sends. @param read returns one by its algorithm; empty or null where there is none */
export const collectChecksums = (read: (algorithm: ChecksumAlgorithm) => string | null): StoredChecksums =>
  Object.fromEntries(ALGORITHMS.map((algorithm) => [algorithm, read(algorithm)] as const).filter(([, value]) => value));

const elementName = (algorithm: ChecksumAlgorithm): string => `Checksum${algorithm.toUpperCase()}`;

/** Reads elements such as `<ChecksumCRC32C>`. */
const checksumsIn = (element: XmlElement): StoredChecksums =>
  collectChecksums((algorithm) => childText(element, elementName(algorithm)));

/** Returns the root of a whole document whose root has that name; null for any other text. */
function completeRoot(xml: string, name: string): XmlElement | null {
  const { root, isWhole } = readXml(xml);
  return isWhole && root!.name === name ? root : null;
}

/** Takes the quotes, and a weak mark, off an ETag. */
export function bareEtag(etag: string): string {
  return etag.trim().replace(/^(?:W\/)?"?(.*?)"?$/, '$1');
}

/**
 * Reads an `<Error>` document, also one that came with status 200.
 * @returns null where the text is none
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
 */
export function parseError(xml: string): StoreErrorBody | null {
  const { root } = readXml(xml);
  return root?.name === 'Error'
    ? { code: childText(root, 'Code') ?? '', message: childText(root, 'Message') ?? '' }
    : null;
}

/**
 * Reads the answer of CreateMultipartUpload.
 * @returns the upload id, or null for anything that is not such an answer
 */
export function parseUploadId(xml: string): string | null {
  const root = completeRoot(xml, 'InitiateMultipartUploadResult');
  return (root && childText(root, 'UploadId')) || null;
}

/**
 * Reads one page of ListParts.
 * @returns null for anything that is not such a page, or is cut short
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListParts.html
 */
export function parsePartList(xml: string): PartList | null {
  const root = completeRoot(xml, 'ListPartsResult');
  if (!root) return null;
  const parts: StoredPart[] = [];
  for (const part of root.children) {
    if (part.name !== 'Part') continue;
    const partNumber = Number(childText(part, 'PartNumber'));
    const size = Number(childText(part, 'Size') ?? NaN);
    if (!Number.isInteger(partNumber) || partNumber < 1 || !Number.isInteger(size)) return null;
    const checksums = checksumsIn(part);
    const etag = bareEtag(childText(part, 'ETag') ?? '');
    parts.push({ partNumber, size, etag, ...(Object.keys(checksums).length && { checksums }) });
  }
  const isTruncated = childText(root, 'IsTruncated') === 'true';
  const last = parts.reduce((most, part) => Math.max(most, part.partNumber), 0);
  const next = Number(childText(root, 'NextPartNumberMarker')) || last;
  return { parts, next: isTruncated && next > 0 ? next : null };
}

/**
 * Reads the answer of CompleteMultipartUpload; the ETag is empty where the store tells none (Ceph 16).
 * @returns null for anything that is not such an answer, or is cut short
 */
export function parseCompletion(xml: string): Completion | null {
  const root = completeRoot(xml, 'CompleteMultipartUploadResult');
  return root && { etag: bareEtag(childText(root, 'ETag') ?? ''), checksums: checksumsIn(root) };
}

/**
 * Writes the body of CompleteMultipartUpload.
 * @param named parts 1, 2, 3 …
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html
 */
export function completionBody(named: Iterable<NamedPart>): string {
  let parts = '';
  let partNumber = 0;
  for (const { etag, checksum } of named) {
    const name = checksum && elementName(checksum.algorithm);
    const sum = checksum ? `<${name}>${checksum.value}</${name}>` : '';
    parts += `<Part><PartNumber>${++partNumber}</PartNumber><ETag>&quot;${escapeXml(etag)}&quot;</ETag>${sum}</Part>`;
  }
  return `<CompleteMultipartUpload xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${parts}</CompleteMultipartUpload>`;
}
