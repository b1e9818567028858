import { assertReadable } from '../files/assert-unchanged.js';
import { fingerprint } from '../files/fingerprint.js';
import type { UploadRecord } from '../model/upload-record.js';

/** The properties of another version of an upload's file. */
export type ChangedFile = Pick<File, 'name' | 'size' | 'type' | 'lastModified'> & { readonly fingerprint: string };

/**
 * Opens the file of an upload again, after it was found changed.
 * @returns null if it is the former file again
 * @throws UploadError `file-changed` or `file-unreadable`
 */
export async function reopenFile(record: UploadRecord): Promise<ChangedFile | null> {
  // a File that has changed can never be read again, but its handle returns another one
  const file = (record.file = (await record.handle?.getFile().catch(() => null)) ?? record.file!);
  await assertReadable(file, record.facts.name);
  const print = await fingerprint(file);
  const { name, size, type, lastModified } = file;
  // the samples of the fingerprint alone would overlook a change between them
  if (print === record.fingerprint && lastModified === record.facts.lastModified) return null;
  return { name, size, type, lastModified, fingerprint: print };
}
