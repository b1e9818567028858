/** The interface of trackers, which store unfinished uploads so that their owner can resume them on another machine. */
import type { ChecksumAlgorithm } from '../../protocol.js';

/** One unfinished upload. Sizes in bytes, times in epoch milliseconds. */
export interface TrackedUpload {
  /** Hash of the principal. */
  principal: string;
  bucket: string;
  /** Identifies the store: two stores may have a bucket of the same name. Missing in records of earlier releases. */
  store?: string;
  key: string;
  uploadId: string;
  size: number;
  partSize: number;
  begun: number;
  /** The algorithm that the upload was created with: the store requires it for every part. */
  checksum: ChecksumAlgorithm | null;
  /** Hashes that identify the file: of its fingerprint, and of its name, size and time; each with what the page requests. */
  marks: readonly string[];
}

export interface FoundUpload extends TrackedUpload {
  /** Part numbers reported as stored, ascending. Only a hint: the store decides. */
  chunks: number[];
}

/** How an upload ended. */
export type Ending = 'complete' | 'aborted';

/**
 * Uploads stored for one key of one principal; a restarted upload has a new upload ID under the same grant. Above the
 * limit, the upload that has been inactive longest is removed, so that one grant cannot fill the tracker.
 */
export const MAX_UPLOADS_PER_KEY = 8;

/** After this time, a claim without a result counts as failed. */
export const CLAIM_TIMEOUT_MS = 600_000;

/** Stores unfinished uploads. Its methods may be called repeatedly and in any order. */
export interface Tracker {
  /** Returns a principal's newest unfinished upload that has one of the marks, and records activity of it. */
  find(principal: string, marks: readonly string[]): Promise<FoundUpload | null>;
  /** Records activity of an upload, with newly stored parts. An ended upload stays ended. */
  note(upload: TrackedUpload, chunks: readonly number[]): Promise<void>;
  /**
   * Marks an upload as ended, so that `find` no longer returns it, even if `note` is called for it later. Its record is kept
   * until a sweep removes it (`stale`).
   * @param upload its data, for a tracker that does not have it yet
   */
  forget(principal: string, uploadId: string, ending?: Ending, upload?: TrackedUpload): Promise<void>;
  /** Records activity of a tracked upload. Does nothing for an unknown one. */
  touch?(principal: string, uploadId: string): Promise<void>;
  /**
   * For `sweep`: returns a bucket's unfinished uploads without activity since a time (epoch milliseconds), the longest
   * inactive first. Removes uploads that ended before that time.
   * @param store the bucket's store; uploads without a store are returned for every one
   */
  stale?(bucket: string, before: number, limit: number, store?: string): Promise<TrackedUpload[]>;
  /**
   * For `sweep`: claims an upload, unless it was active since that time, or another sweep has claimed it.
   * @returns whether the caller may abort it in the store
   */
  claim?(principal: string, uploadId: string, before: number): Promise<boolean>;
  /**
   * For `sweep`: releases a claimed upload that could not be aborted, so that the next sweep finds it again, after the
   * uploads that were inactive at that time already.
   */
  release?(principal: string, uploadId: string, before: number): Promise<void>;
}

/** Stands for an upload that ended before the tracker had its data. */
export const placeholderUpload = (principal: string, uploadId: string): TrackedUpload => ({
  principal,
  uploadId,
  bucket: '',
  key: '',
  size: 0,
  partSize: 0,
  begun: 0,
  checksum: null,
  marks: [],
});
