import { unlessAborted } from '../util/abort.js';
import type { Journal, JournalRecord } from '../ports.js';
import type { Upload } from '../uploads/upload.js';
import type { Owner } from '../uploads/upload-host.js';

/** Milliseconds after which a database that does not open is gone on without. */
const OPEN_TIMEOUT_MS = 3_000;

/** Whose records are read, and what is written into those of uploads that the signer has not answered for. */
export interface Writer extends Owner {
  /** User that the signer named last; null: it said that nobody is signed in; undefined: it said nothing so far. */
  readonly principal: string | null | undefined;
  /** Name of this page among those that live. */
  readonly visit: string | null;
}

/** Keeps uploads in the journal; where storage is refused, warns once and goes on without. */
export class JournalWriter {
  readonly #journal: Journal;
  readonly #writer: () => Writer;
  /** Ids of what was written in this visit. */
  readonly #written = new Set<string>();
  #hasWarned = false;
  #isHung = false;
  /** Writes follow one another, so that a late one cannot undo a removal. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(journal: Journal, writer: () => Writer) {
    this.#journal = journal;
    this.#writer = writer;
  }

  /** @returns records of this owner, and those of earlier releases, which name no control */
  async load(): Promise<JournalRecord[]> {
    const { scope, recoveryKey } = this.#writer();
    const records = await this.#try(() => this.#journal.load(scope), []);
    return records.filter((record) => (record.recoveryKey ?? recoveryKey) === recoveryKey);
  }

  /** @param before what the record waits for, and with it all that is asked later: a removal must not overtake it */
  save(upload: Upload, before: Promise<void> | null): Promise<void> {
    const record = recordOf(upload, this.#writer());
    if (!record) return Promise.resolve();
    this.#written.add(record.id);
    this.#last = this.#last.then(() => before);
    return this.#try(() => this.#journal.save(record), undefined);
  }

  remove(upload: Upload): Promise<void> {
    const { id, recordId, recovered } = upload;
    // a small file is over before anything is written of it
    const isThere = this.#written.delete(recordId) || recovered || recordId !== id;
    if (!isThere) return Promise.resolve();
    return this.#try(() => this.#journal.remove(upload.recordId), undefined);
  }

  /** Removes every record of a scope, whichever control it belongs to. */
  wipe(scope: string): Promise<void> {
    return this.#try(() => this.#journal.wipe(scope), undefined);
  }

  /** What is refused today, for want of room, may be granted in a minute; a database that hangs is not asked again. */
  #try<T>(work: () => Promise<T>, fallback: T): Promise<T> {
    const result = this.#last.then(async () => {
      if (this.#isHung) return fallback;
      const patience = AbortSignal.timeout(OPEN_TIMEOUT_MS);
      try {
        return await unlessAborted(patience, work());
      } catch (error) {
        this.#isHung = patience.aborted;
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
      'mule-upload: the browser stores nothing for this page (a private window, or no room): uploads will not survive a reload.',
      error,
    );
  }
}

function recordOf(upload: Upload, { principal, visit }: Omit<Writer, keyof Owner>): JournalRecord | null {
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
