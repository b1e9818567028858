/** Uploads that are under way, so that their owner can go on with them on another machine. */
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
export const CLAIM_TIMEOUT_MS = 600_000;

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

/** What stands for an upload that ended before there was any notice of it. */
export const placeholderUpload = (principal: string, uploadId: string): TrackedUpload => ({
  ...{ principal, uploadId, bucket: '', key: '', size: 0, partSize: 0, begun: 0, checksum: null, marks: [] },
});
