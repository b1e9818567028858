import AwsS3, { type AwsS3Options } from '@uppy/aws-s3';
import Uppy from '@uppy/core';
import type { Body, Meta } from '@uppy/core/utils';
import type { Job } from './job.js';

/** The options of Uppy that determine how requests are signed. */
export type Signing =
  | Pick<Extract<AwsS3Options<Meta, Body>, { signRequest: unknown }>, 'signRequest'>
  | Pick<Extract<AwsS3Options<Meta, Body>, { getCredentials: unknown }>, 's3Endpoint' | 'region' | 'getCredentials'>;

/** Sends files with Uppy, without its user interface. */
export async function sendByUppy(files: readonly File[], job: Job, signing: Signing): Promise<void> {
  const uppy = new Uppy();
  const { partSize, concurrency, keyPrefix } = job;
  uppy.use(AwsS3, {
    ...(concurrency && { limit: concurrency }),
    ...(partSize && { shouldUseMultipart: ({ size }) => (size ?? 0) > partSize }),
    ...(partSize && { getChunkSize: () => partSize }),
    generateObjectKey: ({ name }) => `${keyPrefix}/${name}`,
    ...signing,
  });
  uppy.addFiles(files.map((file) => ({ name: file.name, type: file.type, data: file })));
  const result = await uppy.upload();
  const [failed] = result?.failed ?? [];
  if (failed) throw new Error(failed.error ?? 'failed');
}
