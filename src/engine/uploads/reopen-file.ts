import { assertReadable } from '../files/assert-unchanged.js';
import { fingerprint } from '../files/fingerprint.js';
import type { Clock } from '../ports.js';
import type { JournalWriter } from '../resume/journal-writer.js';
import type { SharedUpload } from '../resume/shared-upload.js';
import type { Transfer } from '../transfer/run.js';

/**
 * Opens the file of an upload again, after it was found changed. If it is still changed, the upload starts over with the new
 * content; else it keeps its session.
 * @throws UploadError `file-changed` or `file-unreadable`
 */
export async function reopenFile(
  upload: SharedUpload,
  transfer: Transfer,
  { journal, clock }: { readonly journal: JournalWriter; readonly clock: Clock },
  signal: AbortSignal,
): Promise<void> {
  const { facts } = upload;
  // a `File` whose file has changed can no longer be read, but the handle returns a new `File`
  const file = (upload.file = (await upload.handle?.getFile().catch(() => null)) ?? upload.file!);
  await assertReadable(file, facts.name);
  const newFingerprint = await fingerprint(file);
  const { name, size, type, lastModified } = file;
  // the fingerprint covers only samples: it misses a change between them
  if (newFingerprint !== upload.fingerprint || lastModified !== facts.lastModified) {
    await transfer.startOver(signal);
    await journal.remove(upload);
    upload.facts = { ...facts, name, size, type, lastModified };
    upload.fingerprint = newFingerprint;
    upload.checksum = null;
    upload.createdAt = clock.now();
    upload.recovered = false;
    upload.wantsFreshStart = true;
    upload.loaded = 0;
    transfer.resetRelists();
  }
  upload.isFileInDoubt = false;
  upload.report({ type: 'file-reopened' });
}
