import { UploadError } from '../api/errors.js';
import type { Settings } from '../api/options.js';
import type { FileEntry, FileHandle, UploadSnapshot } from '../api/types.js';
import { loadAcceptRule, rejectionOf } from '../files/file-rules.js';
import { fingerprint, isIdentifiedByTime } from '../files/fingerprint.js';
import type { CurrentUser } from '../model/current-user.js';
import type { Clock, FileStore, JournalRecord, KeptFile, SignerPort, TabLock } from '../ports.js';
import type { FileStoreWriter } from '../resume/file-store-writer.js';
import type { JournalWriter } from '../resume/journal-writer.js';
import { withoutOpenPages } from '../resume/open-pages.js';
import type { PagePresence } from '../resume/page-presence.js';
import type { TabCoordinator } from '../resume/tab-coordinator.js';
import { sleep } from '../util/timing.js';
import { askForUser } from './ask-for-user.js';
import type { Upload } from './upload.js';
import type { UploadList } from './upload-list.js';

/** Maximum time that added files wait until the signer has named the user. */
const SIGNER_TIMEOUT_MS = 3_000;
/** Maximum number of uploads whose stored parts are listed although nobody has resumed them. */
const MAX_REFRESHES = 20;
const READ = { mode: 'read' } as const;

/** The dependencies of recovered uploads. */
export interface RecoveredServices {
  readonly clock: Clock;
  readonly signer: SignerPort;
  readonly fileStore: FileStore;
  readonly settings: Settings;
  readonly user: CurrentUser;
  readonly journal: JournalWriter;
  readonly files: FileStoreWriter;
  readonly list: UploadList;
  readonly lock: TabLock;
  readonly tabs: TabCoordinator;
  readonly presence: PagePresence;
  readonly lifetime: AbortSignal;
}

/** What happens to recovered uploads. */
export type RecoveredReport =
  | { readonly type: 'listed'; readonly uploads: readonly UploadSnapshot[] }
  /** An upload has its file back. `isAsked`: because the user or the page has resumed it. */
  | { readonly type: 'file-found'; readonly upload: Upload; readonly isAsked: boolean }
  /** An upload belongs to another user: it leaves the list, and the journal keeps it. */
  | { readonly type: 'other-user'; readonly upload: Upload };

/** The stored data of one unfinished upload. */
interface PersistedUpload {
  record: JournalRecord;
  kept: KeptFile | null;
}

/** The owner's unfinished uploads of earlier page loads: lists them, and finds their files. */
export class RecoveredUploads {
  readonly #services: RecoveredServices;
  readonly #createUpload: (record: JournalRecord) => Upload;
  readonly #report: (report: RecoveredReport) => void;
  readonly #found = new Map<Upload, PersistedUpload>();
  /** Uploads of users who are not signed in, as far as known. */
  #hidden: PersistedUpload[] = [];
  /** Records that are resumed only when their file is added again. */
  #unlisted: JournalRecord[] = [];

  constructor(
    services: RecoveredServices,
    createUpload: (record: JournalRecord) => Upload,
    report: (report: RecoveredReport) => void,
  ) {
    this.#services = services;
    this.#createUpload = createUpload;
    this.#report = report;
  }

