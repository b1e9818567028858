/**
 * The policy: which files may be uploaded, and under which keys. It knows only what the browser reports of a file: name,
 * size and type.
 */
import { isAccepted as matchesAccept } from '../../accept.js';
import { choosePartSize, MAX_OBJECT_SIZE } from '../../limits.js';
import type { InitFile } from '../../protocol.js';
import { utf8 } from '../util/bytes.js';
import { expandKeyTemplate } from './key-template.js';
import { mediaTypeOf, extensionFor, extensionOf, isActiveType, typesOfName, UNKNOWN_TYPE } from './media-types.js';
import { cleanName, cleanPath, findKeyFault, MAX_KEY_BYTES, shortenPath } from './object-keys.js';
import type { ObjectPolicy } from './object-headers.js';
import { callPolicyFunction, PolicyError } from './policy-error.js';
import { SignerRefusal } from '../util/refusal.js';

export interface Policy extends ObjectPolicy {
  /** Bytes; S3's limit by default. */
  maxSize?: number;
  /** Bytes; 0 by default. */
  minSize?: number;
  /**
   * Extensions and MIME types, comma separated, as in `<input type="file" accept>`. The object's name and type match
   * what was accepted: a file accepted by its extension is not stored with the type of another format, and a file
   * accepted by its type is not stored under the extension of another format. A file accepted only by an extension that
   * this package does not know has no type that browsers run, such as any `+xml`: to keep `application/gpx+xml` for
   * `.gpx`, list both.
   */
  accept?: string;
  /** Files in one call; 100 by default. */
  maxFiles?: number;
  /**
   * Bytes per part; overrides the size that the browser requests. That request is also ignored if `maxSize` is set,
   * a key can be granted twice (`objectKeys`, or a `key` without `{random}`) and the store does not verify sizes: parts
   * of two sizes in one upload could exceed `maxSize`.
   */
  partSize?: number;
  /**
   * The object's key: a function, or a template with `{principal}`, `{random}`, `{date}` and `{name}`;
   * `uploads/{random}/{name}` by default. A function receives a cleaned `filename` and `relative_path`: no slash in the
   * name, no `..`, no control characters, up to 512 bytes of name and 768 of path. If it throws, or returns an invalid
   * key (S3's limit is 1,024 bytes of UTF-8), only that file is refused, with `policy-failed`; `onError` receives the
   * reason.
   */
  key?: string | ((file: Readonly<InitFile>, principal: string | null) => string | Promise<string>);
  /**
   * Lets the browser choose the key below this prefix (`''` for the whole bucket); a chosen key takes precedence over
   * `key`. Principals share the prefix: if `overwrite` is true too, every user can overwrite every object below it.
   */
  objectKeys?: string;
  /**
   * Whether an upload may overwrite an object of the same key. False by default at Amazon, true at another endpoint,
   * because not every store supports `If-None-Match`. Set it to false if yours does (R2, MinIO, Ceph 20 or later).
   * If true, an uploader can change an object after your backend has read it, until the grant expires.
   */
  overwrite?: boolean;
  /**
   * Whether files of one part are sent by POST policy: one signature and one preflight for all of them. The holder of the
   * signature may store other names below the prefix of the call, so with `accept` each file has a signature of its own.
   * Needs a store that supports POST (R2 does not) and allows overwriting, which a POST policy cannot prevent. False by
   * default.
   */
  posts?: boolean;
}

type DefaultedOption = 'maxSize' | 'minSize' | 'maxFiles' | 'posts' | 'overwrite';
export type ResolvedPolicy = Policy
  & Required<Pick<Policy, DefaultedOption>> & {
    /** The canned ACL that is signed if the browser requests none; null for none. */
    defaultAcl: string | null;
  };

export const POLICY_DEFAULTS = { maxSize: MAX_OBJECT_SIZE, minSize: 0, maxFiles: 100, posts: false } as const;

