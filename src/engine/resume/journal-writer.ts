import type { Settings } from '../api/options.js';
import { isOver } from '../api/status.js';
import type { CurrentUser } from '../model/current-user.js';
import type { UploadRecord } from '../model/upload-record.js';
import type { Clock, Journal, JournalRecord } from '../ports.js';
import { withTimeout } from '../util/abort.js';
import type { PagePresence } from './page-presence.js';

/** Timeout for the journal's database; uploads then continue without persistence. */
const OPEN_TIMEOUT_MS = 3_000;

/** Records uploads in the journal; if the browser refuses storage, warns once and continues without it. */
export class JournalWriter {
  readonly #journal: Journal;
  readonly #clock: Clock;
  readonly #settings: Settings;
  readonly #user: CurrentUser;
  readonly #presence: PagePresence;
  /** IDs of the records written in this page load. */
  readonly #written = new Set<string>();
  /** Scopes that records were written under in this page load. */
  readonly #scopes = new Set<string>();
  #hasWarned = false;
  #isHung = false;
  /** Writes follow one another, so that a late one cannot undo a removal. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(journal: Journal, clock: Clock, settings: Settings, user: CurrentUser, presence: PagePresence) {
    this.#journal = journal;
    this.#clock = clock;
    this.#settings = settings;
    this.#user = user;
    this.#presence = presence;
  }

  /** Whether anything is stored at all. */
  get #isOn(): boolean {
    return this.#settings.options.recover !== 'off';
  }

  /** Scopes that this page has written under, the current one included. */
  get scopes(): Set<string> {
    return new Set([...this.#scopes, this.#settings.scope]);
  }

  /** @returns records of the current owner, and those of earlier releases, which name no control */
  async load(): Promise<JournalRecord[]> {
    if (!this.#isOn) return [];
    const { scope, recoveryKey } = this.#settings.owner;
    const records = await this.#try(() => this.#journal.load(scope), []);
    return records.filter((record) => (record.recoveryKey ?? recoveryKey) === recoveryKey);
  }

  /** Writes an upload's record, after this page's presence is announced: other tabs must not resume the upload. */
  async save(record: UploadRecord): Promise<void> {
    if (!this.#isOn || record.isForgotten) return;
    this.#scopes.add(record.owner.scope);
    // an aborted upload may be ended by any page
    const announced = isOver(record.status) || record.isReleased ? null : this.#presence.announce();
    const entry = recordOf(record, this.#user.principal, this.#presence.name);
    if (!entry) return;
    this.#written.add(entry.id);
    this.#last = this.#last.then(() => announced);
    await this.#try(() => this.#journal.save(entry), undefined);
  }

  /** Removes an upload's record. */
  async remove(record: UploadRecord): Promise<void> {
    if (!this.#isOn) return;
    const { id, recordId, recovered } = record;
    // an upload of a small file ends before a record is written
    const isThere = this.#written.delete(recordId) || recovered || recordId !== id;
    if (isThere) await this.#try(() => this.#journal.remove(record.recordId), undefined);
  }

  /** Removes every record of a scope, of all controls. */
  wipe(scope: string): Promise<void> {
    return this.#try(() => this.#journal.wipe(scope), undefined);
  }

  /** A write that the quota refuses may succeed later; a database that hangs is not used again. */
  #try<T>(work: () => Promise<T>, fallback: T): Promise<T> {
    const result = this.#last.then(async () => {
      if (this.#isHung) return fallback;
      let hasAnswered = false;
      const ask = (): Promise<T> => work().finally(() => (hasAnswered = true));
      try {
        return await withTimeout(this.#clock, OPEN_TIMEOUT_MS, undefined, ask);
      } catch (error) {
        this.#isHung = !hasAnswered;
        this.#warn(error);
        return fallback;
      }
    });
    this.#last = result;
    return result;
  }

  #warn(error: unknown): void {
    if (this.#hasWarned) return;
    this.#hasWarned = true;
    console.warn(
      'mule-upload: the browser stores nothing for this page (a private window, or its quota): uploads will not survive a reload.',
      error,
    );
  }
}

function recordOf(
  upload: UploadRecord,
  principal: string | null | undefined,
  visit: string | null,
): JournalRecord | null {
  const { facts, session, fingerprint, recordId, createdAt, owner, recovered } = upload;
  if (!fingerprint) return null;
  return {
    version: 2,
    ...facts,
    id: recordId,
    ...owner,
    principal: session ? session.principal : recovered ? upload.principal : principal,
    visit,
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
