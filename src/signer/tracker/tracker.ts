/** Uploads that are under way, so that their owner can go on with them on another machine. */
import { addToRuns, numbersIn } from './part-ranges.js';
import type { Runs } from './part-ranges.js';

import type { ChecksumAlgorithm } from '../../protocol.js';

/** One unfinished upload. Bytes, epoch milliseconds. */
export interface TrackedUpload {
  /** The mark of the principal, not its name. */
  principal: string;
  bucket: string;
  key: string;
  uploadId: string;
  size: number;
  partSize: number;
  begun: number;
  /** As the upload was begun with: a store that was promised SHA-256 takes no part without. */
  checksum: ChecksumAlgorithm | null;
  /** What the file is recognised by: the marks of its fingerprint, and of its name, size and time. */
  marks: readonly string[];
}

export interface FoundUpload extends TrackedUpload {
  /** Numbers of the parts known to be stored, ascending; a hint. */
  chunks: number[];
}

/** How an upload ended. */
export type Ending = 'complete' | 'aborted';

/**
 * Uploads kept for one key of one principal: an upload that is restarted gets a new upload ID under the same grant. More
 * can only be made up, and the one longest without a notice goes.
 */
export const MAX_UPLOADS_PER_KEY = 8;

/** Milliseconds after which a sweep that claimed an upload and was never heard of again counts as failed. */
export const CLAIM_LIFE = 600_000;

/** Where the signer keeps track of uploads. Its calls may come more than once and in any order. */
export interface Tracker {
  /** Finds a principal's newest unfinished upload that bears one of the marks, and counts as a notice of it. */
  find(principal: string, marks: readonly string[]): Promise<FoundUpload | null>;
  /** Notes that an upload goes on, with parts newly stored; one that has ended stays ended. */
  note(upload: TrackedUpload, chunks: readonly number[]): Promise<void>;
  /**
   * Takes an upload for ended: it is found no more, also where a notice of it comes only later.
   * @param upload what is known of one of which there may have been no notice yet
   */
  forget(principal: string, uploadId: string, ending?: Ending, upload?: TrackedUpload): Promise<void>;
  /** Counts as a notice of an upload that is tracked already; others stay unknown. */
  touch?(principal: string, uploadId: string): Promise<void>;
  /**
   * For `sweep`: gives a bucket's unfinished uploads of which there was no notice since a time (epoch milliseconds),
   * longest ago first, and lets go of what it kept of those that ended before.
   */
  stale?(bucket: string, before: number, limit: number): Promise<TrackedUpload[]>;
  /**
   * For `sweep`: takes an upload out of use, unless there was a notice of it since that time, or another sweep has it.
   * @returns whether the caller may abort it on the store
   */
  claim?(principal: string, uploadId: string, before: number): Promise<boolean>;
  /** For `sweep`: puts a claimed upload back that the store did not abort, as one without a notice since that time. */
  release?(principal: string, uploadId: string, before: number): Promise<void>;
}

export interface MemoryTrackerOptions {
  /**
   * Uploads kept at most. Of those who have the most, the upload longest without a notice goes first: nobody can push
   * out somebody else's by beginning many.
   */
  maxUploads?: number;
  /** Epoch milliseconds; the clock by default. */
  now?: () => number;
}

interface Entry {
  upload: TrackedUpload;
  runs: Runs;
  touched: number;
  state: 'started' | 'sweeping' | 'ended';
}

