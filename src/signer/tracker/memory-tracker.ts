import type { PartRanges } from './part-ranges.js';
import { addParts, toPartNumbers } from './part-ranges.js';
import type { TrackedUpload, Tracker } from './tracker.js';
import { CLAIM_TIMEOUT_MS, MAX_UPLOADS_PER_KEY, placeholderUpload } from './tracker.js';

export interface MemoryTrackerOptions {
  /**
   * Maximum number of uploads; 10,000 by default. Above it, the longest inactive upload of the principal with the most
   * uploads is removed, so that no user can push out the uploads of another.
   */
  maxUploads?: number;
  /** Returns epoch milliseconds; `Date.now` by default. */
  now?: () => number;
}

interface TrackerEntry {
  upload: TrackedUpload;
  partRanges: PartRanges;
  touched: number;
  state: 'started' | 'sweeping' | 'ended';
}

/** Creates a tracker in memory, for a single signer process. Its data is lost when the process ends. */
export function createMemoryTracker({
  maxUploads = 10_000,
  now = Date.now,
}: MemoryTrackerOptions = {}): Required<Tracker> {
  if (!Number.isSafeInteger(maxUploads) || maxUploads < 1) {
    throw new TypeError(`option maxUploads: ${String(maxUploads)} is not a whole number above 0`);
  }
  // by principal, then by upload ID, the longest inactive first
  const principals = new Map<string, Map<string, TrackerEntry>>();
  let size = 0;

  const entryOf = (principal: string, uploadId: string): TrackerEntry | undefined =>
    principals.get(principal)?.get(uploadId);

  function remove(principal: string, uploadId: string): void {
    const entries = principals.get(principal);
    if (!entries?.delete(uploadId)) return;
    size -= 1;
    if (entries.size === 0) principals.delete(principal);
  }

  /** Makes an entry the last of its principal, and removes entries above the limits. */
  function put(entry: TrackerEntry): void {
    const { principal, uploadId, key } = entry.upload;
    const isNew = !entryOf(principal, uploadId);
    remove(principal, uploadId);
    const entries = principals.get(principal) ?? new Map<string, TrackerEntry>();
    principals.set(principal, entries.set(uploadId, entry));
    size += 1;
    if (!isNew) return;
    const ofKey = [...entries.keys()].filter((id) => entries.get(id)!.upload.key === key);
    if (ofKey.length > MAX_UPLOADS_PER_KEY) remove(principal, ofKey[0]!);
    if (size > maxUploads) evictFrom(entries.size * principals.size > maxUploads ? entries : largest());
  }

  const largest = (): Map<string, TrackerEntry> =>
    [...principals.values()].reduce((most, entries) => (entries.size > most.size ? entries : most));

  function evictFrom(entries: Map<string, TrackerEntry>): void {
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
      return { ...newest.upload, chunks: toPartNumbers(newest.partRanges) };
    },

    async note(upload, chunks) {
      const known = entryOf(upload.principal, upload.uploadId);
      if (known && known.state !== 'started') return;
      put({ upload, partRanges: addParts(known?.partRanges ?? [], chunks), touched: now(), state: 'started' });
    },

    async forget(principal, uploadId, _ending, upload) {
      const known = entryOf(principal, uploadId)?.upload ?? upload ?? placeholderUpload(principal, uploadId);
      // kept until a sweep removes it, because notices can arrive out of order
      put({ upload: known, partRanges: [], touched: now(), state: 'ended' });
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
      // the claim of a sweep that never finished has expired
      const unfinished = old
        .filter(
          ({ state, touched }) => state === 'started' || (state === 'sweeping' && touched < now() - CLAIM_TIMEOUT_MS),
        )
        .sort((a, b) => a.touched - b.touched);
      return unfinished.slice(0, limit).map(({ upload }) => upload);
    },

    async claim(principal, uploadId, before) {
      const known = entryOf(principal, uploadId);
      const isFree =
        known?.state === 'started'
          ? known.touched < before
          : known?.state === 'sweeping' && known.touched < now() - CLAIM_TIMEOUT_MS;
      if (isFree) Object.assign(known!, { state: 'sweeping', touched: now() });
      return isFree;
    },

    async release(principal, uploadId, before) {
      const known = entryOf(principal, uploadId);
      if (known?.state === 'sweeping') Object.assign(known, { state: 'started', touched: before - 1 });
    },
  };
}
