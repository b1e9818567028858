import { UploadError } from '../api/errors.js';
import type { FileHandle } from '../api/types.js';
import { isBlob, kindOf } from '../files/file-entries.js';
import { fingerprint } from '../files/fingerprint.js';
import { unreadable } from '../resume/identify-file.js';
import type { Upload } from './upload.js';

/**
 * Sets the file of an unfinished upload.
 * @throws UploadError `file-changed` for another file than the upload's
 */
export async function giveFile(upload: Upload, source: File | FileHandle): Promise<void> {
  const { name, size } = upload.facts;
  const handle = 'getFile' in source ? source : null;
  const file = 'getFile' in source ? await source.getFile().catch((cause) => unreadable(name, cause)) : source;
  if (!isBlob(file)) throw new TypeError(`resume() takes a file, not ${kindOf(file)}`);
  const isTaken = upload.takesChangedFile && file.name === name;
  const print =
    isTaken || !upload.fingerprint ? null : await fingerprint(file).catch((cause) => unreadable(name, cause));
  if (print !== null && upload.fingerprint !== print) {
    throw new UploadError(
      'file-changed',
      `“${file.name}” is another file, or has changed: choose “${name}” (${size} bytes).`,
    );
  }
  upload.file = file;
  upload.handle = handle;
}
