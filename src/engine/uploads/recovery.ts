import { loadAcceptRule, rejectionOf } from '../files/file-rules.js';
import { sleep, backoff } from '../util/timing.js';
import { SignerFault, UploadError } from '../api/errors.js';
import type { FileStoreWriter } from '../resume/file-store-writer.js';
import { fingerprint, isKnownByTime } from '../files/fingerprint.js';
import type { JournalWriter } from '../resume/journal-writer.js';
import type { Settings } from '../api/options.js';
import type { CurrentUser } from '../model/current-user.js';
import type { PagePresence } from '../resume/page-presence.js';
import type { TabCoordinator } from '../resume/tab-coordinator.js';
import { classifyFailure } from '../network/classify-failure.js';
import type { UploadList } from './upload-list.js';
import { principalOf } from '../signing/init-answer.js';
import type { FileEntry, FileHandle, UploadSnapshot } from '../api/types.js';
import type { Clock, JournalRecord, KeptFile, FileStore, SignerPort } from '../ports.js';
import type { Upload } from './upload.js';

/** Maximum time that added files wait until the signer has named the user. */
const SIGNER_TIMEOUT_MS = 3_000;
/** Maximum number of uploads whose stored parts are listed although nobody has resumed them. */
const MAX_REFRESHES = 20;
const READ = { mode: 'read' } as const;

/** The dependencies of recovery. */
export interface RecoveryServices {
  readonly clock: Clock;
  readonly signer: SignerPort;
  readonly fileStore: FileStore;
  readonly settings: Settings;
  readonly user: CurrentUser;
  readonly journal: JournalWriter;
  readonly files: FileStoreWriter;
  readonly list: UploadList;
  readonly tabs: TabCoordinator;
  readonly presence: PagePresence;
  readonly lifetime: AbortSignal;
}

/** The callbacks of recovery. */
export type RecoveryReport =
  | { readonly type: 'listed'; readonly uploads: readonly UploadSnapshot[] }
  /** An upload has its file back. `isAsked`: because the user or the page has resumed it. */
  | { readonly type: 'file-found'; readonly upload: Upload; readonly isAsked: boolean }
  /** An upload belongs to another user: it leaves the list, and the journal keeps it. */
  | { readonly type: 'other-user'; readonly upload: Upload }
  /** The signer names another user than before: everything of the former one ends. */
  | { readonly type: 'user-changed' }
  /** The new user is known: that user's unfinished uploads have to be loaded. */
  | { readonly type: 'user-known' };

/** The stored data of one unfinished upload. */
interface PersistedUpload {
  record: JournalRecord;
  kept: KeptFile | null;
}

/** Restores unfinished uploads of earlier page loads: their records, their files, and their progress. */
export class Recovery {
  readonly #services: RecoveryServices;
  readonly #createUpload: (record: JournalRecord) => Upload;
  readonly #report: (report: RecoveryReport) => void;
  readonly #found = new Map<Upload, PersistedUpload>();
  /** Uploads of users who are not signed in, as far as known. */
  #hidden: PersistedUpload[] = [];
  /** Records that are resumed only when their file is added again. */
  #unlisted: JournalRecord[] = [];
  /** Counts the owners, so that records loaded for one owner are not shown to the next. */
  #owners = 0;

  constructor(
    services: RecoveryServices,
    createUpload: (record: JournalRecord) => Upload,
    report: (report: RecoveryReport) => void,
  ) {
    this.#services = services;
    this.#createUpload = createUpload;
    this.#report = report;
  }

