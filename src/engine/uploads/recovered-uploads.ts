import { UploadError } from '../api/errors.js';
import type { Settings } from '../api/options.js';
import type { FileEntry, FileHandle } from '../api/types.js';
import { loadAcceptRule, rejectionOf } from '../files/file-rules.js';
import { fingerprint, isIdentifiedByTime } from '../files/fingerprint.js';
import type { CurrentUser } from '../model/current-user.js';
import type { Clock, Emit, FileStore, JournalRecord, KeptFile, SignerPort, TabLock } from '../ports.js';
import type { FileStoreWriter } from '../resume/file-store-writer.js';
import type { JournalWriter } from '../resume/journal-writer.js';
import { withoutOpenPages, withoutSending } from '../resume/open-pages.js';
import type { PagePresence } from '../resume/page-presence.js';
import { sleep } from '../util/timing.js';
import { askForUser } from './ask-for-user.js';
import type { Intake } from './intake.js';
import type { OwnerChanges } from './owner-changes.js';
import { requeue } from './requeue.js';
import type { Upload } from './upload.js';
import type { UploadList } from './upload-list.js';
import type { UploadQueue } from './upload-queue.js';

/** Maximum time that added files wait for the stored files and for the signer to name the user. */
const RESTORE_TIMEOUT_MS = 3_000;
/** Maximum number of uploads whose stored parts are listed although nobody has resumed them. */
const MAX_REFRESHES = 20;
const READ_MODE = { mode: 'read' } as const;

/** The dependencies of recovered uploads. */
export interface RecoveredServices {
  readonly clock: Clock;
  readonly signer: SignerPort;
  readonly fileStore: FileStore;
  readonly settings: Settings;
  readonly user: CurrentUser;
  readonly journal: JournalWriter;
  readonly fileWriter: FileStoreWriter;
  readonly list: UploadList;
  readonly queue: UploadQueue;
  readonly lock: TabLock;
  readonly presence: PagePresence;
  readonly lifetime: AbortSignal;
  readonly ownerChanges: OwnerChanges;
  readonly intake: Intake;
}

/** Creates the upload that a journal record describes. */
export type CreateRecovered = (record: JournalRecord) => Upload;

/** The stored data of one unfinished upload. */
interface PersistedUpload {
  record: JournalRecord;
  kept: KeptFile | null;
}

/** Lists the owner's unfinished uploads of earlier page loads, and finds their files. */
export class RecoveredUploads {
  readonly #services: RecoveredServices;
  readonly #createUpload: CreateRecovered;
  readonly #emit: Emit;
  /** The listed uploads, with the data that each was restored from. */
  readonly #persisted = new Map<Upload, PersistedUpload>();
  /** Uploads that are not listed, or not yet: their user is not signed in, or the signer has not named the user. */
  #hidden: PersistedUpload[] = [];
  /** Records that are resumed only when their file is added again. */
  #unlisted: JournalRecord[] = [];
  /** Whether the owner of the records is still the same. */
  #isCurrent = (): boolean => false;

  constructor(services: RecoveredServices, createUpload: CreateRecovered, emit: Emit) {
    this.#services = services;
    this.#createUpload = createUpload;
    this.#emit = emit;
  }

