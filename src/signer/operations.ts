/** What an upload asks of the store, before it is signed. @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_Simple_Storage_Service.html */
import type { StoreOperation } from './presign.js';

export interface ObjectHeaders {
  contentType: string;
  acl: string | null;
}

/** CreateMultipartUpload. */
export const createUpload = (key: string, object: ObjectHeaders): StoreOperation => ({
  method: 'POST',
  key,
  query: { uploads: '' },
  headers: headersOf(object),
});

/** PutObject of exactly so many bytes. */
export const putObject = (key: string, contentLength: number, object: ObjectHeaders): StoreOperation => ({
  method: 'PUT',
  key,
  contentLength,
  headers: headersOf(object),
});

/** UploadPart of exactly so many bytes. */
export const putPart = (key: string, uploadId: string, partNumber: number, contentLength: number): StoreOperation => ({
  method: 'PUT',
  key,
  contentLength,
  query: { partNumber: String(partNumber), uploadId },
});

/** ListParts: the parts after the marker, as many as the store gives on a page. */
export const listParts = (key: string, uploadId: string, marker = 0): StoreOperation => ({
  method: 'GET',
  key,
  query: { uploadId, ...(marker > 0 ? { 'part-number-marker': String(marker) } : {}) },
});

/** CompleteMultipartUpload. */
export const completeUpload = (key: string, uploadId: string): StoreOperation => ({
  method: 'POST',
  key,
  query: { uploadId },
});

/** AbortMultipartUpload. */
export const abortUpload = (key: string, uploadId: string): StoreOperation => ({
  method: 'DELETE',
  key,
  query: { uploadId },
});

/** HeadObject. */
export const headObject = (key: string): StoreOperation => ({ method: 'HEAD', key });

const headersOf = ({ contentType, acl }: ObjectHeaders): Record<string, string> => ({
  ...(contentType ? { 'content-type': contentType } : {}),
  ...(acl ? { 'x-amz-acl': acl } : {}),
});
