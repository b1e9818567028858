/** Cleans untrusted file names and paths for use in object keys, and checks keys. */
import { utf8 } from '../util/bytes.js';
import { cutToBytes } from '../util/cut-text.js';
import { shortHash } from '../util/hashes.js';

/**
 * Bytes of UTF-8.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html
 */
export const MAX_KEY_BYTES = 1_024;

// control characters, line separators, invisible and bidirectional format characters, lone surrogates, and the two
// other characters that XML 1.0 cannot contain: S3 answers in XML
const FORBIDDEN_CHARACTERS = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\uFFFE\uFFFF]/gu;

/**
 * Cleans a file name: keeps the last path segment, removes control characters and `..`, and shortens the part before the
 * extension.
 * @returns `file` if nothing is left
 */
export function cleanName(name: string, maxBytes = MAX_KEY_BYTES): string {
  const segment = name.replaceAll('\\', '/').split('/').at(-1)!;
  const clean = segment
    .normalize('NFC')
    .replace(FORBIDDEN_CHARACTERS, '')
    .replace(/\.{2,}/g, '.')
    .trim();
  return shortenName(clean === '' || clean === '.' ? 'file' : clean, maxBytes);
}

/** Cleans each segment of a path. Empty segments, `.` and `..` are removed. */
export function cleanPath(path: string): string {
  return path
    .replaceAll('\\', '/')
    .split('/')
    .filter((segment) => !/^\.*$/.test(segment.replace(FORBIDDEN_CHARACTERS, '').trim()))
    .map((segment) => cleanName(segment))
    .join('/');
}

/**
 * Returns the fault of a key, or null if it is valid. The segments `.` and `..` are invalid: URL parsers remove them,
 * even when encoded, so that the browser would send another path than the signed one.
 */
export function findKeyFault(key: unknown): string | null {
  if (typeof key !== 'string' || key === '') return 'it is not a non-empty string';
  if (utf8(key).length > MAX_KEY_BYTES) return `it has more than ${MAX_KEY_BYTES} bytes of UTF-8`;
  if (key.search(FORBIDDEN_CHARACTERS) >= 0) return 'it contains control characters';
  if (key.split('/').some((segment) => segment === '.' || segment === '..')) return 'it has a segment . or ..';
  return null;
}

/**
 * Shortens a path to bytes of UTF-8. A hash of the whole path replaces its last folders, so that two long paths stay
 * different. The file name is kept.
 * @param path as returned by `cleanPath`
 * @param maxBytes at least twice the bytes of the name
 */
export async function shortenPath(path: string, maxBytes: number): Promise<string> {
  if (utf8(path).length <= maxBytes) return path;
  const folders = path.split('/');
  const name = shortenName(folders.pop()!, Math.floor(maxBytes / 2));
  const shortenedEnd = `${await shortHash(path)}/${name}`;
  let bytesLeft = maxBytes - utf8(shortenedEnd).length;
  const firstCut = folders.findIndex((folder) => (bytesLeft -= utf8(folder).length + 1) < 0);
  return [...folders.slice(0, firstCut < 0 ? folders.length : firstCut), shortenedEnd].join('/');
}

/** The result is never empty, `.` or `..`. */
function shortenName(name: string, maxBytes: number): string {
  if (utf8(name).length <= maxBytes) return name;
  const ending = /\.[^.]{1,16}$/u.exec(name)?.[0] ?? '';
  const extension = utf8(ending).length < maxBytes ? ending : '';
  const stemBytes = maxBytes - utf8(extension).length;
  const stem = cutToBytes(name.slice(0, name.length - extension.length), stemBytes).replace(/[. ]+$/, '');
  return (stem || 'file'.slice(0, stemBytes)) + extension;
}