  /**
   * Lists the owner's unfinished uploads, and resumes those whose file can be read. Those of other open pages are left out.
   * @param isCurrent whether the owner is still the same
   * @param identify receives the user whom the signer names
   */
  async restore(
    all: JournalRecord[],
    isCurrent: () => boolean,
    identify: (user: string | null | undefined) => void,
  ): Promise<void> {
    const { fileStore, lifetime, clock, user, lock, tabs, presence, settings } = this.#services;
    const records = await withoutOpenPages(await tabs.withoutSending(all), lock, presence);
    await loadAcceptRule(records, settings.options.rules.accept);
    if (!records.length || !isCurrent()) return;
    this.#unlisted = records.filter((record) => this.#isUnlisted(record));
    const listed = records.filter((record) => !this.#unlisted.includes(record));
    const finding = Promise.all(listed.map(async (record) => ({ record, kept: await fileStore.find(record.id) })));
    const found = finding.then((all) => {
      if (isCurrent()) this.#hidden = all;
    });
    // the signer decides whose uploads may be shown
    const bound = records.find(({ principal }) => typeof principal === 'string');
    const isUnknown = (): boolean => isCurrent() && !user.isKnown;
    const known = bound && askForUser(this.#services, bound, isUnknown, identify).catch(() => {});
    // new files wait neither for a slow disk nor for a slow signer
    await Promise.race([Promise.all([found, known]), sleep(clock, SIGNER_TIMEOUT_MS, lifetime)]).catch(() => {});
    if (!isCurrent()) return;
    if (this.#hidden.length) this.#listOwned();
    else void found.then(() => isCurrent() && this.#listOwned());
  }

  /**
   * Discards the records, because the owner has changed.
   * @returns the former owner's listed uploads that have not been resumed
   */
  reset(): Upload[] {
    const idle = [...this.#found.keys()].filter(({ snapshot }) => snapshot.found || snapshot.needsFile);
    this.#found.clear();
    this.#hidden = [];
    this.#unlisted = [];
    return idle;
  }

  /** Removes other users' uploads from the list, and lists this user's: the signer has named the user. */
  showOwned(): void {
    const { user, list } = this.#services;
    for (const [upload, persisted] of this.#found) {
      if (user.owns(persisted.record)) continue;
      this.#found.delete(upload);
      this.#hidden.push(persisted);
      if (list.has(upload.id)) this.#report({ type: 'other-user', upload });
    }
    this.#listOwned();
  }

  /** Forgets an upload that is complete or aborted. */
  drop(upload: Upload): void {
    this.#found.delete(upload);
  }

  /**
   * Finds an unlisted upload by its file.
   * @returns null if no such upload is known
   */
  async findUnlisted({ file, relativePath = '' }: FileEntry): Promise<Upload | null> {
    const isSameSize = ({ size }: JournalRecord): boolean => size === file.size;
    if (!this.#unlisted.some(isSameSize)) return null;
    const print = await fingerprint(file).catch(() => null);
    const same = this.#unlisted.filter(
      (record) =>
        isSameSize(record)
        && record.fingerprint === print
        && (typeof record.principal !== 'string' || record.principal === this.#services.user.principal),
    );
    const duplicate = same.find(({ name, relativePath: path }) => name === file.name && path === relativePath);
    // if the bytes are not read, files of one name in two folders are two
    const record = duplicate ?? (file.size && !isIdentifiedByTime(file) ? same[0] : undefined);
    if (!record) return null;
    this.#unlisted = this.#unlisted.filter((one) => one !== record);
    const upload = this.#createUpload(record);
    this.#found.set(upload, { record, kept: null });
    return upload;
  }

  /**
   * Whether a record is resumed only when its file is added again: because the page wants that, because its owner is
   * not known, or because the control does not accept such files.
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

  /** Records that an upload of an earlier page load has its file in this page load. */
  recordFile(upload: Upload): void {
    if (this.#found.has(upload)) void this.#services.journal.save(upload);
  }

  /**
   * Requests permission to read the files of uploads that have a handle, and resumes them. The browser asks the user for
   * each, which needs a user gesture. After the first refusal it requests no more, and resumes only those whose files can
   * be read already.
   */
  async reopen(uploads: readonly Upload[]): Promise<void> {
    let mayAsk = true;
    for (const upload of uploads) {
      const { handle } = upload;
      if (!handle || upload.status !== 'needs-file') continue;
      if (await isAllowed(handle)) await this.#setFile(upload, () => handle.getFile(), true);
      else if (mayAsk) {
        const answer = await askFor(handle);
        if (answer === 'granted') await this.#setFile(upload, () => handle.getFile(), true);
        else mayAsk = false;
        // the user has refused: from now on the button chooses the file
        if (answer === 'refused') upload.setFileMissing();
      }
    }
  }

  /** Lists the uploads that belong to the current user. */
  #listOwned(): void {
    const { lifetime, user, list, files } = this.#services;
    if (lifetime.aborted) return;
    const ours = this.#hidden.filter(({ record }) => user.owns(record));
    this.#hidden = this.#hidden.filter((persisted) => !ours.includes(persisted));
    const found: Upload[] = [];
    for (const persisted of ours) {
      const { record, kept } = persisted;
      // nothing was sent and no file is stored: there is nothing to resume
      const isListed = list.all.some(({ id, recordId }) => id === record.id || recordId === record.id);
      if ((record.key === null && !kept && !record.aborting) || isListed) continue;
      const upload = this.#createUpload(record);
      if (kept) files.markStored(upload);
      if (record.aborting) {
        void upload.abandon();
        continue;
      }
      list.add(upload);
      this.#found.set(upload, persisted);
      found.push(upload);
    }
    if (!found.length) return;
    this.#report({ type: 'listed', uploads: found.map(({ snapshot }) => snapshot) });
    void this.#openFiles(found);
  }

  /** Opens the files, then lists the stored parts of uploads that wait for the user. */
  async #openFiles(found: readonly Upload[]): Promise<void> {
    await Promise.all(found.map((upload) => this.#openFile(upload)));
    for (const upload of found.filter(({ snapshot }) => snapshot.found).slice(0, MAX_REFRESHES))
      await upload.refreshParts();
  }

  async #openFile(upload: Upload): Promise<void> {
    const kept = this.#found.get(upload)?.kept;
    if (!kept) return;
    if ('file' in kept) await this.#setFile(upload, () => Promise.resolve(kept.file));
    else if (await isAllowed(kept.handle)) await this.#setFile(upload, () => kept.handle.getFile());
    else if (upload.status === 'needs-file') upload.setHandle(kept.handle);
  }

  /** Gives an upload its file back, if that is unchanged. */
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
    // meanwhile its file may have been chosen, or the upload aborted or removed
    if (upload.status !== 'needs-file' || !this.#found.has(upload)) return;
    if (error) {
      this.#services.files.remove(upload);
      upload.setFileMissing(error);
      return;
    }
    upload.file = file;
    if (this.#services.settings.options.recover === 'ask' && !isAsked) upload.hold();
    else this.#report({ type: 'file-found', upload, isAsked });
  }
}

/** Whether a file can be read without asking the user. */
async function isAllowed(handle: FileHandle): Promise<boolean> {
  if (!handle.queryPermission) return true;
  return (await handle.queryPermission(READ).catch(() => 'prompt')) === 'granted';
}

/** @returns `late` if the user gesture had expired */
async function askFor(handle: FileHandle): Promise<'granted' | 'refused' | 'late'> {
  try {
    return (await handle.requestPermission?.(READ)) === 'granted' ? 'granted' : 'refused';
  } catch {
    return 'late';
  }
}
