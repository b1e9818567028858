/** What may be uploaded, and under which key. The browser's word on a file's name, size and type is all there is. */
import { isAccepted as matchesAccept } from '../../accept.js';
import { choosePartSize, MAX_OBJECT_SIZE } from '../../limits.js';
import type { InitFile } from '../../protocol.js';
import { utf8 } from '../util/bytes.js';
import { expandKeyTemplate } from './key-template.js';
import { mediaTypeOf, extensionFor, extensionOf, typesOfName, UNKNOWN_TYPE } from './media-types.js';
import { cleanName, cleanPath, findKeyFault, MAX_KEY_BYTES, shortenPath } from './object-keys.js';
import type { ObjectPolicy } from './object-headers.js';
import { callPolicyFunction, PolicyError } from './policy-error.js';
import { SignerRefusal } from '../util/refusal.js';

export interface Policy extends ObjectPolicy {
  /** Bytes; by default S3's own limit. */
  maxSize?: number;
  /** Bytes; 0 by default. */
  minSize?: number;
  /**
   * As the attribute of `<input type="file">`: extensions and MIME types, comma separated. What it takes a file for
   * is what the object becomes: one accepted by its extension is not stored with the type of another kind of file, one
   * accepted by its type not under the extension of another, nor under such a wished key.
   */
  accept?: string;
  /** Files in one call; 100 by default. */
  maxFiles?: number;
  /**
   * Bytes per part, in place of the browser's wish. Where `maxSize` is set, keys can be granted twice (a `key` without
   * `{random}`, `objectKeys`) and the store does not verify sizes, the wish is never heeded: parts of two sizes in one
   * upload would pass `maxSize`.
   */
  partSize?: number;
  /**
   * Names the object: a function, or a template of `{principal}`, `{random}`, `{date}` and `{name}`. By default
   * `uploads/{random}/{name}`. A function gets `filename` and `relative_path` cleaned: no slash in the name, no `..`, no
   * control characters, 512 bytes of name and 768 of path at most. A file for which it throws, or gives a key that S3
   * does not take (more than 1,024 bytes of UTF-8), is refused alone with `policy-failed`; `onError` gets the reason.
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

type DefaultedOption = 'maxSize' | 'minSize' | 'maxFiles' | 'posts' | 'overwrite';
export type ResolvedPolicy = Policy
  & Required<Pick<Policy, DefaultedOption>> & {
    /** The canned ACL that is signed where the browser wishes for none; null: none is. */
    defaultAcl: string | null;
  };

export const POLICY_DEFAULTS = { maxSize: MAX_OBJECT_SIZE, minSize: 0, maxFiles: 100, posts: false } as const;

/** Bytes of a name that something else stands before in the key. */
const MAX_NAME_BYTES = MAX_KEY_BYTES / 2;
/** Bytes of a path that something else stands before in the key. */
const MAX_PATH_BYTES = (MAX_KEY_BYTES * 3) / 4;
const DEFAULT_TEMPLATE = 'uploads/{random}/{name}';

