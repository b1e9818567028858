import { childText } from '../../xml.js';
import type { Signature } from '../model/signature.js';
import type { StoredPart } from '../model/stored-part.js';
import { checksumsIn } from './checksum-elements.js';
import type { RequestTimeouts, S3Client } from './client.js';
import { bareEtag, completeRoot } from './xml.js';

/** One page of ListParts. */
export interface PartList {
  parts: StoredPart[];
  /** `part-number-marker` of the next page: its parts have higher numbers; null on the last page. */
  next: number | null;
}

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListParts.html */
export const requestPartList = (s3: S3Client, signature: Signature, timeouts: RequestTimeouts): Promise<PartList> =>
  s3.request(signature, timeouts, ({ text }) => parsePartList(text));

/**
 * Parses one page of ListParts.
 * @returns null for any other text, and if it is truncated
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
  const lastPartNumber = parts.reduce((highest, part) => Math.max(highest, part.partNumber), 0);
  const next = Number(childText(root, 'NextPartNumberMarker')) || lastPartNumber;
  return { parts, next: isTruncated && next > 0 ? next : null };
}
