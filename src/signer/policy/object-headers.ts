/**
 * The headers of a new object. They are signed, and the browser sends them unchanged.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateMultipartUpload.html
 */
import type { InitFile } from '../../protocol.js';
import { percentEncode } from '../util/bytes.js';
import { cleanName } from './object-keys.js';
import { cutText, cutToBytes } from '../util/cut-text.js';
import { callPolicyFunction, PolicyError } from './policy-error.js';

/** A fixed value, or a function that returns it for a file and a principal. */
export type PerFile<T> = T | ((file: Readonly<InitFile>, principal: string | null) => T | Promise<T>);

/** Server-side encryption: with S3's keys, with the account's KMS key, or with a specific KMS key. */
export type Encryption = 'AES256' | 'aws:kms' | { readonly kmsKeyId: string; readonly bucketKey?: boolean };

export interface ObjectPolicy {
  /**
   * Canned ACLs that the browser may request; none by default. The credentials then also need s3:PutObjectAcl, and the
   * bucket must have ACLs enabled, or the store refuses the upload.
   * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html#canned-acl
   */
  acls?: readonly string[];
  /** Such as `STANDARD_IA`; the bucket's default if omitted. */
  storageClass?: string;
  /**
   * Server-side encryption; the bucket's default if omitted. KMS also needs kms:GenerateDataKey and kms:Decrypt.
   * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/serv-side-encryption.html
   */
  encryption?: Encryption;
  /**
   * Up to 10 tags. The credentials also need s3:PutObjectTagging. Values that a function returns are shortened to S3's
   * 256 characters, and `_` replaces characters that tags cannot contain. If the function throws, or returns too many
   * tags or an invalid name, only that file is refused, with `policy-failed`; `onError` receives the reason.
   * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-tagging.html
   */
  tags?: PerFile<Readonly<Record<string, string>>>;
  /**
   * `x-amz-meta-*`. `%` and everything but printable ASCII is percent-encoded as UTF-8. S3 stores 2 KB for each object:
   * the longest values that a function returns are shortened to that. If the function throws, or returns an invalid
   * header name, only that file is refused, with `policy-failed`; `onError` receives the reason.
   */
  metadata?: PerFile<Readonly<Record<string, string>>>;
  /** `Content-Disposition`, with the cleaned file name. `attachment` prevents HTML and SVG from running. */
  disposition?: 'attachment' | 'inline';
}

