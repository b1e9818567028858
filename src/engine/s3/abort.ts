import type { Signature } from '../model/signature.js';
import type { RequestTimeouts, S3Client } from './client.js';

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_AbortMultipartUpload.html */
export const requestAbort = async (s3: S3Client, signature: Signature, timeouts: RequestTimeouts): Promise<void> => {
  await s3.request(signature, timeouts, () => true);
};
