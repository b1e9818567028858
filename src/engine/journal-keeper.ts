import { unlessAborted } from './abort.js';
import type { Journal, JournalRecord } from './types.js';
import type { Upload } from './upload.js';

/** Milliseconds after which a database that does not open is gone on without. */
const PATIENCE = 3_000;

/** Keeps uploads in the journal; where storage is refused, warns once and goes on without. */
export class JournalKeeper {
  readonly #journal: Journal;
  readonly #scope: () => string;
  #isRefused = false;
  /** Writes follow one another, so that a late one cannot undo a removal. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(journal: Journal, scope: () => string) {
    this.#journal = journal;
    this.#scope = scope;
  }

  load(): Promise<JournalRecord[]> {
    return this.#try(() => this.#journal.load(this.#scope()), []);
  }

  save(upload: Upload): Promise<void> {
    const record = recordOf(upload, this.#scope());
    return record ? this.#try(() => this.#journal.save(record), undefined) : Promise.resolve();
  }

  remove(upload: Upload): Promise<void> {
    return this.#try(() => this.#journal.remove(upload.recordId), undefined);
  }

  wipe(): Promise<void> {
    return this.#try(() => this.#journal.wipe(this.#scope()), undefined);
  }

  #try<T>(work: () => Promise<T>, fallback: T): Promise<T> {
    const result = this.#last.then(async () => {
      if (this.#isRefused) return fallback;
      try {
        return await unlessAborted(AbortSignal.timeout(PATIENCE), work());
      } catch (error) {
        this.#isRefused = true;
        console.warn(
          'mule-upload: the browser stores nothing for this page (a private window, or no room): uploads will not survive a reload.',
          error,
        );
        return fallback;
      }
    });
    this.#last = result;
    return result;
  }
}

function recordOf(upload: Upload, scope: string): JournalRecord | null {
  const { facts, session, fingerprint, recordId, createdAt } = upload;
  if (!fingerprint) return null;
  return {
    version: 1,
    ...facts,
    id: recordId,
    scope,
    fingerprint,
    key: session?.key ?? null,
    uploadId: session?.uploadId ?? null,
    partSize: session?.table.plan.partSize ?? 0,
    grant: session?.grant ?? null,
    tracked: session?.tracked ?? false,
    actions: [...(session?.actions ?? [])],
    aborting: upload.status === 'aborted',
    createdAt,
  };
}
