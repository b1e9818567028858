/** Uploads that are under way, so that their owner can go on with them on another machine. */
import { addToRuns, numbersIn } from './runs.js';
import type { Runs } from './runs.js';

import type { ChecksumAlgorithm } from '../protocol.js';

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

/** Where the signer keeps track of uploads. Its calls may come more than once and in any order. */
export interface Tracker {
  /** Finds a principal's newest unfinished upload that bears one of the marks. */
  find(principal: string, marks: readonly string[]): Promise<FoundUpload | null>;
  /** Notes that an upload goes on, with parts newly stored; one that has ended stays ended. */
  note(upload: TrackedUpload, chunks: readonly number[]): Promise<void>;
  /** Takes an upload for ended: it is found no more. */
  forget(principal: string, uploadId: string, ending?: Ending): Promise<void>;
  /**
   * For `sweep`: gives a bucket's unfinished uploads of which there was no notice since a time (epoch milliseconds),
   * longest ago first, and lets go of what it kept of those that ended before.
   */
  stale?(bucket: string, before: number, limit: number): Promise<TrackedUpload[]>;
}

export interface MemoryTrackerOptions {
  /** Uploads kept at most; the one longest without a notice goes first. */
  maxUploads?: number;
  /** Epoch milliseconds; the clock by default. */
  now?: () => number;
}

interface Entry {
  upload: TrackedUpload;
  runs: Runs;
  touched: number;
  hasEnded: boolean;
}

/** Makes a tracker in this process's memory: for one signer process, gone when it ends. */
export function createMemoryTracker({ maxUploads = 10_000, now = Date.now }: MemoryTrackerOptions = {}): Tracker {
  if (!Number.isSafeInteger(maxUploads) || maxUploads < 1) {
    throw new TypeError(`option maxUploads: ${String(maxUploads)} is no whole number above 0`);
  }
  const entries = new Map<string, Entry>();
  const idOf = (principal: string, uploadId: string) => JSON.stringify([principal, uploadId]);

  return {
    async find(principal, marks) {
      const matches = [...entries.values()].filter(
        ({ upload, hasEnded }) =>
          !hasEnded && upload.principal === principal && upload.marks.some((mark) => marks.includes(mark)),
      );
      const newest = matches.sort((a, b) => b.upload.begun - a.upload.begun)[0];
      return newest ? { ...newest.upload, chunks: numbersIn(newest.runs) } : null;
    },

    async note(upload, chunks) {
      const id = idOf(upload.principal, upload.uploadId);
      const known = entries.get(id);
      if (known?.hasEnded) return;
      // Taken out and put back, it becomes the Map's last: the first is then the one longest without a notice.
      entries.delete(id);
      entries.set(id, { upload, runs: addToRuns(known?.runs ?? [], chunks), touched: now(), hasEnded: false });
      if (entries.size > maxUploads) entries.delete(entries.keys().next().value!);
    },

    async forget(principal, uploadId) {
      const entry = entries.get(idOf(principal, uploadId));
      // kept for a while: a notice of a part may come after the last one
      if (entry) Object.assign(entry, { hasEnded: true, runs: [], touched: now() });
    },

    async stale(bucket, before, limit) {
      const old = [...entries].filter(([, { upload, touched }]) => upload.bucket === bucket && touched < before);
      for (const [id, { hasEnded }] of old) if (hasEnded) entries.delete(id);
      const unfinished = old.filter(([, { hasEnded }]) => !hasEnded).sort(([, a], [, b]) => a.touched - b.touched);
      return unfinished.slice(0, limit).map(([, { upload }]) => upload);
    },
  };
}
