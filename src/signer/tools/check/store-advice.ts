/** The bucket's CORS rule, and the IAM policy of the signer's user or role, as texts to paste. */
import { DEFAULT_TEMPLATE } from '../../policy/policy.js';
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

interface Statement {
  readonly Effect: 'Allow';
  readonly Action: readonly string[];
  readonly Resource: string;
}

/** Returns the IAM policy of the signer's user or role: the permissions that uploads need. */
export function signerIamPolicy({ bucket, region, policy: uploadPolicy }: Settings): string {
  const partition = partitionOf(region);
  const objects: Statement = {
    Effect: 'Allow',
    Action: [
      's3:PutObject',
      's3:GetObject',
      's3:AbortMultipartUpload',
      's3:ListMultipartUploadParts',
      ...(uploadPolicy.acls?.length ? ['s3:PutObjectAcl'] : []),
      ...(uploadPolicy.tags ? ['s3:PutObjectTagging'] : []),
    ],
    Resource: `arn:${partition}:s3:::${bucket}/${prefixOf(uploadPolicy)}*`,
  };
  const statements = [objects, ...keyStatements(uploadPolicy.encryption, partition, region)];
  const text = JSON.stringify({ Version: '2012-10-17', Statement: statements }, null, 2);
  return `the policy of the user or role (HEAD needs s3:GetObject, S3's smallest permission for it; if the bucket encrypts by a KMS key by default, add ${KEY_ACTIONS.join(' and ')} on that key):\n${text}`;
}

/** What multipart uploads need of a KMS key. @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuAndPermissions.html */
const KEY_ACTIONS = ['kms:GenerateDataKey', 'kms:Decrypt'];

/** Returns the permission on the KMS key that the upload policy names; none without such a key. */
function keyStatements(encryption: Settings['policy']['encryption'], partition: string, region: string): Statement[] {
  if (typeof encryption !== 'object') return [];
  const { kmsKeyId } = encryption;
  // permissions name keys, not their aliases
  const key = /(?:^|:)alias\//.test(kmsKeyId) ? '*' : kmsKeyId;
  const arn = key.startsWith('arn:') ? key : `arn:${partition}:kms:${region}:*:key/${key}`;
  return [{ Effect: 'Allow', Action: KEY_ACTIONS, Resource: arn }];
}

/** Returns the partition of Amazon's resource names. @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html */
function partitionOf(region: string): string {
  if (region.startsWith('cn-')) return 'aws-cn';
  return region.startsWith('us-gov-') ? 'aws-us-gov' : 'aws';
}

/**
 * Returns the folder that all keys share; empty if there is none, or if the browser (`objectKeys`) or a function chooses
 * the keys.
 */
export function prefixOf({ key = DEFAULT_TEMPLATE, objectKeys }: Settings['policy']): string {
  if (objectKeys !== undefined || typeof key === 'function') return '';
  // every template has a placeholder
  return key.slice(0, key.indexOf('{')).replace(/[^/]*$/, '');
}
