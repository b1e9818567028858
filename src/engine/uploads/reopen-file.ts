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
  // a `File` whose file has changed can no longer be read, but the handle returns a new `File`
  const file = (record.file = (await record.handle?.getFile().catch(() => null)) ?? record.file!);
  await assertReadable(file, record.facts.name);
  const newFingerprint = await fingerprint(file);
  const { name, size, type, lastModified } = file;
  // the fingerprint covers only samples: it misses a change between them
  if (newFingerprint === record.fingerprint && lastModified === record.facts.lastModified) return null;
  return { name, size, type, lastModified, fingerprint: newFingerprint };
}
