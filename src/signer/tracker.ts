/** Uploads that are under way, so that their owner can go on with them on another machine. */

/** One unfinished upload. Bytes, epoch milliseconds. */
export interface TrackedUpload {
  /** The mark of the principal, not its name. */
  principal: string;
  key: string;
  uploadId: string;
  size: number;
  partSize: number;
  begun: number;
  /** What the file is recognised by: the marks of its fingerprint, and of its name, size and time. */
  marks: readonly string[];
}

export interface FoundUpload extends TrackedUpload {
  /** Numbers of the parts known to be stored, ascending; a hint. */
  chunks: number[];
}

/** Where the signer keeps track of uploads. Its calls may come more than once and in any order. */
export interface Tracker {
  /** Finds a principal's newest unfinished upload that bears one of the marks. */
  find(principal: string, marks: readonly string[]): Promise<FoundUpload | null>;
  /** Notes that an upload goes on, with parts newly stored. */
  note(upload: TrackedUpload, chunks: readonly number[]): Promise<void>;
  /** Forgets an upload that is complete or aborted. */
  forget(principal: string, uploadId: string): Promise<void>;
}

export interface MemoryTrackerOptions {
  /** Uploads kept at most; the one longest without a notice goes first. */
  maxUploads?: number;
}

interface Entry {
  upload: TrackedUpload;
  /** Runs `[first, last]` of part numbers, ascending, apart from each other: a whole file is one run. */
  runs: [number, number][];
}

/** Makes a tracker in this process's memory: for one signer process, gone when it ends. */
export function createMemoryTracker({ maxUploads = 10_000 }: MemoryTrackerOptions = {}): Tracker {
  if (!Number.isSafeInteger(maxUploads) || maxUploads < 1) {
    throw new TypeError(`option maxUploads: ${String(maxUploads)} is no whole number above 0`);
  }
  const entries = new Map<string, Entry>();
  const idOf = (principal: string, uploadId: string) => JSON.stringify([principal, uploadId]);

  return {
    async find(principal, marks) {
      const matches = [...entries.values()].filter(
        ({ upload }) => upload.principal === principal && upload.marks.some((mark) => marks.includes(mark)),
      );
      const newest = matches.sort((a, b) => b.upload.begun - a.upload.begun)[0];
      return newest ? { ...newest.upload, chunks: newest.runs.flatMap(numbersOf) } : null;
    },

    async note(upload, chunks) {
      const id = idOf(upload.principal, upload.uploadId);
      const runs = addToRuns(entries.get(id)?.runs ?? [], chunks);
      // Taken out and put back, it becomes the Map's last: the first is then the one longest without a notice.
      entries.delete(id);
      entries.set(id, { upload, runs });
      if (entries.size > maxUploads) entries.delete(entries.keys().next().value!);
    },

    async forget(principal, uploadId) {
      entries.delete(idOf(principal, uploadId));
    },
  };
}

const numbersOf = ([first, last]: [number, number]): number[] =>
  Array.from({ length: last - first + 1 }, (_, index) => first + index);

function addToRuns(runs: [number, number][], chunks: readonly number[]): [number, number][] {
  const all = [...runs, ...chunks.map((chunk): [number, number] => [chunk, chunk])].sort(([a], [b]) => a - b);
  const merged: [number, number][] = [];
  for (const [first, last] of all) {
    const previous = merged.at(-1);
    if (previous && first <= previous[1] + 1) previous[1] = Math.max(previous[1], last);
    else merged.push([first, last]);
  }
  return merged;
}
