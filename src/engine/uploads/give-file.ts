import { UploadError } from '../api/errors.js';
import type { FileHandle } from '../api/types.js';
import { isBlob, kindOf } from '../files/file-entries.js';
import { fingerprint } from '../files/fingerprint.js';
import { throwUnreadable } from '../resume/identify-file.js';
import type { Upload } from './upload.js';

/**
 * Sets the file of an unfinished upload.
 * @throws UploadError `file-changed` if it is another file
 */
export async function giveFile(upload: Upload, source: File | FileHandle): Promise<void> {
  const { name, size } = upload.facts;
  const handle = 'getFile' in source ? source : null;
  const file = 'getFile' in source ? await source.getFile().catch((cause) => throwUnreadable(name, cause)) : source;
  if (!isBlob(file)) throw new TypeError(`resume() takes a file, not ${kindOf(file)}`);
  const mayDiffer = upload.acceptsChangedFile && file.name === name;
  if (!mayDiffer && !(await isSameFile(upload, file))) {
    throw new UploadError(
      'file-changed',
      `“${file.name}” is another file, or has changed: choose “${name}” (${size} bytes).`,
    );
  }
  upload.file = file;
  upload.handle = handle;
}

/** Whether a file is that of the upload. @throws UploadError `file-unreadable` */
async function isSameFile({ facts, file: current, fingerprint: recorded }: Upload, file: File): Promise<boolean> {
  // an upload that has not started yet has a file, but no fingerprint
  const expected = recorded ?? (current && (await fingerprint(current).catch(() => null)));
  // nothing of a file that can no longer be read is stored
  if (!expected) return file.name === facts.name && file.size === facts.size;
  return (await fingerprint(file).catch((cause) => throwUnreadable(facts.name, cause))) === expected;
}
