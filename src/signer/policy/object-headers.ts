/**
 * The headers that a new object is made with: signed, and replayed by the browser as they are.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateMultipartUpload.html
 */
import type { InitFile } from '../../protocol.js';
import { percentEncode } from '../util/bytes.js';
import { cleanName } from './object-keys.js';
import { cutText, cutToBytes } from '../util/cut-text.js';
import { callPolicyFunction, PolicyError } from './policy-error.js';

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
  /**
   * Up to 10 tags. The credentials need s3:PutObjectTagging besides. Values that a function gives are cut to S3's 256
   * characters, and `_` stands for characters that S3 takes in no tag. A file for which it throws, or gives more tags or
   * another name than S3 takes, is refused alone with `policy-failed`; `onError` gets the reason.
   * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-tagging.html
   */
  tags?: PerFile<Readonly<Record<string, string>>>;
  /**
   * `x-amz-meta-*`. What is not printable ASCII, and `%`, is percent-encoded as UTF-8. S3 takes 2 KB for each object:
   * the longest values that a function gives are cut to that. A file for which it throws, or gives a name that no
   * header takes, is refused alone with `policy-failed`; `onError` gets the reason.
   */
  metadata?: PerFile<Readonly<Record<string, string>>>;
  /** How browsers show the object, with the file's cleaned name; `attachment` keeps HTML and SVG from being run. */
  disposition?: 'attachment' | 'inline';
}

export const METADATA_NAME = /^[\w!#$&^.+-]{1,128}$/;
const MAX_TAGS = 10;
/** UTF-16 units, as S3 counts them. */
const MAX_TAG_NAME = 128;
const MAX_TAG_VALUE = 256;
/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_control_Tag.html */
const INVALID_TAG_CHARACTERS = /[^\p{L}\p{Z}\p{N}_.:/=+\-@]/gu;
/**
 * Bytes of all names and values; some stores count `x-amz-meta-` too. The signer's own mark of an object takes a part.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html
 */
const MAX_METADATA = 2_048 - 'x-amz-meta-mule-upload'.length - 22;

/**
 * Gives the headers of one object; the file's type has been admitted before.
 * @throws PolicyFault where the policy's own functions throw, or give what S3 does not take
 */
export async function objectHeaders(
  policy: ObjectPolicy & { readonly defaultAcl?: string | null },
  file: InitFile,
  principal: string | null,
): Promise<Record<string, string>> {
  const acl = chooseAcl(policy, file) ?? policy.defaultAcl;
  return {
    // where none is signed, whoever holds the URL may add one
    'content-type': file.content_type || 'application/octet-stream',
    ...(policy.disposition ? { 'content-disposition': dispositionOf(policy.disposition, file.filename) } : {}),
    ...(acl ? { 'x-amz-acl': acl } : {}),
    ...(policy.storageClass ? { 'x-amz-storage-class': policy.storageClass } : {}),
    ...encryptionHeaders(policy.encryption),
    ...taggingHeader(await tagsFor(policy.tags, file, principal)),
    ...metadataHeaders(await metadataFor(policy.metadata, file, principal)),
  };
}

/** Gives the canned ACL to sign: the wish, where the policy lists it. */
export function chooseAcl(policy: ObjectPolicy, { acl }: InitFile): string | null {
  return acl !== undefined && policy.acls?.includes(acl) ? acl : null;
}

type StringMap = Readonly<Record<string, string>>;

type StringMapOption = PerFile<StringMap> | undefined;

async function tagsFor(tags: StringMapOption, file: InitFile, principal: string | null): Promise<StringMap> {
  if (typeof tags !== 'function') return tags ?? {};
  const given = expectStrings(
    'policy.tags',
    (await callPolicyFunction('policy.tags', () => tags(file, principal))) ?? {},
  );
  const fitted = Object.entries(given).map(([name, value]) => [
    name,
    cutText(value.replace(INVALID_TAG_CHARACTERS, '_'), MAX_TAG_VALUE),
  ]);
  return expectFit('policy.tags', Object.fromEntries(fitted) as StringMap, findTagsFault);
}

async function metadataFor(metadata: StringMapOption, file: InitFile, principal: string | null): Promise<StringMap> {
  if (typeof metadata !== 'function') return metadata ?? {};
  const given = (await callPolicyFunction('policy.metadata', () => metadata(file, principal))) ?? {};
  return expectFit('policy.metadata', fitMetadata(expectStrings('policy.metadata', given)), findMetadataFault);
}

/** @throws PolicyFault for what is no object of texts */
function expectStrings(option: string, given: unknown): StringMap {
  if (typeof given === 'object' && given !== null && Object.values(given).every((text) => typeof text === 'string'))
    return given as StringMap;
  throw new PolicyError(`${option} gave something else than an object of texts`);
}

function expectFit(option: string, texts: StringMap, faultOf: (texts: StringMap) => string | null): StringMap {
  const fault = faultOf(texts);
  if (fault) throw new PolicyError(`${option} gave ${fault}`);
  return texts;
}

/** Tells which of the tags S3 would refuse, or null. */
export function findTagsFault(tags: StringMap): string | null {
  const entries = Object.entries(tags);
  if (entries.length > MAX_TAGS) return `${entries.length} tags; S3 takes ${MAX_TAGS}`;
  const isFit = ([name, value]: [string, string]): boolean =>
    name.length >= 1 && name.length <= MAX_TAG_NAME && !/^aws:/i.test(name) && value.length <= MAX_TAG_VALUE;
  if (entries.every(isFit)) return null;
  return `a tag that S3 does not take: names have 1 to ${MAX_TAG_NAME} characters and no aws: before them, values up to ${MAX_TAG_VALUE}`;
}

/** Tells why S3, or a header, would not take the metadata, or null. */
export function findMetadataFault(metadata: StringMap): string | null {
  const entries = Object.entries(metadata);
  if (!entries.every(([name]) => METADATA_NAME.test(name))) return 'a name that no header takes';
  const bytes = entries.reduce((sum, [name, value]) => sum + bytesOfName(name) + encodeHeaderValue(value).length, 0);
  return bytes > MAX_METADATA ? `${bytes} bytes; S3 takes ${MAX_METADATA}` : null;
}

const bytesOfName = (name: string): number => 'x-amz-meta-'.length + name.length;

/** Shares S3's room among the values: those that need less than an equal share leave the rest to the longer ones. */
function fitMetadata(metadata: StringMap): StringMap {
  const entries = Object.entries(metadata).map(([name, value]) => ({
    name,
    value,
    bytes: encodeHeaderValue(value).length,
  }));
  let room = entries.reduce((left, { name }) => left - bytesOfName(name), MAX_METADATA);
  const fitted = new Map<string, string>();
  entries.sort((a, b) => a.bytes - b.bytes);
  for (const [index, { name, value, bytes }] of entries.entries()) {
    const share = Math.max(Math.floor(room / (entries.length - index)), 0);
    fitted.set(name, bytes <= share ? value : cutToBytes(value, share, encodedBytesOf));
    room -= Math.min(bytes, share);
  }
  return Object.fromEntries(Object.keys(metadata).map((name) => [name, fitted.get(name)!]));
}

/** What a character takes at most; a space only where it has to be encoded. */
const encodedBytesOf = (character: string): number => (character === ' ' ? 3 : encodeHeaderValue(character).length);

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

/** Percent-encodes what a header cannot carry, and what a canonical header would lose: white space at its ends. */
const encodeHeaderValue = (text: string): string =>
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