/** Leaves room in the key for a prefix. */
const MAX_NAME_BYTES = MAX_KEY_BYTES / 2;
/** Leaves room in the key for a prefix. */
const MAX_PATH_BYTES = (MAX_KEY_BYTES * 3) / 4;
/** Template of the keys if the policy sets none. */
export const DEFAULT_TEMPLATE = 'uploads/{random}/{name}';

/** A value without quotes may contain a comma: Chrome's `MediaRecorder` names a recording `video/webm;codecs=vp8,opus`. */
const MEDIA_TYPE =
  /^[\w!#$&^.+-]{1,127}\/[\w!#$&^.+-]{1,127}(?:[ \t]*;[ \t]*[\w!#$&^.+-]+=(?:[\w!#$&^.+,-]+|"[\w !#$&^.+,:/-]*"))*$/;

/** Formats bytes for messages, such as 1,000,000. Not rounded, because a file may exceed a limit by one byte. */
const formatBytes = (value: number): string => value.toLocaleString('en');

/**
 * Checks a file against the policy.
 * @returns the file with the name and the content type that its object gets
 * @throws SignerRefusal for a file that the policy does not allow
 */
export function validateFile(policy: ResolvedPolicy, file: InitFile): InitFile {
  const { maxSize, minSize, accept } = policy;
  const refuse = (code: string, reason: string) =>
    new SignerRefusal(403, code, `“${cleanName(file.filename, 200)}” ${reason}.`);
  if (file.filename.trim() === '') throw new SignerRefusal(403, 'empty-name', 'The file has no name; give it one.');
  if (file.filesize > maxSize)
    throw refuse('too-big', `has ${formatBytes(file.filesize)} bytes; the maximum is ${formatBytes(maxSize)}`);
  if (file.filesize < minSize)
    throw refuse('too-small', `has ${formatBytes(file.filesize)} bytes; the minimum is ${formatBytes(minSize)}`);
  if (file.content_type && !MEDIA_TYPE.test(file.content_type)) throw refuse('type', 'has a malformed media type');
  if (!accept) return file;
  if (!isAccepted(accept, file)) throw refuse('type', `has a type that is not accepted; accepted: ${accept}`);
  return alignNameAndType(accept, file);
}

const acceptsType = (accept: string, content_type: string): boolean =>
  isAccepted(accept, { filename: 'file', content_type } as InitFile);
const acceptsName = (accept: string, filename: string): boolean =>
  isAccepted(accept, { filename, content_type: '' } as InitFile)
  || (typesOfName(filename) ?? []).some((type) => acceptsType(accept, type));

/** Replaces the name or the type of an accepted file: whichever did not make it acceptable, if it has another format. */
function alignNameAndType(accept: string, file: InitFile): InitFile {
  const filename = cleanName(file.filename);
  const type = mediaTypeOf(file.content_type);
  if (type !== '' && acceptsType(accept, type)) {
    if (acceptsName(accept, filename) || !typesOfName(filename)) return file;
    return { ...file, filename: `${filename}.${extensionFor(type) ?? 'bin'}` };
  }
  const types = typesOfName(filename);
  // for an extension that is not in the table, another type that is not there counts as its type, unless it is active
  const isOtherFormat = types ? !types.includes(type) : extensionFor(type) !== undefined || isActiveType(type);
  if (type === '' || !isOtherFormat) return file;
  return { ...file, content_type: types?.[0] ?? UNKNOWN_TYPE };
}

/**
 * Chooses the key of a new upload.
 * @throws SignerRefusal for an invalid requested key
 * @throws PolicyError if the function `policy.key` throws, or returns an invalid key
 */
export async function chooseKey(
  policy: ResolvedPolicy,
  file: InitFile,
  principal: string | null,
  now: number,
): Promise<string> {
  if (policy.objectKeys !== undefined && file.object_key) return requestedKey(policy, policy.objectKeys, file);
  const { key: keyOption = DEFAULT_TEMPLATE } = policy;
  let key: string;
  if (typeof keyOption === 'string') key = expandKeyTemplate(keyOption, file.filename, principal, now);
  else {
    const cleanedFile = await withCleanNames(file);
    key = await callPolicyFunction('policy.key', () => keyOption(cleanedFile, principal));
  }
  const fault = findKeyFault(key);
  if (fault) throw new PolicyError(`policy.key returned an invalid key: ${fault}`);
  return key;
}

/** Whether neither the policy nor the browser determines this file's key, so that the signer may choose its prefix. */
export const isKeyChosenBySigner = (policy: ResolvedPolicy, file: InitFile): boolean =>
  policy.key === undefined && !(policy.objectKeys !== undefined && file.object_key);

/** Whether every key contains random bits, so that no key is granted twice. */
const hasRandomKeys = ({ key = DEFAULT_TEMPLATE, objectKeys }: ResolvedPolicy): boolean =>
  objectKeys === undefined && typeof key === 'string' && key.includes('{random}');

/** Whether a key contains random bits, so that no other upload is granted it. */
export const isUniqueKey = (policy: ResolvedPolicy, chosen: string): boolean =>
  hasRandomKeys(policy) && /[\da-f]{32}/.test(chosen);

/**
 * Chooses the bytes per part of a new upload. The holder of two grants for one key can mix parts of both in one upload.
 * If the store does not verify the total size, the browser's preference is ignored: each part is then at most as long as
 * the part of that number in a file of `maxSize`, so that no such mixture exceeds `maxSize`.
 * @param storeVerifiesSize whether the store refuses to complete an upload whose size differs from the granted one
 */
export function partSizeFor(policy: ResolvedPolicy, file: InitFile, storeVerifiesSize: boolean): number {
  const { maxSize, partSize } = policy;
  if (storeVerifiesSize || maxSize >= MAX_OBJECT_SIZE || hasRandomKeys(policy))
    return choosePartSize(file.filesize, partSize ?? file.part_size);
  const largePartSize = choosePartSize(maxSize, partSize);
  const smallPartSize = choosePartSize(0, partSize);
  // a file of maxSize has a full part for each part number of a file in so few small parts
  const fullParts = Math.ceil(maxSize / largePartSize) - 1;
  return file.filesize <= fullParts * smallPartSize ? smallPartSize : largePartSize;
}

/** Cleans name and path, so that a key function can use them unchanged. */
async function withCleanNames(file: InitFile): Promise<InitFile> {
  const filename = cleanName(file.filename, MAX_NAME_BYTES);
  if (file.relative_path === undefined) return { ...file, filename };
  return { ...file, filename, relative_path: await shortenPath(cleanPath(file.relative_path), MAX_PATH_BYTES) };
}

function requestedKey({ accept }: ResolvedPolicy, prefix: string, file: InitFile): string {
  const requested = file.object_key!;
  const path = cleanPath(requested);
  const folder = prefix + (requested.endsWith('/') && path ? `${path}/` : '');
  const name = cleanName(file.filename, Math.min(MAX_NAME_BYTES, Math.max(MAX_KEY_BYTES - utf8(folder).length, 1)));
  const key = requested.endsWith('/') || !path ? folder + name : prefix + path;
  const fault = findKeyFault(key);
  if (fault) throw new SignerRefusal(403, 'key-refused', `The requested object key is invalid: ${fault}.`);
  const extension = extensionOf(key);
  const isOtherFormat = !/^\d*$/.test(extension) && extension !== extensionOf(cleanName(file.filename));
  if (accept && isOtherFormat && !acceptsName(accept, key))
    throw new SignerRefusal(
      403,
      'key-refused',
      `The requested object key ends with .${extension}, which is not accepted.`,
    );
  return key;
}

/** Applies the rules of `<input type="file" accept>`. */
function isAccepted(accept: string, { filename, content_type }: InitFile): boolean {
  // the cleaned name, because an invisible character after the extension would hide it
  return matchesAccept(accept, cleanName(filename), content_type);
}
