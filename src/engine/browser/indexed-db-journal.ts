import localforage from 'localforage';
import type { Journal, JournalRecord } from '../ports.js';

/** Milliseconds after which an unfinished upload is not offered any more. */
export const RECORD_LIFETIME_MS = 7 * 24 * 3_600_000;

/**
 * 1 recognised files by their time as well. Older records are dropped; newer ones, left by a page of tomorrow in a
 * browser that went back to today's, are let be until they are too old.
 */
const VERSION = 2;

const TEXTS = ['id', 'scope', 'fingerprint', 'name'] as const;

/** What is to be done with something that lies in the database. */
function classifyRecord(value: unknown, now: number): 'use' | 'leave' | 'drop' {
  const record = value as Partial<Record<keyof JournalRecord, unknown>> | null;
  // either way: a clock may have been wrong
  const isYoung = Math.abs(now - Number(record?.createdAt)) < RECORD_LIFETIME_MS;
  if (typeof record?.version !== 'number' || !isYoung) return 'drop';
  if (record.version > VERSION) return 'leave';
  const isWhole =
    record.version === VERSION
    && TEXTS.every((name) => typeof record[name] === 'string')
    && Number.isSafeInteger(record.size)
    && Array.isArray(record.actions);
  return isWhole ? 'use' : 'drop';
}

/**
 * Opens a table of its own database, at its first use. Pinned to IndexedDB: localStorage, where localforage would turn
 * next, loses what was written seconds before a crash.
 */
export const openTable = (name: string, storeName: string): LocalForage =>
  localforage.createInstance({ name, storeName, driver: localforage.INDEXEDDB });

/** The journal in IndexedDB, one record an upload. */
export class IndexedDbJournal implements Journal {
  readonly #dropped: (id: string) => void;
  #table: LocalForage | null = null;

  /** @param dropped hears of each record that was too old or not understood */
  constructor(dropped: (id: string) => void = () => {}) {
    this.#dropped = dropped;
  }

  /** Opened at first use, so that importing the engine touches no storage. */
  get #records(): LocalForage {
    return (this.#table ??= openTable('mule-upload', 'uploads'));
  }

  async load(scope: string): Promise<JournalRecord[]> {
    const found: JournalRecord[] = [];
    const stale: string[] = [];
    await this.#records.iterate<unknown, void>((value, id) => {
      const verdict = classifyRecord(value, Date.now());
      if (verdict === 'drop') stale.push(id);
      else if (verdict === 'use' && (value as JournalRecord).scope === scope) found.push(value as JournalRecord);
    });
    await Promise.all(stale.map((id) => this.#records.removeItem(id)));
    for (const id of stale) this.#dropped(id);
    return found.sort((a, b) => a.createdAt - b.createdAt);
  }

  async save(record: JournalRecord): Promise<void> {
    await this.#records.setItem(record.id, record);
  }

  async remove(id: string): Promise<void> {
    await this.#records.removeItem(id);
  }

  async wipe(scope: string): Promise<void> {
    await Promise.all((await this.load(scope)).map(({ id }) => this.remove(id)));
  }
}
