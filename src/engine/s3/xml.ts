/**
 * Parses the XML answers that every upload may get. A document that is truncated, malformed or not of the expected kind is
 * rejected. Only an error document is read even if it is truncated.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_Simple_Storage_Service.html
 */

import { childText, readXml } from '../../xml.js';
import type { XmlElement } from '../../xml.js';

export interface StoreErrorBody {
  code: string;
  message: string;
}

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
