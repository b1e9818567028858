import type { AdmissionRules, RejectCode } from '../api/types.js';

export interface Rejection {
  code: RejectCode;
  message: string;
}

type FileFacts = Pick<File, 'name' | 'size' | 'type'>;

/** Whether a file matches an `accept` list. It compares type and extension literally until `accept.ts` is loaded. */
let matchesAccept = ({ name, type }: Pick<FileFacts, 'name' | 'type'>, accept: string): boolean =>
  !accept
  || accept
    .toLowerCase()
    .split(/\s*,\s*/)
    .some((token) =>
      token.endsWith('/*')
        ? type.startsWith(token.slice(0, -1))
        : token && (token === type || (token[0] === '.' && name.toLowerCase().endsWith(token))),
    );

/** Loads the full rule of `accept.ts` if a file does not match literally. If loading fails, fewer files are accepted. */
export async function loadAcceptRule(files: Iterable<FileFacts>, accept = ''): Promise<void> {
  if ([...files].every((file) => matchesAccept(file, accept))) return;
  try {
    const { isAccepted } = await import('../../accept.js');
    matchesAccept = (file, list) => isAccepted(list, file.name, file.type);
  } catch (error) {
    console.warn('mule-upload: the table of file types could not be loaded.', error);
  }
}

const inBytes = (size: number): string => `${size.toLocaleString('en')} bytes`;

/**
 * Returns why a file is rejected; null if it is accepted.
 * @param count number of files that are already listed
 */
export function rejectionOf(
  file: FileFacts,
  { accept = '', maxSize = Infinity, minSize = 0, maxFiles = Infinity }: AdmissionRules,
  count: number,
): Rejection | null {
  const { name, size } = file;
  const rejection = (code: RejectCode, why: string): Rejection => ({
    code,
    message: `“${name}” was not added: ${why}.`,
  });
  if (!name) return { code: 'empty-name', message: 'A file was not added: it has no name.' };
  if (!matchesAccept(file, accept)) return rejection('type', `its type is not accepted (${accept})`);
  if (size > maxSize) return rejection('too-big', `it has ${inBytes(size)}, the maximum is ${inBytes(maxSize)}`);
  if (size < minSize) return rejection('too-small', `it has ${inBytes(size)}, the minimum is ${inBytes(minSize)}`);
  if (count >= maxFiles) return rejection('too-many', `the limit is ${maxFiles} ${maxFiles === 1 ? 'file' : 'files'}`);
  return null;
}
