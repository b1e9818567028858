/**
 * The S3 operations of an upload, before they are signed.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_Simple_Storage_Service.html
 */
import type { ChecksumAlgorithm } from '../../protocol.js';
import { bodyChecksumHeaders, checksumHeader, checksumTypeOf } from './checksums.js';
import type { Checksum } from './checksums.js';
import type { StoreOperation } from './presign.js';

type Headers = Readonly<Record<string, string>>;

/**
 * The condition that creates an object only if its key is free.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
 */
export const ONLY_IF_NEW: Headers = { 'if-none-match': '*' };

/**
 * Copy conditions that no source object meets, and that stores ignore in a PUT with a body. Signed, they make a copy fail
 * at stores that act on an unsigned `x-amz-copy-source`. Ceph 16 evaluates only the range, S3 only the first condition.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_UploadPartCopy.html
 */
export const COPY_GUARD: Headers = { 'x-amz-copy-source-if-match': '"none"', 'x-amz-copy-source-range': 'none' };

/** Adds `COPY_GUARD` to a PUT, so that its holder cannot turn it into a copy. */
export const withCopyGuard = (operation: StoreOperation): StoreOperation =>
  operation.method === 'PUT' ? { ...operation, headers: { ...operation.headers, ...COPY_GUARD } } : operation;

/**
 * CreateMultipartUpload, with the checksum algorithm that all parts use.
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
 * PutObject with a signed length and, if given, a signed checksum.
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
 * UploadPart with a signed length and, if given, a signed checksum.
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

/** ListParts: one page of the parts after the marker. */
export const listParts = (key: string, uploadId: string, marker = 0): StoreOperation => ({
  method: 'GET',
  key,
  query: { uploadId, ...(marker > 0 ? { 'part-number-marker': String(marker) } : {}) },
});

/** Properties of the completed object that the store verifies. */
export interface CompletedObject {
  /** Bytes; null if the store does not support `x-amz-mp-object-size`. */
  size: number | null;
  /** The same as in CreateMultipartUpload. */
  algorithm: ChecksumAlgorithm | null;
  /** Of the whole object; only CRCs have one. */
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
 * HeadObject, including the object's checksums.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html
 */
export const headObject = (key: string): StoreOperation => ({
  method: 'HEAD',
  key,
  headers: { 'x-amz-checksum-mode': 'ENABLED' },
});
