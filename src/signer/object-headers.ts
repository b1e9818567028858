/**
 * The headers that a new object is made with: signed, and replayed by the browser as they are.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateMultipartUpload.html
 */
import type { InitFile } from '../protocol.js';
import { percentEncode } from './bytes.js';
import { cleanName } from './names.js';

/** A fixed value, or a function of file and principal. */
export type PerFile<T> = T | ((file: Readonly<InitFile>, principal: string | null) => T | Promise<T>);

/** Server-side encryption: with S3's own keys, with the account's key at KMS, or with the key named. */
export type Encryption = 'AES256' | 'aws:kms' | { readonly kmsKeyId: string; readonly bucketKey?: boolean };

export interface ObjectPolicy {
  /**
   * Canned ACLs that the browser may wish for; none by default. The credentials then need s3:PutObjectAcl besides, and
   * the bucket has to have ACLs enabled, or the store refuses the upload.
   * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html#canned-acl
   */
  acls?: readonly string[];
  /** Such as `STANDARD_IA`; the bucket's own by default. */
  storageClass?: string;
  /**
   * Server-side encryption; by default the bucket's own. KMS needs kms:GenerateDataKey and kms:Decrypt besides.
   * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/serv-side-encryption.html
   */
  encryption?: Encryption;
  /** Up to 10 tags. The credentials need s3:PutObjectTagging besides. */
  tags?: PerFile<Readonly<Record<string, string>>>;
  /** `x-amz-meta-*`. What is not printable ASCII, and `%`, is percent-encoded as UTF-8. */
  metadata?: PerFile<Readonly<Record<string, string>>>;
  /** How browsers show the object, with the file's cleaned name; `attachment` keeps HTML and SVG from being run. */
  disposition?: 'attachment' | 'inline';
}

export const METADATA_NAME = /^[\w!#$&^.+-]{1,128}$/;
const MAX_TAGS = 10;
/** Bytes of all names and values. @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html */
const MAX_METADATA = 2_048;

/**
 * Gives the headers of one object; the file's type has been admitted before.
 * @throws Error where the policy's own functions give what S3 does not take
 */
export async function headersFor(
  policy: ObjectPolicy,
  file: InitFile,
  principal: string | null,
): Promise<Record<string, string>> {
  const acl = chooseAcl(policy, file);
  return {
    // where none is signed, whoever holds the URL may add one
    'content-type': file.content_type || 'application/octet-stream',
    ...(policy.disposition ? { 'content-disposition': dispositionOf(policy.disposition, file.filename) } : {}),
    ...(acl ? { 'x-amz-acl': acl } : {}),
    ...(policy.storageClass ? { 'x-amz-storage-class': policy.storageClass } : {}),
    ...encryptionHeaders(policy.encryption),
    ...taggingHeader(await resolve(policy.tags, file, principal)),
    ...metadataHeaders(await resolve(policy.metadata, file, principal)),
  };
}

/** Gives the canned ACL to sign: the wish, where the policy lists it. */
export function chooseAcl(policy: ObjectPolicy, { acl }: InitFile): string | null {
  return acl !== undefined && policy.acls?.includes(acl) ? acl : null;
}

type Texts = Readonly<Record<string, string>>;

const resolve = async (value: PerFile<Texts> | undefined, file: InitFile, principal: string | null): Promise<Texts> =>
  (typeof value === 'function' ? await value(file, principal) : value) ?? {};

function encryptionHeaders(encryption: Encryption | undefined): Record<string, string> {
  if (encryption === undefined) return {};
  if (typeof encryption === 'string') return { 'x-amz-server-side-encryption': encryption };
  return {
    'x-amz-server-side-encryption': 'aws:kms',
    'x-amz-server-side-encryption-aws-kms-key-id': encryption.kmsKeyId,
    ...(encryption.bucketKey ? { 'x-amz-server-side-encryption-bucket-key-enabled': 'true' } : {}),
  };
}

/** @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-tagging.html */
function taggingHeader(tags: Texts): Record<string, string> {
  const entries = Object.entries(tags);
  if (entries.length === 0) return {};
  if (entries.length > MAX_TAGS) throw new Error(`policy.tags gave ${entries.length} tags; S3 takes ${MAX_TAGS}`);
  for (const [name, value] of entries) {
    if (typeof value !== 'string' || name.length < 1 || name.length > 128 || value.length > 256)
      throw new Error('policy.tags gave a tag that S3 does not take: names have 1 to 128 characters, values up to 256');
  }
  return { 'x-amz-tagging': entries.map((pair) => pair.map(percentEncode).join('=')).join('&') };
}

function metadataHeaders(metadata: Texts): Record<string, string> {
  const headers: Record<string, string> = {};
  let bytes = 0;
  for (const [name, value] of Object.entries(metadata)) {
    if (!METADATA_NAME.test(name) || typeof value !== 'string')
      throw new Error('policy.metadata gave a name that no header takes, or a value that is no text');
    const encoded = printable(value);
    bytes += name.length + encoded.length;
    headers[`x-amz-meta-${name.toLowerCase()}`] = encoded;
  }
  if (bytes > MAX_METADATA) throw new Error(`policy.metadata gave ${bytes} bytes; S3 takes ${MAX_METADATA}`);
  return headers;
}

/** Percent-encodes what a header cannot carry, and what a canonical header would lose: white space at its ends. */
const printable = (text: string): string =>
  text.replace(/[^\x20-\x7e]|%/gu, percentEncode).replace(/^ +| +$| {2,}/g, (spaces) => '%20'.repeat(spaces.length));

/**
 * Names the file for browsers that save the object: in ASCII, and in full.
 * @see https://www.rfc-editor.org/rfc/rfc6266#section-4.1 and https://www.rfc-editor.org/rfc/rfc8187
 */
function dispositionOf(disposition: string, filename: string): string {
  const name = cleanName(filename, 255);
  const ascii = name
    .replace(/[^\x20-\x7e]|["\\%;]/gu, '_')
    .replace(/ +/g, ' ')
    .trim();
  return `${disposition}; filename="${ascii}"; filename*=UTF-8''${percentEncode(name)}`;
}
