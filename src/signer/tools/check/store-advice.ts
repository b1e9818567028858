/** The CORS rule and the policy that the bucket's owner pastes into the store's configuration. */
import type { Settings } from '../../options/settings.js';

/** The response header that no upload works without. */
export const REQUIRED_HEADER = 'etag';

/** Returns further response headers that pages use: retry delays, request IDs, versions, checksums. */
export const usefulHeaders = ({ checksums }: Settings): string[] => [
  'retry-after',
  'x-amz-request-id',
  'x-amz-version-id',
  ...checksums.map((name) => `x-amz-checksum-${name}`),
];

/** Returns the bucket's CORS rule in the form that the AWS console accepts. */
export function corsRule(settings: Settings, origins: readonly string[]): string {
  const rule = {
    AllowedOrigins: origins,
    AllowedMethods: ['GET', 'HEAD', 'PUT', 'POST', 'DELETE'],
    AllowedHeaders: ['*'],
    ExposeHeaders: ['ETag', ...usefulHeaders(settings)],
    MaxAgeSeconds: 3000,
  };
  return `the bucket's CORS rule (for aws s3api put-bucket-cors, wrap it in {"CORSRules": …}):\n${JSON.stringify([rule], null, 2)}`;
}

/** Returns the policy of the signer's credentials: the permissions that uploads need. */
export function uploaderPolicy({ bucket, policy }: Settings): string {
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
  return `the policy of the user or role (HEAD needs s3:GetObject, S3's smallest permission for it):\n${JSON.stringify({ Version: '2012-10-17', Statement: [statement] }, null, 2)}`;
}

/** Returns the folder that all keys share; empty if the policy names none. */
export function prefixOf({ key, objectKeys }: Settings['policy']): string {
  if (objectKeys !== undefined || typeof key === 'function') return '';
  return key === undefined ? 'uploads/' : key.slice(0, key.indexOf('{')).replace(/[^/]*$/, '');
}
