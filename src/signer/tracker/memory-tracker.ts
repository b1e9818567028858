import type { PartRanges } from './part-ranges.js';
import { addParts, toPartNumbers } from './part-ranges.js';
import type { TrackedUpload, Tracker } from './tracker.js';
import { CLAIM_TIMEOUT_MS, MAX_UPLOADS_PER_KEY, placeholderUpload } from './tracker.js';

export interface MemoryTrackerOptions {
  /**
   * Maximum number of uploads; 10,000 by default. Above it, the upload that ended longest ago is removed. If none has ended,
   * a principal that adds an upload and has more than the average share loses the upload that it has used least recently;
   * otherwise the principal with the most uploads loses one, or, if each has one, the longest inactive principal. So no user
   * can push out the uploads of another.
   */
  maxUploads?: number;
  /** Returns epoch milliseconds; `Date.now` by default. */
  now?: () => number;
}

interface TrackerEntry {
  upload: TrackedUpload;
  partRanges: PartRanges;
  /** Epoch milliseconds of the last activity, or of the claim by a sweep. */
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
  // entries by principal, then by upload ID; the entry that was put first comes first, claims do not change the order
  const principals = new Map<string, Map<string, TrackerEntry>>();
  // the entry that ended first comes first
  const ended = new Set<TrackerEntry>();
  let size = 0;

  const isPlaceholder = ({ bucket }: TrackedUpload): boolean => bucket === '';

  const isIn = (upload: TrackedUpload, bucket: string, store: string | undefined): boolean =>
    upload.bucket === bucket && (upload.store === undefined || upload.store === store);

  const entryOf = (principal: string, uploadId: string): TrackerEntry | undefined =>
    principals.get(principal)?.get(uploadId);

  function remove(principal: string, uploadId: string): void {
    const entries = principals.get(principal);
    const entry = entries?.get(uploadId);
    if (!entries || !entry) return;
    entries.delete(uploadId);
    ended.delete(entry);
    size -= 1;
    if (entries.size === 0) principals.delete(principal);
  }

  /** Stores an entry as the latest of its principal, and removes entries above the limits. */
  function put(entry: TrackerEntry): void {
    const { principal, uploadId, key } = entry.upload;
    const isNew = !entryOf(principal, uploadId);
    remove(principal, uploadId);
    const entries = principals.get(principal) ?? new Map<string, TrackerEntry>();
    principals.set(principal, entries.set(uploadId, entry));
    if (entry.state === 'ended') ended.add(entry);
    size += 1;
    if (!isNew) return;
    const idsOfKey = [...entries.keys()].filter((id) => entries.get(id)!.upload.key === key);
    if (idsOfKey.length > MAX_UPLOADS_PER_KEY) remove(principal, idsOfKey[0]!);
    if (size > maxUploads) evict(entries);
  }

  /** Removes an entry, after a principal has put one into these entries. */
  function evict(entries: Map<string, TrackerEntry>): void {
    // a principal with more than the average share loses an upload itself, without a search for the largest
    const hasTooMany = entries.size > 1 && entries.size * principals.size > maxUploads;
    const entry = ended.values().next().value ?? firstOf(hasTooMany ? entries : findLargest());
    remove(entry.upload.principal, entry.upload.uploadId);
  }

  /** Returns the longest inactive entry of a principal. */
  const firstOf = (entries: Map<string, TrackerEntry>): TrackerEntry => entries.values().next().value!;

  /** Returns the entries of the principal with the most; of several, the longest inactive. */
  const findLargest = (): Map<string, TrackerEntry> =>
    [...principals.values()].reduce((largest, entries) => {
      const isLonger = entries.size === largest.size && firstOf(entries).touched < firstOf(largest).touched;
      return entries.size > largest.size || isLonger ? entries : largest;
    });

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
      const existing = entryOf(upload.principal, upload.uploadId);
      if (existing && existing.state !== 'started') return;
      put({ upload, partRanges: addParts(existing?.partRanges ?? [], chunks), touched: now(), state: 'started' });
    },

    async forget(principal, uploadId, _ending, upload) {
      const endedUpload = entryOf(principal, uploadId)?.upload ?? upload ?? placeholderUpload(principal, uploadId);
      // the entry is kept until a sweep removes it, because notifications can arrive out of order
      put({ upload: endedUpload, partRanges: [], touched: now(), state: 'ended' });
    },

    async touch(principal, uploadId) {
      const entry = entryOf(principal, uploadId);
      if (entry?.state === 'started') put({ ...entry, touched: now() });
    },

    async stale(bucket, before, limit, store) {
      const inactive = [...principals.values()]
        .flatMap((entries) => [...entries.values()])
        .filter(({ upload, touched }) => (isIn(upload, bucket, store) || isPlaceholder(upload)) && touched < before);
      for (const { upload, state } of inactive) if (state === 'ended') remove(upload.principal, upload.uploadId);
      // the claim of a sweep that did not finish expires
      const unfinished = inactive
        .filter(
          ({ state, touched }) => state === 'started' || (state === 'sweeping' && touched < now() - CLAIM_TIMEOUT_MS),
        )
        .sort((a, b) => a.touched - b.touched);
      return unfinished.slice(0, limit).map(({ upload }) => upload);
    },

    async claim(principal, uploadId, before) {
      const entry = entryOf(principal, uploadId);
      const canClaim =
        entry?.state === 'started'
          ? entry.touched < before
          : entry?.state === 'sweeping' && entry.touched < now() - CLAIM_TIMEOUT_MS;
      if (canClaim) Object.assign(entry!, { state: 'sweeping', touched: now() });
      return canClaim;
    },

    async release(principal, uploadId, before) {
      const entry = entryOf(principal, uploadId);
      // stale at once for the next sweep
      if (entry?.state === 'sweeping') Object.assign(entry, { state: 'started', touched: before - 1 });
    },
  };
}
