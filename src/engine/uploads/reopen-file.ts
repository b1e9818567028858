import { assertReadable } from '../files/assert-unchanged.js';
import { fingerprint } from '../files/fingerprint.js';
import type { UploadRecord } from '../model/upload-record.js';
import type { Clock } from '../ports.js';
import type { JournalWriter } from '../resume/journal-writer.js';
import type { Transfer } from '../transfer/run.js';

/**
 * Opens the file of an upload again, after it was found changed. If it still is, the upload starts over with the new content.
 * @returns whether it starts over
 * @throws UploadError `file-changed` or `file-unreadable`
 */
export async function reopenFile(
  record: UploadRecord,
  transfer: Transfer,
  { journal, clock }: { readonly journal: JournalWriter; readonly clock: Clock },
  signal: AbortSignal,
): Promise<boolean> {
  const { facts } = record;
  // a `File` whose file has changed can no longer be read, but the handle returns a new `File`
  const file = (record.file = (await record.handle?.getFile().catch(() => null)) ?? record.file!);
  await assertReadable(file, facts.name);
  const newFingerprint = await fingerprint(file);
  const { name, size, type, lastModified } = file;
  // the fingerprint covers only samples: it misses a change between them
  if (newFingerprint === record.fingerprint && lastModified === facts.lastModified) return false;
  await transfer.startOver(signal);
  await journal.remove(record);
  record.facts = { ...facts, name, size, type, lastModified };
  record.fingerprint = newFingerprint;
  record.checksum = null;
  record.createdAt = clock.now();
  record.recovered = false;
  record.wantsFreshStart = true;
  transfer.resetRestarts();
  return true;
}
