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
  // a File that has changed can never be read again, but its handle returns another one
  const file = (record.file = (await record.handle?.getFile().catch(() => null)) ?? record.file!);
  await assertReadable(file, facts.name);
  const print = await fingerprint(file);
  const { name, size, type, lastModified } = file;
  // the samples of the fingerprint alone would overlook a change between them
  if (print === record.fingerprint && lastModified === facts.lastModified) return false;
  await transfer.startOver(signal);
  await journal.remove(record);
  record.facts = { ...facts, name, size, type, lastModified };
  record.fingerprint = print;
  record.checksum = null;
  record.createdAt = clock.now();
  record.recovered = false;
  record.wantsFreshStart = true;
  transfer.resetRestarts();
  return true;
}