const MEDIA_TYPE =
  /^[\w!#$&^.+-]{1,127}\/[\w!#$&^.+-]{1,127}(?:\s*;\s*[\w!#$&^.+-]+=(?:[\w!#$&^.+-]+|"[\w !#$&^.+,:/-]*"))*$/;

/**
 * Holds a file against the policy.
 * @returns it with the name and the content type that its object may have
 * @throws SignerRefusal for a file that the policy does not take
 */
export function validateFile(policy: ResolvedPolicy, file: InitFile): InitFile {
  const { maxSize, minSize, accept } = policy;
  const refuse = (code: string, why: string) =>
    new SignerRefusal(403, code, `“${cleanName(file.filename, 200)}” ${why}.`);
  if (file.filename.trim() === '') throw new SignerRefusal(403, 'empty-name', 'A file without a name is not taken.');
  if (file.filesize > maxSize) throw refuse('too-big', `has ${file.filesize} bytes; at most ${maxSize} are taken`);
  if (file.filesize < minSize) throw refuse('too-small', `has ${file.filesize} bytes; at least ${minSize} are needed`);
  if (file.content_type && !MEDIA_TYPE.test(file.content_type))
    throw refuse('type', 'bears a type that is no media type');
  if (!accept) return file;
  if (!isAccepted(accept, file)) throw refuse('type', `is of a type that is not taken; taken are ${accept}`);
  return alignNameAndType(accept, file);
}

const acceptsType = (accept: string, content_type: string): boolean =>
  isAccepted(accept, { filename: 'file', content_type } as InitFile);
const acceptsName = (accept: string, filename: string): boolean =>
  isAccepted(accept, { filename, content_type: '' } as InitFile)
  || (typesOfName(filename) ?? []).some((type) => acceptsType(accept, type));

/** An extension or a type is enough to be accepted: the other one must then not say something else than that. */
function alignNameAndType(accept: string, file: InitFile): InitFile {
  const filename = cleanName(file.filename);
  const type = mediaTypeOf(file.content_type);
  if (type !== '' && acceptsType(accept, type)) {
    if (acceptsName(accept, filename) || !typesOfName(filename)) return file;
    return { ...file, filename: `${filename}.${extensionFor(type) ?? 'bin'}` };
  }
  const types = typesOfName(filename);
  // the type of another kind of file; one that the table does not know is taken for the extension's own
  const isForeign = types ? !types.includes(type) : extensionFor(type) !== undefined;
  if (type === '' || !isForeign) return file;
  return { ...file, content_type: types?.[0] ?? UNKNOWN_TYPE };
}

/**
 * Chooses the key of a new upload.
 * @throws SignerRefusal for a wish that cannot be met
 * @throws PolicyFault where the policy's own `key` throws, or gives an unfit one
 */
export async function chooseKey(
  policy: ResolvedPolicy,
  file: InitFile,
  principal: string | null,
  now: number,
): Promise<string> {
  if (policy.objectKeys !== undefined && file.object_key) return requestedKey(policy, policy.objectKeys, file);
  const { key: naming = DEFAULT_TEMPLATE } = policy;
  let key: string;
  if (typeof naming === 'string') key = expandKeyTemplate(naming, file.filename, principal, now);
  else {
    const named = await withCleanNames(file);
    key = await callPolicyFunction('policy.key', () => naming(named, principal));
  }
  const fault = findKeyFault(key);
  if (fault) throw new PolicyError(`policy.key gave an unfit key: ${fault}`);
  return key;
}

/** Tells whether the signer alone names this file's object, so that it may stand below any prefix. */
export const isKeyChosenBySigner = (policy: ResolvedPolicy, file: InitFile): boolean =>
  policy.key === undefined && !(policy.objectKeys !== undefined && file.object_key);

/** Whether every key of the policy's own making holds random bits, so that none is ever given twice. */
const makesRandomKeys = ({ key = DEFAULT_TEMPLATE, objectKeys }: ResolvedPolicy): boolean =>
  objectKeys === undefined && typeof key === 'string' && key.includes('{random}');

/** Tells whether a key that was chosen here holds random bits, so that no other upload is ever given it. */
export const isUniqueKey = (policy: ResolvedPolicy, chosen: string): boolean =>
  makesRandomKeys(policy) && /[\da-f]{32}/.test(chosen);

/**
 * Chooses the bytes per part of a new upload. Whoever holds two grants of one key can send parts under both into the
 * same upload. Where nothing else bounds the sum, the part size is no wish of the browser: with parts that for every
 * number are no longer than those of a file of `maxSize`, no mixture is larger than `maxSize`.
 * @param verifiesSize whether the store refuses to complete an upload of another size than was granted
 */
export function partSizeFor(policy: ResolvedPolicy, file: InitFile, verifiesSize: boolean): number {
  const { maxSize, partSize } = policy;
  if (verifiesSize || maxSize >= MAX_OBJECT_SIZE || makesRandomKeys(policy))
    return choosePartSize(file.filesize, partSize ?? file.part_size);
  const largest = choosePartSize(maxSize, partSize);
  const usual = choosePartSize(0, partSize);
  // files as small as that have no part but such as a file of maxSize has at full length
  const fullParts = Math.ceil(maxSize / largest) - 1;
  return file.filesize <= fullParts * usual ? usual : largest;
}

/** A key made of what a stranger calls a file is then fit without further ado. */
async function withCleanNames(file: InitFile): Promise<InitFile> {
  const filename = cleanName(file.filename, MAX_NAME_BYTES);
  if (file.relative_path === undefined) return { ...file, filename };
  return { ...file, filename, relative_path: await shortenPath(cleanPath(file.relative_path), MAX_PATH_BYTES) };
}

function requestedKey({ accept }: ResolvedPolicy, prefix: string, file: InitFile): string {
  const wish = file.object_key!;
  const path = cleanPath(wish);
  const folder = prefix + (wish.endsWith('/') && path ? `${path}/` : '');
  const name = cleanName(file.filename, Math.min(MAX_NAME_BYTES, Math.max(MAX_KEY_BYTES - utf8(folder).length, 1)));
  const key = wish.endsWith('/') || !path ? folder + name : prefix + path;
  const fault = findKeyFault(key);
  if (fault) throw new SignerRefusal(403, 'key-refused', `The object key wished for cannot be used: ${fault}.`);
  const extension = extensionOf(key);
  const isOther = !/^\d*$/.test(extension) && extension !== extensionOf(cleanName(file.filename));
  if (accept && isOther && !acceptsName(accept, key))
    throw new SignerRefusal(
      403,
      'key-refused',
      `The object key wished for ends with .${extension}, which is not taken.`,
    );
  return key;
}

/** By the rule of the browser. */
function isAccepted(accept: string, { filename, content_type }: InitFile): boolean {
  // the name that the object will bear: an invisible character after the extension must not make another of it
  return matchesAccept(accept, cleanName(filename), content_type);
}