/** Makes a tracker in this process's memory: for one signer process, gone when it ends. */
export function createMemoryTracker({
  maxUploads = 10_000,
  now = Date.now,
}: MemoryTrackerOptions = {}): Required<Tracker> {
  if (!Number.isSafeInteger(maxUploads) || maxUploads < 1) {
    throw new TypeError(`option maxUploads: ${String(maxUploads)} is no whole number above 0`);
  }
  // by principal, then by upload ID, the one longest without a notice first
  const principals = new Map<string, Map<string, Entry>>();
  let size = 0;

  const entryOf = (principal: string, uploadId: string): Entry | undefined => principals.get(principal)?.get(uploadId);

  function remove(principal: string, uploadId: string): void {
    const entries = principals.get(principal);
    if (!entries?.delete(uploadId)) return;
    size -= 1;
    if (entries.size === 0) principals.delete(principal);
  }

  /** Puts an entry last in its principal's order, and lets go of what is too much. */
  function put(entry: Entry): void {
    const { principal, uploadId, key } = entry.upload;
    const isNew = !entryOf(principal, uploadId);
    remove(principal, uploadId);
    const entries = principals.get(principal) ?? new Map<string, Entry>();
    principals.set(principal, entries.set(uploadId, entry));
    size += 1;
    if (!isNew) return;
    const ofKey = [...entries.keys()].filter((id) => entries.get(id)!.upload.key === key);
    if (ofKey.length > MAX_UPLOADS_PER_KEY) remove(principal, ofKey[0]!);
    if (size > maxUploads) evictFrom(entries.size * principals.size > maxUploads ? entries : largest());
  }

  const largest = (): Map<string, Entry> =>
    [...principals.values()].reduce((most, entries) => (entries.size > most.size ? entries : most));

  function evictFrom(entries: Map<string, Entry>): void {
    const { principal, uploadId } = entries.values().next().value!.upload;
    remove(principal, uploadId);
  }

  return {
    async find(principal, marks) {
      const matches = [...(principals.get(principal)?.values() ?? [])].filter(
        ({ upload, state }) => state === 'started' && upload.marks.some((mark) => marks.includes(mark)),
      );
      const newest = matches.sort((a, b) => b.upload.begun - a.upload.begun)[0];
      if (!newest) return null;
      put({ ...newest, touched: now() });
      return { ...newest.upload, chunks: numbersIn(newest.runs) };
    },

    async note(upload, chunks) {
      const known = entryOf(upload.principal, upload.uploadId);
      if (known && known.state !== 'started') return;
      put({ upload, runs: addToRuns(known?.runs ?? [], chunks), touched: now(), state: 'started' });
    },

    async forget(principal, uploadId, _ending, upload) {
      const known = entryOf(principal, uploadId)?.upload ?? upload ?? unknownUpload(principal, uploadId);
      // kept for a while: a notice of a part, or of the start, may come after the last one
      put({ upload: known, runs: [], touched: now(), state: 'ended' });
    },

    async touch(principal, uploadId) {
      const known = entryOf(principal, uploadId);
      if (known?.state === 'started') put({ ...known, touched: now() });
    },

    async stale(bucket, before, limit) {
      const old = [...principals.values()]
        .flatMap((entries) => [...entries.values()])
        .filter(({ upload, touched }) => (upload.bucket === bucket || upload.bucket === '') && touched < before);
      for (const { upload, state } of old) if (state === 'ended') remove(upload.principal, upload.uploadId);
      // one whose sweep never came back is due again
      const unfinished = old
        .filter(({ state, touched }) => state === 'started' || (state === 'sweeping' && touched < now() - CLAIM_LIFE))
        .sort((a, b) => a.touched - b.touched);
      return unfinished.slice(0, limit).map(({ upload }) => upload);
    },

    async claim(principal, uploadId, before) {
      const known = entryOf(principal, uploadId);
      const isFree =
        known?.state === 'started'
          ? known.touched < before
          : known?.state === 'sweeping' && known.touched < now() - CLAIM_LIFE;
      if (isFree) Object.assign(known!, { state: 'sweeping', touched: now() });
      return isFree;
    },

    async release(principal, uploadId, before) {
      const known = entryOf(principal, uploadId);
      if (known?.state === 'sweeping') Object.assign(known, { state: 'started', touched: before - 1 });
    },
  };
}

/** What stands for an upload that ended before there was any notice of it. */
export const unknownUpload = (principal: string, uploadId: string): TrackedUpload => ({
  ...{ principal, uploadId, bucket: '', key: '', size: 0, partSize: 0, begun: 0, checksum: null, marks: [] },
});
