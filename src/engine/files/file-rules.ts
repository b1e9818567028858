import type { AdmissionRules, RejectCode } from '../api/types.js';

export interface Rejection {
  code: RejectCode;
  message: string;
}

type FileFacts = Pick<File, 'name' | 'size' | 'type'>;

/** Whether a file matches an `accept` list, as far as needs no table; the rule itself once it is loaded. */
let matches = ({ name, type }: Pick<FileFacts, 'name' | 'type'>, accept: string): boolean =>
  !accept
  || accept
    .toLowerCase()
    .split(/\s*,\s*/)
    .some((token) =>
      token.endsWith('/*')
        ? type.startsWith(token.slice(0, -1))
        : token && (token === type || (token[0] === '.' && name.toLowerCase().endsWith(token))),
    );

/** Loads the rule of `accept`, where files need it; without it fewer files are accepted. */
export async function loadAcceptRule(files: Iterable<FileFacts>, accept = ''): Promise<void> {
  if ([...files].every((file) => matches(file, accept))) return;
  try {
    const { isAccepted } = await import('../../accept.js');
    matches = (file, list) => isAccepted(list, file.name, file.type);
  } catch (error) {
    console.warn('mule-upload: the table of file types could not be loaded.', error);
  }
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
export function rejectionOf(
  file: FileFacts,
  { accept = '', maxSize = Infinity, minSize = 0, maxFiles = Infinity }: AdmissionRules,
  count: number,
): Rejection | null {
  const { name, size } = file;
  const rejection = (code: RejectCode, what: string): Rejection => ({ code, message: `“${name}” ${what}.` });
  if (!name) return { code: 'empty-name', message: 'The file has no name.' };
  if (!matches(file, accept)) return rejection('type', `is not of an accepted type (${accept})`);
  if (size > maxSize)
    return rejection('too-big', `has ${formatSize(size)}; at most ${formatSize(maxSize)} are accepted`);
  if (size < minSize)
    return rejection('too-small', `has ${formatSize(size)}; at least ${formatSize(minSize)} are needed`);
  if (count >= maxFiles) return rejection('too-many', `is one too many: the most is ${maxFiles}`);
  return null;
}