  /**
   * Lists the owner's unfinished uploads, without those of other open pages, and resumes those whose file can be read.
   * @param isCurrent whether the owner is still the same
   * @param identify receives the user that the signer names
   */
  async restore(
    stored: JournalRecord[],
    isCurrent: () => boolean,
    identify: (user: string | null | undefined) => void,
  ): Promise<void> {
    const { fileStore, lifetime, clock, user, settings } = this.#services;
    this.#isCurrent = isCurrent;
    const records = await this.#withoutOtherTabs(stored);
    await loadAcceptRule(records, settings.options.rules.accept);
    if (!records.length || !isCurrent()) return;
    this.#unlisted = records.filter((record) => this.#isUnlisted(record));
    const listed = records.filter((record) => !this.#unlisted.includes(record));
    const lookup = Promise.all(listed.map(async (record) => ({ record, kept: await fileStore.find(record.id) })));
    const lookupEnd = lookup.then((persisted) => {
      if (isCurrent()) this.#hidden = persisted;
    });
    // uploads of a user are listed only after the signer has named that user
    const recordWithUser = records.find(({ principal }) => typeof principal === 'string');
    const isUserUnknown = (): boolean => isCurrent() && !user.isKnown;
    const identification =
      recordWithUser && askForUser(this.#services, recordWithUser, isUserUnknown, identify).catch(() => {});
    // new files wait neither for a slow disk nor for a slow signer
    await Promise.race([Promise.all([lookupEnd, identification]), sleep(clock, RESTORE_TIMEOUT_MS, lifetime)]).catch(
      () => {},
    );
    if (this.#hidden.length) await this.#listOwned();
    else void lookupEnd.then(() => this.#listOwned());
  }

  /**
   * Discards the records, because the owner has changed.
   * @returns the former owner's listed uploads that have not been resumed
   */
  reset(): Upload[] {
    const idle = [...this.#persisted.keys()].filter(({ snapshot }) => snapshot.found || snapshot.needsFile);
    this.#persisted.clear();
    this.#hidden = [];
    this.#unlisted = [];
    return idle;
  }

  /** Removes other users' uploads from the list, and lists this user's: the signer has named the user. */
  showOwned(): void {
    const { user, ownerChanges } = this.#services;
    for (const [upload, persisted] of this.#persisted) {
      const hasEnded = upload.status === 'complete' || upload.status === 'aborted';
      if (hasEnded || user.owns(persisted.record)) continue;
      this.#persisted.delete(upload);
      ownerChanges.remove([upload]);
    }
    void this.#listOwned();
  }

  /**
   * Finds an unlisted upload by its file.
   * @returns null if no such upload is known
   */
  async findUnlisted({ file, relativePath = '' }: FileEntry): Promise<Upload | null> {
    const isSameSize = ({ size }: JournalRecord): boolean => size === file.size;
    if (!this.#unlisted.some(isSameSize)) return null;
    const fileFingerprint = await fingerprint(file).catch(() => null);
    const matches = this.#unlisted.filter(
      (record) =>
        isSameSize(record)
        && record.fingerprint === fileFingerprint
        && (typeof record.principal !== 'string' || record.principal === this.#services.user.principal),
    );
    const duplicate = matches.find(({ name, relativePath: path }) => name === file.name && path === relativePath);
    // a fingerprint that was made without reading bytes is the same for files of one name in two folders
    const record = duplicate ?? (file.size && !isIdentifiedByTime(file) ? matches[0] : undefined);
    if (!record) return null;
    this.#unlisted = this.#unlisted.filter((other) => other !== record);
    const upload = this.#createUpload(record);
    this.#persisted.set(upload, { record, kept: null });
    return upload;
  }

  /**
   * Whether a record is resumed only when the user adds its file again: because the page sets `recover: 'choose'`, because
   * the owner is unknown, or because the control does not accept the file.
   */
  #isUnlisted(record: JournalRecord): boolean {
    const { recover, scope, recoveryKey, rules } = this.#services.settings.options;
    return (
      !record.aborting
      && (recover === 'choose'
        || (recoveryKey !== '' && record.recoveryKey === undefined)
        || (scope === '' && record.principal === undefined)
        || rejectionOf(record, rules, 0) !== null)
    );
  }

  /**
   * Requests permission to read files by their handles, and resumes their uploads. The browser asks the user about each
   * file, which needs a user gesture. After the first refusal, only files that can be read without a question are opened.
   */
  async reopen(uploads: readonly Upload[]): Promise<void> {
    let canAsk = true;
    for (const upload of uploads) {
      const { handle } = upload;
      if (!handle || upload.status !== 'needs-file') continue;
      if (await isAllowed(handle)) await this.#setFile(upload, () => handle.getFile(), true);
      else if (canAsk) {
        const answer = await requestPermission(handle);
        if (answer === 'granted') await this.#setFile(upload, () => handle.getFile(), true);
        else canAsk = false;
        // the user has refused: without a handle, the button opens the file picker
        if (answer === 'refused') upload.setFileMissing();
      }
    }
  }

  /** Returns the records of uploads that no other tab sends or may continue. */
  async #withoutOtherTabs(records: JournalRecord[]): Promise<JournalRecord[]> {
    const { lock, presence } = this.#services;
    return withoutOpenPages(await withoutSending(records, lock), lock, presence);
  }

  /** Lists the uploads that belong to the current user. */
  async #listOwned(): Promise<void> {
    const { journal, user, list, fileWriter } = this.#services;
    const isCurrent = this.#isCurrent;
    if (!isCurrent() || !this.#hidden.length) return;
    // another tab may have resumed or ended them while this one waited for the signer
    const records = await this.#withoutOtherTabs(await journal.load());
    if (!isCurrent()) return;
    const hidden = this.#hidden.flatMap(({ record: { id }, kept }) =>
      records.filter((record) => record.id === id).map((record) => ({ record, kept })),
    );
    const owned = hidden.filter(({ record }) => user.owns(record));
    this.#hidden = hidden.filter((persisted) => !owned.includes(persisted));
    const listed: Upload[] = [];
    for (const persisted of owned) {
      const { record, kept } = persisted;
      const isListed = list.all.some(({ id, recordId }) => id === record.id || recordId === record.id);
      // nothing was sent and no file is stored
      const isUseless = record.key === null && !kept && !record.aborting;
      if (isUseless || isListed) continue;
      const upload = this.#createUpload(record);
      if (kept) fileWriter.markStored(upload);
      if (record.aborting) {
        void upload.abandon();
        continue;
      }
      list.add(upload);
      this.#persisted.set(upload, persisted);
      listed.push(upload);
    }
    if (!listed.length) return;
    this.#emit('mule-recover', { uploads: listed.map(({ snapshot }) => snapshot) });
    void this.#openFiles(listed);
  }

  /** Opens the files, then lists the stored parts of uploads that the user has to resume. */
  async #openFiles(uploads: readonly Upload[]): Promise<void> {
    await Promise.all(uploads.map((upload) => this.#openFile(upload)));
    for (const upload of uploads.filter(({ snapshot }) => snapshot.found).slice(0, MAX_REFRESHES))
      await upload.refreshParts();
  }

  async #openFile(upload: Upload): Promise<void> {
    const kept = this.#persisted.get(upload)?.kept;
    // the page may have aborted it
    if (!kept || upload.status !== 'needs-file') return;
    if ('file' in kept) await this.#setFile(upload, () => Promise.resolve(kept.file));
    else if (await isAllowed(kept.handle)) await this.#setFile(upload, () => kept.handle.getFile());
    else if (upload.status === 'needs-file') upload.setHandle(kept.handle);
  }

  /** Sets the file of an upload if the file is unchanged. */
  async #setFile(upload: Upload, read: () => Promise<File>, isAsked = false): Promise<void> {
    const { name, size } = upload.facts;
    let file: File | null = null;
    let error: UploadError | null = null;
    try {
      file = await read();
      if ((await fingerprint(file)) !== upload.fingerprint)
        error = new UploadError('file-changed', `“${name}” has changed: choose it as it was (${size} bytes).`);
    } catch (cause) {
      error = new UploadError('file-unreadable', `“${name}” is not where it was: choose it again.`, { cause });
    }
    // meanwhile the user may have chosen the file, or aborted or removed the upload
    if (upload.status !== 'needs-file' || !this.#persisted.has(upload)) return;
    if (error) {
      this.#services.fileWriter.remove(upload);
      upload.setFileMissing(error);
      return;
    }
    upload.file = file;
    const { settings, queue } = this.#services;
    if (settings.options.recover === 'ask' && !isAsked) {
      upload.hold();
      return;
    }
    requeue(this.#services, upload, isAsked);
    queue.startNext();
  }
}

/** Whether a file can be read without asking the user. */
async function isAllowed(handle: FileHandle): Promise<boolean> {
  if (!handle.queryPermission) return true;
  return (await handle.queryPermission(READ_MODE).catch(() => 'prompt')) === 'granted';
}

/** @returns `expired` if too much time has passed since the user gesture */
async function requestPermission(handle: FileHandle): Promise<'granted' | 'refused' | 'expired'> {
  try {
    return (await handle.requestPermission?.(READ_MODE)) === 'granted' ? 'granted' : 'refused';
  } catch {
    return 'expired';
  }
}
