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
  const isNewVersion = upload.acceptsChangedFile && file.name === name;
  // an upload that has not started yet has a file, but no fingerprint
  const expected = upload.fingerprint ?? (upload.file && (await fingerprint(upload.file).catch(() => null)));
  const newFingerprint =
    isNewVersion || !expected ? null : await fingerprint(file).catch((cause) => throwUnreadable(name, cause));
  if (newFingerprint !== null && expected !== newFingerprint) {
    throw new UploadError(
      'file-changed',
      `“${file.name}” is another file, or has changed: choose “${name}” (${size} bytes).`,
    );
  }
  upload.file = file;
  upload.handle = handle;
}
