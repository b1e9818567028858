import type { Settings } from '../api/options.js';
import type { AdmissionRules, UploadSnapshot } from '../api/types.js';
import type { Entry, Rules } from '../files/file-entries.js';
import { loadAcceptRule, rejectionOf } from '../files/file-rules.js';
import type { ChecksumService } from '../integrity/checksum-service.js';
import type { UploadFacts } from '../model/upload-record.js';
import type { Clock, Emit } from '../ports.js';
import { newId } from '../util/new-id.js';
import { TimeSlicer } from '../util/time-slicer.js';
import type { FinishReporter } from './finish-reporter.js';
import type { Intake } from './intake.js';
import type { OwnerChanges } from './owner-changes.js';
import type { Recovery } from './recovery.js';
import { requeue } from './requeue.js';
import type { RequeueServices } from './requeue.js';
import type { Upload, UploadSource } from './upload.js';
import type { UploadList } from './upload-list.js';

/** Number of added files after which uploads start, so that the signer answers while the others are being added. */
const FILES_BEFORE_START = 4;

/**
 * With fewer queued uploads, adding does not wait for other tasks of the page: else too few files would share each call to
 * the signer.
 */
const MIN_QUEUED = 160;

export interface AdditionServices extends RequeueServices {
  readonly clock: Clock;
  readonly settings: Settings;
  readonly list: UploadList;
  readonly lifetime: AbortSignal;
  readonly checksums: ChecksumService;
  readonly intake: Intake;
  readonly recovery: Recovery;
  readonly ownerChanges: OwnerChanges;
  readonly finish: FinishReporter;
}

/** Adds files to the list: as new uploads, or as the files of unfinished ones. */
export class FileAdditions {
  readonly #services: AdditionServices;
  readonly #createUpload: (facts: UploadFacts, source: UploadSource) => Upload;
  readonly #emit: Emit;
  /** For each of several files that were added together: the text that is appended to the option `objectKey`. */
  readonly #keySuffixes = new WeakMap<Upload, string>();

  constructor(
    services: AdditionServices,
    createUpload: (facts: UploadFacts, source: UploadSource) => Upload,
    emit: Emit,
  ) {
    this.#services = services;
    this.#createUpload = createUpload;
    this.#emit = emit;
  }

  /** @see Uploader.add */
  async add(entries: readonly Entry[], rules: Rules): Promise<UploadSnapshot[]> {
    const { list, queue, recovery, ownerChanges, clock, lifetime, finish } = this.#services;
    const added: Upload[] = [];
    const { ownership: initialOwnership } = ownerChanges;
    queue.addCalls++;
    try {
      const files = entries.map(({ file }) => file);
      await Promise.all([recovery.ready, loadAcceptRule(files, rules.accept)]);
      const isAdmitted = ({ file, fault }: Entry): boolean =>
        !fault && !rejectionOf(file, { ...rules, maxFiles: Infinity }, 0);
      // the caller may clear the list before the first file is added
      rules.onReady?.(entries.some(isAdmitted), list.snapshots);
      // a folder is added in several calls
      const isOneOfMany = entries.length > 1 || Boolean(rules.readEnd);
      const slicer = new TimeSlicer(clock);
      for (const entry of entries) {
        if (entry.isAborted) continue;
        if (ownerChanges.ownership !== initialOwnership) {
          ownerChanges.reject(entry.file);
          continue;
        }
        if (rules.signal?.aborted || lifetime.aborted) break;
        const upload = await this.#addEntry(entry, rules, isOneOfMany);
        if (upload) added.push(upload);
        // the user may have aborted or paused it before it was listed here
        if (entry.isAborted) upload?.abort();
        else if (entry.isPaused) upload?.pause();
        // the first files start while others are still being added
        if (slicer.isExpired || added.length === FILES_BEFORE_START) queue.startNext();
        if (slicer.isExpired) await slicer.yieldToPage(queue.size < MIN_QUEUED);
      }
      queue.startNext();
      await rules.readEnd;
    } finally {
      queue.addCalls--;
    }
    finish.check();
    return added.map(({ snapshot }) => snapshot);
  }

  /** Returns the object key to request: for one of several files, the `objectKey` of the page is only a prefix. */
  requestedKey(upload: Upload): string {
    const { objectKey } = this.#services.settings.options;
    return objectKey && objectKey + (this.#keySuffixes.get(upload) ?? '');
  }

  async #addEntry(entry: Entry, rules: AdmissionRules, isOneOfMany: boolean): Promise<Upload | null> {
    const { list, queue, intake, recovery, ownerChanges, checksums, fileWriter, settings } = this.#services;
    const { file, relativePath = '', handle = null, id = newId() } = entry;
    const { ownership: initialOwnership } = ownerChanges;
    const listed = entry.fault ? null : await intake.findUnfinished(entry);
    if (listed && list.has(listed.id)) {
      listed.file = file;
      listed.handle = handle;
      requeue(this.#services, listed);
      return listed.status === 'failed' ? null : listed;
    }
    const rejection = intake.findRejection(entry, rules);
    // the rules decide whether an unlisted upload is listed
    const unlisted = rejection ? null : await recovery.findUnlisted(entry);
    // another call may have added files meanwhile
    const reason = rejection ?? intake.findViolation(entry, rules);
    if (reason) {
      this.#emit('mule-reject', { file, ...(relativePath && { relativePath }), ...reason });
      return null;
    }
    if (ownerChanges.ownership !== initialOwnership) {
      ownerChanges.reject(file);
      return null;
    }
    const { name, size, type, lastModified } = file;
    const upload = unlisted ?? this.#createUpload({ id, name, size, type, lastModified, relativePath }, { file });
    upload.handle = handle;
    if (isOneOfMany) this.#keySuffixes.set(upload, relativePath || name);
    if (unlisted) upload.file = file;
    else upload.objectKey = this.requestedKey(upload);
    list.add(upload);
    this.#emit('mule-add', { upload: upload.snapshot });
    if (unlisted) {
      requeue(this.#services, upload);
      return upload;
    }
    // the code for checksums loads while the file is being read
    if (checksums.isWanted) void checksums.loadKit();
    fileWriter.add(upload);
    // a listener may have paused or aborted it
    const isQueued = upload.status === 'queued';
    if (isQueued && (settings.options.autostart || entry.isStarted)) queue.add(upload);
    return upload;
  }
}
