/** Explains S3's error codes to the owner of the bucket. */
import type { Settings } from '../../options/settings.js';
import { textIn } from '../../../xml.js';
import { signerIamPolicy } from './store-advice.js';
import type { StoreReply } from './store-probe.js';

/** Returns the reason for a refused request. */
export function explainError({ bucket, region }: Settings, { status, code, text, headers }: StoreReply): string {
  const actualRegion = headers.get('x-amz-bucket-region') ?? textIn(text, 'Region');
  if (actualRegion && actualRegion !== region) return `the bucket is in region ${actualRegion}, not ${region}`;
  switch (code) {
    case 'NoSuchBucket':
      return `bucket ${bucket} does not exist`;
    case 'InvalidAccessKeyId':
      return 'the store does not know the access key ID';
    case 'SignatureDoesNotMatch':
      return 'the secret access key does not belong to the access key ID';
    case 'ExpiredToken':
    case 'InvalidToken':
      return 'the session token is invalid or has expired';
    case 'RequestTimeTooSkewed':
      return "this machine's clock is wrong";
    case 'AccessDenied':
      return 'the credentials lack the permission';
    case 'AccessControlListNotSupported':
    case 'NotImplemented':
      return (
        `the store answered ${status} ${code}; if it does not support x-amz-acl, `
        + 'set refusesUnsignedHeaders to true: the signer then leaves that header out'
      );
    default:
      return `the store answered ${status} ${code}`.trim();
  }
}

/** Returns the command or policy that corrects the error, if there is one. */
export function adviceForError(settings: Settings, { code }: StoreReply): { advice?: string } {
  if (code === 'NoSuchBucket') return { advice: `aws s3 mb s3://${settings.bucket} --region ${settings.region}` };
  return code === 'AccessDenied' ? { advice: signerIamPolicy(settings) } : {};
}
