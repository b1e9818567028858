import { createHmac } from 'node:crypto';
import type { StoreAccess } from './s3-client.js';

export interface PostFormOptions {
  /** Conditions of the policy, except those for credential, date and algorithm, which are added. */
  conditions: readonly unknown[];
  /** Fields of the form, except those of the signature, which are added. */
  fields: Record<string, string>;
  /** When the policy expires, in epoch milliseconds; in ten minutes by default. */
  expiration?: number;
}

const hmac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();

/**
 * Signs a POST policy. @returns all fields of its form, except the file
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-post-example.html
 */
export function postFields(
  { accessKeyId, secretAccessKey, region }: StoreAccess,
  { conditions, fields, expiration = Date.now() + 600_000 }: PostFormOptions,
): Record<string, string> {
  const timestamp = new Date().toISOString().replace(/[:-]|\.\d{3}/g, '');
  const day = timestamp.slice(0, 8);
  const signatureFields = {
    'x-amz-algorithm': 'AWS4-HMAC-SHA256',
    'x-amz-credential': `${accessKeyId}/${day}/${region}/s3/aws4_request`,
    'x-amz-date': timestamp,
  };
  const policyDocument = {
    expiration: new Date(expiration).toISOString(),
    conditions: [...Object.entries(signatureFields).map(([name, value]) => ({ [name]: value })), ...conditions],
  };
  const policy = Buffer.from(JSON.stringify(policyDocument)).toString('base64');
  const key = [day, region, 's3', 'aws4_request'].reduce<Buffer | string>(hmac, `AWS4${secretAccessKey}`);
  return { ...fields, ...signatureFields, policy, 'x-amz-signature': hmac(key, policy).toString('hex') };
}

/** Builds the form that a page posts with a signed policy; the file comes last. */
export function postForm(access: StoreAccess, options: PostFormOptions, file: Blob): FormData {
  const form = new FormData();
  for (const [name, value] of Object.entries(postFields(access, options))) form.append(name, value);
  form.append('file', file, 'chosen by hand.bin');
  return form;
}
