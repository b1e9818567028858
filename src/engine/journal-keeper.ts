import { unlessAborted } from './abort.js';
import type { Journal, JournalRecord } from './types.js';
import type { Upload } from './upload.js';

/** Milliseconds after which a database that does not open is gone on without. */
const PATIENCE = 3_000;

/** Whose records are written, and by which page. */
export interface Writer {
  readonly scope: string;
  /** Who the signer took the browser for last; null where that is nobody, or unknown. */
  readonly principal: string | null;
  /** Name of this page among those that live. */
  readonly visit: string | null;
}

/** Keeps uploads in the journal; where storage is refused, warns once and goes on without. */
export class JournalKeeper {
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

  load(): Promise<JournalRecord[]> {
    return this.#try(() => this.#journal.load(this.#writer().scope), []);
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

  wipe(): Promise<void> {
    return this.#try(() => this.#journal.wipe(this.#writer().scope), undefined);
  }

  /** What is refused today, for want of room, may be granted in a minute; a database that hangs is not asked again. */
  #try<T>(work: () => Promise<T>, fallback: T): Promise<T> {
    const result = this.#last.then(async () => {
      if (this.#isHung) return fallback;
      const patience = AbortSignal.timeout(PATIENCE);
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

function recordOf(upload: Upload, { scope, principal, visit }: Writer): JournalRecord | null {
  const { facts, session, fingerprint, recordId, createdAt } = upload;
  if (!fingerprint) return null;
  return {
    version: 2,
    ...facts,
    id: recordId,
    scope,
    principal: session ? session.principal : principal,
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
