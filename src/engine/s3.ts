/**
 * The S3 wire: the few XML documents that a multipart upload reads and writes. Read by pattern, not by DOM: the
 * engine has none in a worker, and S3 answers with flat documents. A document cut short is told by its missing end.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_Simple_Storage_Service.html
 */

import type { ChecksumAlgorithm } from '../protocol.js';

/** Checksums as the store tells them, base64; one made of the parts' ends with `-` and their number. */
export type StoredChecksums = Readonly<Partial<Record<ChecksumAlgorithm, string>>>;

/** A part as the store or the engine knows it; `etag` without quotes. */
export interface StoredPart {
  partNumber: number;
  size: number;
  etag: string;
  /** Where the store lists any. */
  checksums?: StoredChecksums;
}

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

const ENTITIES: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function unescapeXml(text: string): string {
  return text.replace(/&(?:#x([\da-f]+)|#(\d+)|(\w+));/gi, (whole, hex?: string, decimal?: string, name?: string) => {
    if (name) return ENTITIES[name] ?? whole;
    const code = hex ? parseInt(hex, 16) : Number(decimal);
    return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });
}

function escapeXml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

function field(xml: string, name: string): string | null {
  const match = new RegExp(`<${name}(?:\\s[^>]*)?>([^<]*)</${name}>`).exec(xml);
  return match ? unescapeXml(match[1]!.trim()) : null;
}

/** Reads elements such as `<ChecksumCRC32C>`; null where there is none. */
function checksumsIn(xml: string): StoredChecksums | null {
  const found = [...xml.matchAll(/<Checksum(CRC64NVME|CRC32C|CRC32|SHA256)>([^<]+)</g)];
  return found.length ? Object.fromEntries(found.map(([, name, value]) => [name!.toLowerCase(), value!])) : null;
}

const isWhole = (xml: string, root: string): boolean => new RegExp(`<${root}[\\s>][^]*</${root}>\\s*$`).test(xml);

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
  if (!/^\s*(?:<\?xml[^>]*>\s*)?<Error[\s>]/.test(xml)) return null;
  return { code: field(xml, 'Code') ?? '', message: field(xml, 'Message') ?? '' };
}

/**
 * Reads the answer of CreateMultipartUpload.
 * @returns the upload id, or null for anything that is not such an answer
 */
export function parseUploadId(xml: string): string | null {
  return isWhole(xml, 'InitiateMultipartUploadResult') ? field(xml, 'UploadId') || null : null;
}

/**
 * Reads one page of ListParts.
 * @returns null for anything that is not such a page, or is cut short
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListParts.html
 */
export function parsePartList(xml: string): PartList | null {
  if (!isWhole(xml, 'ListPartsResult')) return null;
  const parts: StoredPart[] = [];
  for (const [, part] of xml.matchAll(/<Part>([^]*?)<\/Part>/g)) {
    const partNumber = Number(field(part!, 'PartNumber'));
    const size = Number(field(part!, 'Size') ?? NaN);
    if (!Number.isInteger(partNumber) || partNumber < 1 || !Number.isInteger(size)) return null;
    const checksums = checksumsIn(part!);
    parts.push({ partNumber, size, etag: bareEtag(field(part!, 'ETag') ?? ''), ...(checksums && { checksums }) });
  }
  const isTruncated = field(xml, 'IsTruncated') === 'true';
  const last = parts.reduce((most, part) => Math.max(most, part.partNumber), 0);
  const next = Number(field(xml, 'NextPartNumberMarker')) || last;
  return { parts, next: isTruncated && next > 0 ? next : null };
}

/**
 * Reads the answer of CompleteMultipartUpload; the ETag is empty where the store tells none (Ceph 16).
 * @returns null for anything that is not such an answer, or is cut short
 */
export function parseCompletion(xml: string): Completion | null {
  if (!isWhole(xml, 'CompleteMultipartUploadResult')) return null;
  return { etag: bareEtag(field(xml, 'ETag') ?? ''), checksums: checksumsIn(xml) ?? {} };
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
    const name = `Checksum${checksum?.algorithm.toUpperCase()}`;
    const sum = checksum ? `<${name}>${checksum.value}</${name}>` : '';
    parts += `<Part><PartNumber>${++partNumber}</PartNumber><ETag>&quot;${escapeXml(etag)}&quot;</ETag>${sum}</Part>`;
  }
  return `<CompleteMultipartUpload xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${parts}</CompleteMultipartUpload>`;
}
