import type { Settings } from '../api/options.js';
import { isOver } from '../api/status.js';
import type { CurrentUser } from '../model/current-user.js';
import type { UploadRecord } from '../model/upload-record.js';
import type { Clock, Journal, JournalRecord } from '../ports.js';
import { withTimeout } from '../util/abort.js';
import type { PagePresence } from './page-presence.js';

/** Timeout of one access to the journal; uploads then continue without it. */
const ACCESS_TIMEOUT_MS = 3_000;

/** Records uploads in the journal; if the browser refuses storage, warns once and continues without it. */
export class JournalWriter {
  readonly #journal: Journal;
  readonly #clock: Clock;
  readonly #settings: Settings;
  readonly #user: CurrentUser;
  readonly #presence: PagePresence;
  /** IDs of the records written in this page load. */
  readonly #written = new Set<string>();
  /** Scopes of the records written in this page load. */
  readonly #scopes = new Set<string>();
  #hasWarned = false;
  /** The access that has not been answered in time; null if the journal can be used. */
  #pendingAccess: Promise<unknown> | null = null;
  /** The last access to the journal. Each waits for the one before, so that a late write cannot undo a removal. */
  #lastAccess: Promise<unknown> = Promise.resolve();

  constructor(journal: Journal, clock: Clock, settings: Settings, user: CurrentUser, presence: PagePresence) {
    this.#journal = journal;
    this.#clock = clock;
    this.#settings = settings;
    this.#user = user;
    this.#presence = presence;
  }

  /** Whether the page lets unfinished uploads be stored. */
  get #isEnabled(): boolean {
    return this.#settings.options.recover !== 'off';
  }

  /** The scopes of the records that this page has written, and the current scope. */
  get scopes(): Set<string> {
    return new Set([...this.#scopes, this.#settings.scope]);
  }

  /** @returns the records of the current owner; they include records without a `recoveryKey`, which earlier releases wrote */
  async load(): Promise<JournalRecord[]> {
    if (!this.#isEnabled) return [];
    const { scope, recoveryKey } = this.#settings.owner;
    const records = await this.#access(() => this.#journal.load(scope), []);
    return records.filter((record) => (record.recoveryKey ?? recoveryKey) === recoveryKey);
  }

  /** Writes an upload's record after announcing this page's presence, so that other tabs do not resume the upload. */
  async save(upload: UploadRecord): Promise<void> {
    if (!this.#isEnabled || upload.isForgotten) return;
    this.#scopes.add(upload.owner.scope);
    // this page does not continue an upload that has ended or belongs to a former owner; any page may finish its abort
    const announced = isOver(upload.status) || upload.hasFormerOwner ? null : this.#presence.announce();
    const journalRecord = recordOf(upload, this.#user.principal, this.#presence.name);
    if (!journalRecord) return;
    this.#written.add(journalRecord.id);
    this.#lastAccess = this.#lastAccess.then(() => announced);
    await this.#access(() => this.#journal.save(journalRecord), undefined);
  }

  /** Removes an upload's record. */
  async remove(upload: UploadRecord): Promise<void> {
    if (!this.#isEnabled) return;
    const { id, recordId, recovered } = upload;
    // most uploads of small files end before a record is written; a recovered or adopted upload has an earlier record
    const hasRecord = this.#written.delete(recordId) || recovered || recordId !== id;
    if (hasRecord) await this.#access(() => this.#journal.remove(recordId), undefined, true);
  }

  /** Removes every record of a scope, with any `recoveryKey`. @throws if the journal cannot be used */
  async wipe(scope: string): Promise<void> {
    const wipe = async (): Promise<true> => this.#journal.wipe(scope).then(() => true);
    if (!(await this.#access<boolean>(wipe, false, true)))
      throw new Error('mule-upload: the browser has not deleted the stored uploads. Call forget() again.');
  }

  /**
   * Runs an access to the journal after the former ones; returns the fallback if it fails. A write that the quota refuses
   * may succeed later; a database that does not answer in time is used again once it answers.
   * @param isRemoval whether to run the access once the journal can be used, if it cannot be used now
   */
  #access<T>(work: () => Promise<T>, fallback: T, isRemoval = false): Promise<T> {
    const result = this.#lastAccess.then(async () => {
      const runAgain = (): unknown => isRemoval && this.#access(work, fallback);
      if (this.#pendingAccess) {
        void this.#pendingAccess.then(runAgain, runAgain);
        return fallback;
      }
      let pending = null as Promise<T> | null;
      const ask = (): Promise<T> => (pending = work().finally(() => (pending = this.#pendingAccess = null)));
      try {
        return await withTimeout(this.#clock, ACCESS_TIMEOUT_MS, undefined, ask);
      } catch (error) {
        this.#pendingAccess = pending;
        this.#warn(error);
        return fallback;
      }
    });
    this.#lastAccess = result;
    return result;
  }

  #warn(error: unknown): void {
    if (this.#hasWarned) return;
    this.#hasWarned = true;
    console.warn(
      'mule-upload: the browser did not store an upload (private window, or full storage): it will not survive a reload.',
      error,
    );
  }
}

function recordOf(
  upload: UploadRecord,
  principal: string | null | undefined,
  pageName: string | null,
): JournalRecord | null {
  const { facts, session, fingerprint, recordId, createdAt, owner, recovered } = upload;
  if (!fingerprint) return null;
  return {
    version: 2,
    ...facts,
    id: recordId,
    ...owner,
    principal: session ? session.principal : recovered ? upload.principal : principal,
    visit: pageName,
    fingerprint,
    key: session?.key ?? null,
    uploadId: session?.uploadId ?? null,
    partSize: session?.table.plan.partSize ?? 0,
    grant: session?.grant ?? null,
    objectKey: upload.objectKey,
    tracked: session?.tracked ?? false,
    ownKey: session?.ownKey ?? false,
    checksum: session?.checksum ?? null,
    actions: [...(session?.actions ?? [])],
    aborting: upload.status === 'aborted',
    createdAt,
  };
}
