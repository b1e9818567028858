import type { Signature } from '../model/signature.js';
import type { StoredChecksums } from '../model/stored-part.js';
import { collectChecksums } from './checksum-elements.js';
import type { RequestTimeouts, S3Client } from './client.js';
import { bareEtag } from './xml.js';

export interface StoredObject {
  /** Bytes; null if the answer has no Content-Length. */
  size: number | null;
  /** Without quotes; empty if CORS does not expose it. */
  etag: string;
  checksums: StoredChecksums;
}

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html */
export const requestHead = (s3: S3Client, signature: Signature, timeouts: RequestTimeouts): Promise<StoredObject> =>
  s3.request(signature, timeouts, (response) => {
    const length = response.header('Content-Length');
    return {
      size: length === null ? null : Number(length),
      etag: bareEtag(response.header('ETag') ?? ''),
      checksums: collectChecksums((algorithm) => response.header(`x-amz-checksum-${algorithm}`)),
    };
  });
