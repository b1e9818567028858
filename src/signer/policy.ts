/** What may be uploaded, and under which key. The browser's word on a file's name, size and type is all there is. */
import { isAccepted as matchesAccept } from '../accept.js';
import { MAX_OBJECT_SIZE } from '../limits.js';
import type { InitFile } from '../protocol.js';
import { fillTemplate } from './key-template.js';
import { cleanName, cleanPath, faultOfKey, MAX_KEY_BYTES } from './names.js';
import type { ObjectPolicy } from './object-headers.js';
import { SignerRefusal } from './refusal.js';

export interface Policy extends ObjectPolicy {
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
  /**
   * Names the object: a function, or a template of `{principal}`, `{random}`, `{date}` and `{name}`. By default
   * `uploads/{random}/{name}`. A function gets `filename` and `relative_path` cleaned: no slash in the name, no `..`, no
   * control characters, 512 bytes of name at most.
   */
  key?: string | ((file: Readonly<InitFile>, principal: string | null) => string | Promise<string>);
  /**
   * Lets the browser name the object below this prefix (`''` for the whole bucket); such a wish goes before `key`.
   * Nothing keeps principals apart there: where `overwrite` is true too, whoever may upload can overwrite any object
   * below the prefix, others' included.
   */
  objectKeys?: string;
  /**
   * Whether an upload may take the place of an object of the same key. By default false at Amazon's store, and true at
   * an endpoint, since not every store knows `If-None-Match`: say false where yours does (R2, MinIO, Ceph from 20 on).
   * Without it, its uploader can change an object after your backend has looked at it, as long as the grant lives.
   */
  overwrite?: boolean;
  /**
   * Whether files of one part are sent by POST policy: one signature and one preflight for many. For stores that take
   * POST (R2 does not), and only where overwriting is allowed, which a POST cannot forbid. False by default.
   */
  posts?: boolean;
}

type Settled = 'maxSize' | 'minSize' | 'maxFiles' | 'posts' | 'overwrite';
export type SettledPolicy = Policy & Required<Pick<Policy, Settled>>;

export const POLICY_DEFAULTS = { maxSize: MAX_OBJECT_SIZE, minSize: 0, maxFiles: 100, posts: false } as const;

/** Bytes of a name that something else stands before in the key. */
const MAX_NAME = MAX_KEY_BYTES / 2;
const DEFAULT_TEMPLATE = 'uploads/{random}/{name}';

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
export async function chooseKey(
  policy: SettledPolicy,
  file: InitFile,
  principal: string | null,
  now: number,
): Promise<string> {
  if (policy.objectKeys !== undefined && file.object_key) return wishedKey(policy.objectKeys, file);
  const { key: naming = DEFAULT_TEMPLATE } = policy;
  const key =
    typeof naming === 'string'
      ? fillTemplate(naming, file.filename, principal, now)
      : await naming(withCleanNames(file), principal);
  const fault = faultOfKey(key);
  if (fault) throw new Error(`policy.key gave an unfit key: ${fault}`);
  return key;
}

/** Tells whether the signer alone names this file's object, so that it may stand below any prefix. */
export const isNamedHere = (policy: SettledPolicy, file: InitFile): boolean =>
  policy.key === undefined && !(policy.objectKeys !== undefined && file.object_key);

/** Tells whether a key that was chosen here holds random bits, so that no other upload is ever given it. */
export const isOwnKey = ({ key = DEFAULT_TEMPLATE, objectKeys }: SettledPolicy, chosen: string): boolean =>
  objectKeys === undefined && typeof key === 'string' && key.includes('{random}') && /[\da-f]{32}/.test(chosen);

/** A key made of what a stranger calls a file is then fit without further ado. */
const withCleanNames = (file: InitFile): InitFile => ({
  ...file,
  filename: cleanName(file.filename, MAX_NAME),
  ...(file.relative_path === undefined ? {} : { relative_path: cleanPath(file.relative_path) }),
});

function wishedKey(prefix: string, file: InitFile): string {
  const wish = file.object_key!;
  const path = cleanPath(wish);
  const name = cleanName(file.filename, MAX_NAME);
  const key = prefix + (wish.endsWith('/') ? [path, name].filter(Boolean).join('/') : path || name);
  const fault = faultOfKey(key);
  if (fault) throw new SignerRefusal(403, 'key-refused', `The object key wished for cannot be used: ${fault}.`);
  return key;
}

/** By the rule of the browser. */
function isAccepted(accept: string, { filename, content_type }: InitFile): boolean {
  // the name that the object will bear: an invisible character after the extension must not make another of it
  return matchesAccept(accept, cleanName(filename), content_type);
}
