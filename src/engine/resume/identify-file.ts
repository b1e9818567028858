import { UploadError } from '../api/errors.js';
import { fingerprint } from '../files/fingerprint.js';
import type { SmallFileCache } from '../files/small-file-cache.js';
import type { UploadRecord } from '../model/upload-record.js';

/**
 * Returns the fingerprint of an upload's file; computes it only once.
 * @throws UploadError `file-unreadable`
 */
export async function identifyFile(upload: UploadRecord, smallFiles: SmallFileCache): Promise<string> {
  try {
    return (upload.fingerprint ??= await fingerprint(upload.file!, (file) => smallFiles.read(file)));
  } catch (cause) {
    return throwUnreadable(upload.facts.name, cause);
  }
}

/** @throws UploadError `file-unreadable` */
export function throwUnreadable(name: string, cause: unknown): never {
  const message = `“${name}” cannot be read: choose it again.`;
  throw new UploadError('file-unreadable', message, { phase: 'init', cause, isFinal: true });
}