const METADATA_NAME = /^[\w!#$&^.+-]{1,128}$/;
const MAX_TAGS = 10;
/** UTF-16 units, as S3 counts them. */
const MAX_TAG_NAME_LENGTH = 128;
const MAX_TAG_VALUE_LENGTH = 256;
/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_control_Tag.html */
const INVALID_TAG_CHARACTERS = /[^\p{L}\p{Z}\p{N}_.:/=+\-@]/gu;
/**
 * Limit for all names and values together; some stores count `x-amz-meta-` too. Without the bytes of the signer's own
 * header, `x-amz-meta-mule-upload`, whose value has 22 characters.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html
 */
const MAX_METADATA_BYTES = 2_048 - 'x-amz-meta-mule-upload'.length - 22;

/**
 * Returns the headers of one object.
 * @param file as returned by `validateFile`
 * @throws PolicyError if the policy's functions throw, or return what S3 does not accept
 */
export async function objectHeaders(
  policy: ObjectPolicy & { readonly defaultAcl?: string | null },
  file: InitFile,
  principal: string | null,
): Promise<Record<string, string>> {
  const acl = chooseAcl(policy, file) ?? policy.defaultAcl;
  return {
    // always signed: otherwise the holder of the URL could choose the type
    'content-type': file.content_type || 'application/octet-stream',
    ...(policy.disposition ? { 'content-disposition': dispositionOf(policy.disposition, file.filename) } : {}),
    ...(acl ? { 'x-amz-acl': acl } : {}),
    ...(policy.storageClass ? { 'x-amz-storage-class': policy.storageClass } : {}),
    ...encryptionHeaders(policy.encryption),
    ...taggingHeader(await tagsFor(policy.tags, file, principal)),
    ...metadataHeaders(await metadataFor(policy.metadata, file, principal)),
  };
}

/** Returns the requested canned ACL if the policy lists it, else null. */
export function chooseAcl(policy: ObjectPolicy, { acl }: InitFile): string | null {
  return acl !== undefined && policy.acls?.includes(acl) ? acl : null;
}

type StringMap = Readonly<Record<string, string>>;

type StringMapOption = PerFile<StringMap> | undefined;

async function tagsFor(tags: StringMapOption, file: InitFile, principal: string | null): Promise<StringMap> {
  if (typeof tags !== 'function') return tags ?? {};
  const returned = expectStrings(
    'policy.tags',
    (await callPolicyFunction('policy.tags', () => tags(file, principal))) ?? {},
  );
  const fitted = Object.entries(returned).map(([name, value]) => [
    name,
    cutText(value.replace(INVALID_TAG_CHARACTERS, '_'), MAX_TAG_VALUE_LENGTH),
  ]);
  return expectValid('policy.tags', Object.fromEntries(fitted) as StringMap, findTagsFault);
}

async function metadataFor(metadata: StringMapOption, file: InitFile, principal: string | null): Promise<StringMap> {
  if (typeof metadata !== 'function') return metadata ?? {};
  const returned = (await callPolicyFunction('policy.metadata', () => metadata(file, principal))) ?? {};
  return expectValid('policy.metadata', fitMetadata(expectStrings('policy.metadata', returned)), findMetadataFault);
}

/** @throws PolicyError for anything but an object of strings */
function expectStrings(option: string, given: unknown): StringMap {
  if (typeof given === 'object' && given !== null && Object.values(given).every((text) => typeof text === 'string'))
    return given as StringMap;
  throw new PolicyError(`${option} must return an object of strings`);
}

function expectValid(option: string, map: StringMap, findFault: (map: StringMap) => string | null): StringMap {
  const fault = findFault(map);
  if (fault) throw new PolicyError(`${option}: ${fault}`);
  return map;
}

/** Returns why S3 would refuse the tags, or null. */
export function findTagsFault(tags: StringMap): string | null {
  const entries = Object.entries(tags);
  if (entries.length > MAX_TAGS) return `${entries.length} tags; the limit is ${MAX_TAGS}`;
  const isValid = ([name, value]: [string, string]): boolean =>
    name.length >= 1
    && name.length <= MAX_TAG_NAME_LENGTH
    && !/^aws:/i.test(name)
    && value.length <= MAX_TAG_VALUE_LENGTH;
  if (entries.every(isValid)) return null;
  return `invalid tag: a name has 1 to ${MAX_TAG_NAME_LENGTH} characters and does not start with aws:, a value has up to ${MAX_TAG_VALUE_LENGTH}`;
}

/** Returns why S3 would refuse the metadata, or null. */
export function findMetadataFault(metadata: StringMap): string | null {
  const entries = Object.entries(metadata);
  if (!entries.every(([name]) => METADATA_NAME.test(name))) return 'invalid name: use letters, digits and !#$&^_.+-';
  const bytes = entries.reduce((sum, [name, value]) => sum + bytesOfName(name) + encodeHeaderValue(value).length, 0);
  return bytes > MAX_METADATA_BYTES ? `${bytes} bytes of metadata; the limit is ${MAX_METADATA_BYTES}` : null;
}

const bytesOfName = (name: string): number => 'x-amz-meta-'.length + name.length;

/** Shortens the longest values, so that all fit in S3's limit. Short values leave their unused share to longer ones. */
function fitMetadata(metadata: StringMap): StringMap {
  const entries = Object.entries(metadata).map(([name, value]) => ({
    name,
    value,
    bytes: encodeHeaderValue(value).length,
  }));
  let bytesLeft = entries.reduce((rest, { name }) => rest - bytesOfName(name), MAX_METADATA_BYTES);
  const fitted = new Map<string, string>();
  entries.sort((a, b) => a.bytes - b.bytes);
  for (const [index, { name, value, bytes }] of entries.entries()) {
    const share = Math.max(Math.floor(bytesLeft / (entries.length - index)), 0);
    fitted.set(name, bytes <= share ? value : cutToBytes(value, share, maxEncodedBytes));
    bytesLeft -= Math.min(bytes, share);
  }
  return Object.fromEntries(Object.keys(metadata).map((name) => [name, fitted.get(name)!]));
}

/** Returns the maximum length of an encoded character: whether a space is encoded, as 3 bytes, depends on its position. */
const maxEncodedBytes = (character: string): number => (character === ' ' ? 3 : encodeHeaderValue(character).length);

function encryptionHeaders(encryption: Encryption | undefined): Record<string, string> {
  if (encryption === undefined) return {};
  if (typeof encryption === 'string') return { 'x-amz-server-side-encryption': encryption };
  return {
    'x-amz-server-side-encryption': 'aws:kms',
    'x-amz-server-side-encryption-aws-kms-key-id': encryption.kmsKeyId,
    ...(encryption.bucketKey ? { 'x-amz-server-side-encryption-bucket-key-enabled': 'true' } : {}),
  };
}

function taggingHeader(tags: StringMap): Record<string, string> {
  const pairs = Object.entries(tags).map((pair) => pair.map(percentEncode).join('='));
  return pairs.length > 0 ? { 'x-amz-tagging': pairs.join('&') } : {};
}

const metadataHeaders = (metadata: StringMap): Record<string, string> =>
  Object.fromEntries(
    Object.entries(metadata).map(([name, value]) => [`x-amz-meta-${name.toLowerCase()}`, encodeHeaderValue(value)]),
  );

/** Percent-encodes characters that a header cannot contain, and spaces that a canonical header would lose. */
const encodeHeaderValue = (text: string): string =>
  text.replace(/[^\x20-\x7e]|%/gu, percentEncode).replace(/^ +| +$| {2,}/g, (spaces) => '%20'.repeat(spaces.length));

/**
 * Returns `Content-Disposition` with the file's name, in ASCII and in UTF-8.
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
