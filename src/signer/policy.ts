/** What may be uploaded, and under which key. The browser's word on a file's name, size and type is all there is. */
import { MAX_OBJECT_SIZE } from '../limits.js';
import type { InitFile } from '../protocol.js';
import { hex, randomBytes, utf8 } from './bytes.js';
import { cleanName, cleanPath, faultOfKey, MAX_KEY_BYTES } from './names.js';
import { SignerRefusal } from './refusal.js';

export interface Policy {
  /** Bytes; by default S3's own limit. */
  maxSize?: number;
  /** Bytes; 0 by default. */
  minSize?: number;
  /** As the attribute of `<input type="file">`: extensions and MIME types, comma separated. */
  accept?: string;
  /** Files in one call; 100 by default. */
  maxFiles?: number;
  /** Bytes per part, in place of the browser's wish. */
  partSize?: number;
  /** Names the object; by default `uploads/{128 random bits}/{cleaned name}`. */
  key?: (file: Readonly<InitFile>, principal: string | null) => string | Promise<string>;
  /**
   * Lets the browser name the object below this prefix (`''` for the whole bucket); such a wish goes before `key`.
   * Nothing keeps principals apart there: whoever may upload can overwrite any object below the prefix, others'
   * included. Where they must not, leave this out and let `key` name objects.
   */
  objectKeys?: string;
  /**
   * Canned ACLs that the browser may wish for; none by default. The credentials then need s3:PutObjectAcl besides, and
   * the bucket has to have ACLs enabled, or the store refuses the upload.
   * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html#canned-acl
   */
  acls?: readonly string[];
}

export type SettledPolicy = Policy & Required<Pick<Policy, 'maxSize' | 'minSize' | 'maxFiles'>>;

export const POLICY_DEFAULTS = { maxSize: MAX_OBJECT_SIZE, minSize: 0, maxFiles: 100 } as const;

const MEDIA_TYPE =
  /^[\w!#$&^.+-]{1,127}\/[\w!#$&^.+-]{1,127}(?:\s*;\s*[\w!#$&^.+-]+=(?:[\w!#$&^.+-]+|"[\w !#$&^.+,:/-]*"))*$/;

/** @throws SignerRefusal for a file that the policy does not take */
export function admit(policy: SettledPolicy, file: InitFile): void {
  const { maxSize, minSize, accept } = policy;
  const refuse = (code: string, why: string) =>
    new SignerRefusal(403, code, `“${cleanName(file.filename, 200)}” ${why}.`);
  if (file.filename.trim() === '') throw new SignerRefusal(403, 'empty-name', 'A file without a name is not taken.');
  if (file.filesize > maxSize) throw refuse('too-big', `has ${file.filesize} bytes; at most ${maxSize} are taken`);
  if (file.filesize < minSize) throw refuse('too-small', `has ${file.filesize} bytes; at least ${minSize} are needed`);
  if (file.content_type && !MEDIA_TYPE.test(file.content_type))
    throw refuse('type', 'bears a type that is no media type');
  if (accept && !isAccepted(accept, file)) throw refuse('type', `is of a type that is not taken; taken are ${accept}`);
}

/**
 * Chooses the key of a new upload.
 * @throws SignerRefusal for a wish that cannot be met
 * @throws Error where the policy's own `key` gives an unfit one
 */
export async function chooseKey(policy: SettledPolicy, file: InitFile, principal: string | null): Promise<string> {
  if (policy.objectKeys !== undefined && file.object_key) return wishedKey(policy.objectKeys, file);
  if (policy.key) {
    const key = await policy.key(file, principal);
    const fault = faultOfKey(key);
    if (fault) throw new Error(`policy.key gave an unfit key: ${fault}`);
    return key;
  }
  const prefix = `uploads/${hex(randomBytes(16))}/`;
  return prefix + cleanName(file.filename, MAX_KEY_BYTES - utf8(prefix).length);
}

/** Gives the canned ACL to sign: the wish, where the policy lists it. */
export function chooseAcl(policy: SettledPolicy, { acl }: InitFile): string | null {
  return acl !== undefined && policy.acls?.includes(acl) ? acl : null;
}

function wishedKey(prefix: string, file: InitFile): string {
  const wish = file.object_key!;
  const path = cleanPath(wish);
  const name = cleanName(file.filename, MAX_KEY_BYTES / 2);
  const key = prefix + (wish.endsWith('/') ? [path, name].filter(Boolean).join('/') : path || name);
  const fault = faultOfKey(key);
  if (fault) throw new SignerRefusal(403, 'key-refused', `The object key wished for cannot be used: ${fault}.`);
  return key;
}

/** @see https://html.spec.whatwg.org/multipage/input.html#attr-input-accept */
function isAccepted(accept: string, { filename, content_type }: InitFile): boolean {
  const name = filename.toLowerCase();
  const type = content_type.toLowerCase().split(';')[0]!.trim();
  const tokens = accept
    .toLowerCase()
    .split(',')
    .map((token) => token.trim())
    .filter(Boolean);
  return (
    tokens.length === 0
    || tokens.some((token) => {
      if (token === '*/*') return true;
      if (token.startsWith('.')) return name.endsWith(token);
      return token.endsWith('/*') ? type.startsWith(token.slice(0, -1)) : type === token;
    })
  );
}
