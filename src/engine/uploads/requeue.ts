import type { Settings } from '../api/options.js';
import { isOver } from '../api/status.js';
import type { FileStoreWriter } from '../resume/file-store-writer.js';
import type { JournalWriter } from '../resume/journal-writer.js';
import type { PagePresence } from '../resume/page-presence.js';
import type { Intake } from './intake.js';
import type { Upload } from './upload.js';
import type { UploadQueue } from './upload-queue.js';

export interface RequeueServices {
  readonly queue: UploadQueue;
  readonly fileWriter: FileStoreWriter;
  readonly journal: JournalWriter;
  readonly settings: Settings;
  readonly presence: PagePresence;
  readonly intake: Intake;
}

/**
 * Queues an upload again, unless too many files are listed.
 * @param isAsked whether the user or the page has asked to resume it
 */
export function requeue(services: RequeueServices, upload: Upload, isAsked = true): void {
  const { queue, fileWriter, journal, settings, presence, intake } = services;
  if (intake.refusesRetry(upload, settings.options.rules)) return;
  upload.enqueue();
  // a listener may have aborted it
  if (isOver(upload.status)) return;
  // other tabs must not send it; the record of one that is not restored may have been changed by another tab since
  if (upload.isRestored) void journal.save(upload);
  else if (upload.session) void presence.announce();
  fileWriter.add(upload);
  // without `autostart`, an upload that has never started waits for `start()`
  if (upload.status === 'queued' && (isAsked || upload.session || settings.options.autostart)) queue.add(upload);
}