  /** Lists the owner's unfinished uploads, and resumes those whose file can be read. */
  async load(): Promise<void> {
    const { journal, fileStore, settings, lifetime, clock, user, tabs, presence } = this.#services;
    const { options } = settings;
    if (options.recover === 'off') return;
    const owner = this.#owners;
    const isCurrent = (): boolean => owner === this.#owners && !lifetime.aborted;
    const records = await presence.withoutOpenPages(await tabs.withoutSending(await journal.load()));
    await loadAcceptRule(records, options.rules.accept);
    if (!records.length || !isCurrent()) return;
    this.#unlisted = records.filter((record) => this.#isUnlisted(record));
    const listed = records.filter((record) => !this.#unlisted.includes(record));
    const finding = Promise.all(listed.map(async (record) => ({ record, kept: await fileStore.find(record.id) })));
    const found = finding.then((all) => {
      if (isCurrent()) this.#hidden = all;
    });
    // the signer decides whose uploads may be shown
    const bound = records.find(({ principal }) => typeof principal === 'string');
    const known = bound && this.#ask(bound, () => isCurrent() && !user.isKnown).catch(() => {});
    // new files wait neither for a slow disk nor for a slow signer
    await Promise.race([Promise.all([found, known]), sleep(clock, SIGNER_TIMEOUT_MS, lifetime)]).catch(() => {});
    if (!isCurrent()) return;
    if (this.#hidden.length) this.#listOwned();
    else void found.then(() => isCurrent() && this.#listOwned());
  }

  /**
   * Discards the loaded records and the user, because the owner has changed.
   * @returns the former owner's listed uploads that have not been resumed
   */
  reset(): Upload[] {
    this.#owners++;
    const idle = [...this.#found.keys()].filter(({ snapshot }) => snapshot.found || snapshot.needsFile);
    this.#found.clear();
    this.#hidden = [];
    this.#unlisted = [];
    this.#services.user.principal = undefined;
    return idle;
  }

  /**
   * Records the user that the signer names. Uploads of other users leave the list, and this user's are listed.
   * @param user undefined if the signer said nothing
   */
  identify(user: string | null | undefined): void {
    const { user: current, list } = this.#services;
    if (user === undefined || user === current.principal) return;
    const isChange = current.isKnown;
    current.principal = user;
    if (isChange) {
      this.#report({ type: 'user-changed' });
      this.reset();
      current.principal = user;
      this.#report({ type: 'user-known' });
      return;
    }
    for (const [upload, persisted] of this.#found) {
      if (current.owns(persisted.record)) continue;
      this.#found.delete(upload);
      this.#hidden.push(persisted);
      if (list.has(upload.id)) this.#report({ type: 'other-user', upload });
    }
    this.#listOwned();
  }

  /** Whether only the signer knows that the user is still the same: the page sets no scope, and users sign in. */
  get hasToConfirm(): boolean {
    return this.#services.settings.options.scope === '' && typeof this.#services.user.principal === 'string';
  }

  /** Asks the signer whether the same user is signed in; ends everything of the former one if not. */
  async confirm(): Promise<boolean> {
    const owner = this.#owners;
    const isCurrent = (): boolean => owner === this.#owners && !this.#services.lifetime.aborted;
    const known = this.#services.list.all.find(({ session }) => session?.grant);
    const { key = null, uploadId = null, grant = null } = known?.session ?? {};
    const size = known?.facts.size ?? 1;
    const isAnswered = await this.#ask({ key, uploadId, grant, size }, isCurrent).catch(() => true);
    if (!isAnswered && isCurrent()) {
      // nobody is signed in, or a user who may not upload
      this.#report({ type: 'user-changed' });
      this.reset();
    }
    return owner === this.#owners;
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
    const record = duplicate ?? (file.size && !isKnownByTime(file) ? same[0] : undefined);
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

  /**
   * Asks the signer which user is signed in, by an init call for a known upload; retries until it answers or refuses.
   * @returns whether it answered
   */
  async #ask(
    { key, uploadId, grant, size }: Pick<JournalRecord, 'key' | 'uploadId' | 'grant' | 'size'>,
    isCurrent: () => boolean,
  ): Promise<boolean> {
    const { signer, clock, lifetime } = this.#services;
    // without the file name, which may be another user's
    const file = { id: 'who', filename: 'who', filesize: size, last_modified: 0, content_type: '' };
    const known = grant !== null && key !== null && { grant, key, upload_id: uploadId ?? undefined };
    for (let tries = 1; isCurrent(); tries++) {
      try {
        const answer = await signer.call('get_init_signature', { files: [{ ...file, ...known }] }, lifetime);
        if (isCurrent()) this.identify(principalOf(answer));
        return true;
      } catch (error) {
        // refused: the user has to sign in first, and the first upload's answer will name them
        if (!(error instanceof SignerFault) || classifyFailure(error, 'init').kind !== 'again') return false;
        await sleep(clock, backoff(tries, clock.random()), lifetime);
      }
    }
    return true;
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
