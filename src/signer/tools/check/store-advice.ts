/** What the owner of a bucket pastes at its console so that pages can upload to it. */
import type { Settings } from '../../options/settings.js';

/** What every store's answers have to let pages read. */
export const NEEDED_HEADER = 'etag';

/** What they should let pages read besides: waits, support tickets, versions, checksums. */
export const helpfulHeaders = ({ checksums }: Settings): string[] => [
  'retry-after',
  'x-amz-request-id',
  'x-amz-version-id',
  ...checksums.map((name) => `x-amz-checksum-${name}`),
];

/** Gives the bucket's CORS rule, as the console takes it. */
export function corsRule(settings: Settings, origins: readonly string[]): string {
  const rule = {
    AllowedOrigins: origins,
    AllowedMethods: ['GET', 'HEAD', 'PUT', 'POST', 'DELETE'],
    AllowedHeaders: ['*'],
    ExposeHeaders: ['ETag', ...helpfulHeaders(settings)],
    MaxAgeSeconds: 3000,
  };
  return `the bucket's CORS rule (aws s3api put-bucket-cors wants it as {"CORSRules": …}):\n${JSON.stringify([rule], null, 2)}`;
}

/** Gives the policy of the credentials: all that uploads need, and no more. */
export function leastPolicy({ bucket, policy }: Settings): string {
  const actions = ['s3:PutObject', 's3:GetObject', 's3:AbortMultipartUpload', 's3:ListMultipartUploadParts'];
  const statement = {
    Effect: 'Allow',
    Action: [
      ...actions,
      ...(policy.acls?.length ? ['s3:PutObjectAcl'] : []),
      ...(policy.tags ? ['s3:PutObjectTagging'] : []),
    ],
    Resource: `arn:aws:s3:::${bucket}/${prefixOf(policy)}*`,
  };
  return `the policy of its user or role (s3:GetObject is for HEAD, for which S3 has no smaller permission):\n${JSON.stringify({ Version: '2012-10-17', Statement: [statement] }, null, 2)}`;
}

/** The folder that all keys are in, as far as the policy tells; empty where it does not. */
export function prefixOf({ key, objectKeys }: Settings['policy']): string {
  if (objectKeys !== undefined || typeof key === 'function') return '';
  return key === undefined ? 'uploads/' : key.slice(0, key.indexOf('{')).replace(/[^/]*$/, '');
}
