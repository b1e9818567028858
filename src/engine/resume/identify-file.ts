import { UploadError } from '../api/errors.js';
import { fingerprint } from '../files/fingerprint.js';
import type { SmallFileCache } from '../files/small-file-cache.js';
import type { UploadRecord } from '../model/upload-record.js';

/**
 * Returns the fingerprint that an upload's file is recognised by; computes it once.
 * @throws UploadError `file-unreadable`
 */
export async function identifyFile(record: UploadRecord, smallFiles: SmallFileCache): Promise<string> {
  try {
    return (record.fingerprint ??= await fingerprint(record.file!, (file) => smallFiles.read(file)));
  } catch (cause) {
    return unreadable(record.facts.name, cause);
  }
}

/** @throws UploadError `file-unreadable` */
export function unreadable(name: string, cause: unknown): never {
  const message = `“${name}” cannot be read: choose it again.`;
  throw new UploadError('file-unreadable', message, { phase: 'init', cause, isFinal: true });
}
