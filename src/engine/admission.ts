import type { AdmissionRules, RejectCode } from './types.js';

export interface Rejection {
  code: RejectCode;
  message: string;
}

type FileFacts = Pick<File, 'name' | 'size' | 'type'>;

/**
 * Tells whether a file matches an `accept` list.
 * @see https://html.spec.whatwg.org/multipage/input.html#attr-input-accept
 */
export function isAccepted({ name, type }: Pick<FileFacts, 'name' | 'type'>, accept: string): boolean {
  const tokens = accept
    .split(',')
    .map((token) => token.trim().toLowerCase())
    .filter(Boolean);
  if (!tokens.length) return true;
  const mime = type.toLowerCase();
  return tokens.some((token) => {
    // no token of the standard, yet common, and pickers take it for "anything"
    if (token === '*/*' || token === '*') return true;
    if (token.startsWith('.')) return name.toLowerCase().endsWith(token);
    if (token.endsWith('/*')) return mime.startsWith(token.slice(0, -1));
    return mime === token;
  });
}

/** Bytes for people: decimal units, as file managers show them. */
export function formatSize(bytes: number): string {
  const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'];
  const power = bytes < 1_000 ? 0 : Math.min(Math.floor(Math.log10(bytes) / 3), units.length - 1);
  return new Intl.NumberFormat(undefined, {
    style: 'unit',
    unit: units[power],
    unitDisplay: power ? 'short' : 'long',
    maximumFractionDigits: 1,
  }).format(bytes / 1_000 ** power);
}

/**
 * Tells why a file is not taken in; null where it is.
 * @param count files that are listed already
 */
export function whyRejected(
  file: FileFacts,
  { accept = '', maxSize = Infinity, minSize = 0, maxFiles = Infinity }: AdmissionRules,
  count: number,
): Rejection | null {
  const { name, size } = file;
  const rejection = (code: RejectCode, what: string): Rejection => ({ code, message: `“${name}” ${what}.` });
  if (!name) return { code: 'empty-name', message: 'The file has no name.' };
  if (!isAccepted(file, accept)) return rejection('type', `is not of an accepted type (${accept})`);
  if (size > maxSize)
    return rejection('too-big', `has ${formatSize(size)}; at most ${formatSize(maxSize)} are accepted`);
  if (size < minSize)
    return rejection('too-small', `has ${formatSize(size)}; at least ${formatSize(minSize)} are needed`);
  if (count >= maxFiles) return rejection('too-many', `is one too many: the most is ${maxFiles}`);
  return null;
}
