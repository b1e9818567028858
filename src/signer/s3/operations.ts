/** What an upload asks of the store, before it is signed. @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_Simple_Storage_Service.html */
import type { ChecksumAlgorithm } from '../../protocol.js';
import { bodyChecksumHeaders, checksumHeader, checksumTypeOf } from './checksums.js';
import type { Checksum } from './checksums.js';
import type { StoreOperation } from './presign.js';

type Headers = Readonly<Record<string, string>>;

/**
 * The condition under which an object is made only where there is none of its key.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
 */
export const ONLY_IF_NEW: Headers = { 'if-none-match': '*' };

/**
 * Conditions of a copy that no object meets, and that a PUT of bytes takes no notice of. Signed, they make a copy fail
 * at stores that act on an unsigned `x-amz-copy-source`: the first by the S3 API, the second at Ceph 16, which heeds
 * only the range.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_UploadPartCopy.html
 */
export const COPY_GUARD: Headers = { 'x-amz-copy-source-if-match': '"none"', 'x-amz-copy-source-range': 'none' };

/** Adds to a PUT, of an object or of a part, what keeps its holder from making it a copy. */
export const withCopyGuard = (operation: StoreOperation): StoreOperation =>
  operation.method === 'PUT' ? { ...operation, headers: { ...operation.headers, ...COPY_GUARD } } : operation;

/**
 * CreateMultipartUpload; names the checksum that the parts are going to have.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateMultipartUpload.html
 */
export const createMultipartUpload = (
  key: string,
  headers: Headers,
  checksum: ChecksumAlgorithm | null = null,
): StoreOperation => ({
  method: 'POST',
  key,
  query: { uploads: '' },
  headers: {
    ...headers,
    ...(checksum && {
      'x-amz-checksum-algorithm': checksum.toUpperCase(),
      'x-amz-checksum-type': checksumTypeOf(checksum),
    }),
  },
});

/**
 * PutObject of exactly so many bytes, and of those with that checksum alone.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html
 */
export const putObject = (
  key: string,
  contentLength: number,
  headers: Headers,
  checksum: Checksum | null = null,
): StoreOperation => ({
  method: 'PUT',
  key,
  contentLength,
  headers: { ...headers, ...(checksum && bodyChecksumHeaders(checksum)) },
});

/**
 * UploadPart of exactly so many bytes, and of those with that checksum alone.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_UploadPart.html
 */
export const uploadPart = (
  key: string,
  uploadId: string,
  partNumber: number,
  contentLength: number,
  checksum: Checksum | null = null,
): StoreOperation => ({
  method: 'PUT',
  key,
  contentLength,
  query: { partNumber: String(partNumber), uploadId },
  ...(checksum && { headers: bodyChecksumHeaders(checksum) }),
});

/** ListParts: the parts after the marker, as many as the store gives on a page. */
export const listParts = (key: string, uploadId: string, marker = 0): StoreOperation => ({
  method: 'GET',
  key,
  query: { uploadId, ...(marker > 0 ? { 'part-number-marker': String(marker) } : {}) },
});

/** What Complete has to come to, or the store refuses it. */
export interface CompletedObject {
  /** Bytes; null where the store knows no such header. */
  size: number | null;
  /** As Create named it. */
  algorithm: ChecksumAlgorithm | null;
  /** Of the whole object; CRCs only. */
  checksum: Checksum | null;
}

/**
 * CompleteMultipartUpload.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html
 */
export const completeMultipartUpload = (
  key: string,
  uploadId: string,
  headers: Headers = {},
  { size, algorithm, checksum }: CompletedObject = { size: null, algorithm: null, checksum: null },
): StoreOperation => ({
  method: 'POST',
  key,
  query: { uploadId },
  headers: {
    ...headers,
    ...(algorithm && { 'x-amz-checksum-type': checksumTypeOf(algorithm) }),
    ...(checksum && checksumHeader(checksum)),
    ...(size !== null && { 'x-amz-mp-object-size': String(size) }),
  },
});

/** AbortMultipartUpload. */
export const abortMultipartUpload = (key: string, uploadId: string): StoreOperation => ({
  method: 'DELETE',
  key,
  query: { uploadId },
});

/**
 * HeadObject, which tells the object's checksums as well.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html
 */
export const headObject = (key: string): StoreOperation => ({
  method: 'HEAD',
  key,
  headers: { 'x-amz-checksum-mode': 'ENABLED' },
});
