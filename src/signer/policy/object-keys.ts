/** File names and paths of strangers, made fit for a key: S3 takes up to 1,024 bytes of UTF-8. */
import { utf8 } from '../util/bytes.js';
import { cutToBytes } from '../util/cut-text.js';
import { shortHash } from '../util/hashes.js';

/** Bytes of UTF-8. @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html */
export const MAX_KEY_BYTES = 1_024;

// Controls, line separators, invisible marks that turn text round, halves of surrogate pairs, and the two characters
// besides that XML 1.0 cannot carry: S3 answers in XML.
const FORBIDDEN_CHARACTERS = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\uFFFE\uFFFF]/gu;

/**
 * Cleans a file's name: its last path segment, without control characters and without `..`, shortened before its
 * extension to so many bytes of UTF-8. Gives `file` where nothing is left.
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

/** Cleans a path the same way, segment by segment; empty segments, `.` and `..` are left out. */
export function cleanPath(path: string): string {
  return path
    .replaceAll('\\', '/')
    .split('/')
    .filter((segment) => !/^\.*$/.test(segment.replace(FORBIDDEN_CHARACTERS, '').trim()))
    .map((segment) => cleanName(segment))
    .join('/');
}

/**
 * Tells what makes a key unfit, or null. `.` and `..` as whole segments are: URLs swallow them, even when encoded, so
 * that a browser would send another path than was signed.
 */
export function findKeyFault(key: unknown): string | null {
  if (typeof key !== 'string' || key === '') return 'it is no text';
  if (utf8(key).length > MAX_KEY_BYTES) return `it has more than ${MAX_KEY_BYTES} bytes of UTF-8`;
  if (key.search(FORBIDDEN_CHARACTERS) >= 0) return 'it holds control characters';
  if (key.split('/').some((segment) => segment === '.' || segment === '..')) return 'it has . or .. for a segment';
  return null;
}

/**
 * Shortens a path to so many bytes of UTF-8, and keeps it apart from others that begin and end alike: folders at its end
 * give way to a hash of the whole path, the file's name stays.
 * @param path as `cleanPath` gives it
 * @param maxBytes twice the name's at least
 */
export async function shortenPath(path: string, maxBytes: number): Promise<string> {
  if (utf8(path).length <= maxBytes) return path;
  const folders = path.split('/');
  const name = shortenName(folders.pop()!, Math.floor(maxBytes / 2));
  const end = `${await shortHash(path)}/${name}`;
  let room = maxBytes - utf8(end).length;
  const kept = folders.findIndex((folder) => (room -= utf8(folder).length + 1) < 0);
  return [...folders.slice(0, kept < 0 ? folders.length : kept), end].join('/');
}

/** The result is never empty, nor one of the segments that a key may not have. */
function shortenName(name: string, maxBytes: number): string {
  if (utf8(name).length <= maxBytes) return name;
  const ending = /\.[^.]{1,16}$/u.exec(name)?.[0] ?? '';
  const extension = utf8(ending).length < maxBytes ? ending : '';
  const room = maxBytes - utf8(extension).length;
  const stem = cutToBytes(name.slice(0, name.length - extension.length), room).replace(/[. ]+$/, '');
  return (stem || 'file'.slice(0, room)) + extension;
}
