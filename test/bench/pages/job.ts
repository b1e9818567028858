/** The performance marks of the time that is measured, for traces. */
export const BEGIN_MARK = 'mule-bench-begin';
export const END_MARK = 'mule-bench-end';

/** The job that a client's page receives, as JSON. */
export interface Job {
  /** Origin of the store. */
  store: string;
  bucket: string;
  region: string;
  accessKeyId: string;
  /** For clients that sign in the page. Not secret: the store exists only for this run. */
  secretAccessKey: string;
  /** Presigned PUTs of the parts of each file, for a bare limit. */
  urls: string[][];
  /** A signed POST policy for every file, for a bare limit that uses POST. */
  form: { url: string; fields: Record<string, string> } | null;
  /** Concurrent requests of a bare limit. */
  bareLimitConcurrency: number;
  /** Bytes per part; null: the client uses its default. */
  partSize: number | null;
  /** Concurrent requests; null: the client uses its default. */
  concurrency: number | null;
  /** Milliseconds after which the client counts as failed. */
  timeoutMs: number;
  /** The `scope` of this element and its engine. */
  scope: string;
  /** The keys of the run's objects begin with this. */
  keyPrefix: string;
}

/** The result that a client's page returns. */
export interface Outcome {
  /** Milliseconds from the choice of the files until all are stored. */
  time: number;
  /** When the files were chosen, in epoch milliseconds. */
  begunAt: number;
  /** Milliseconds; 0 if no task took 50 ms or more. */
  longestTask: number;
  /** Why the run failed; null if it did not. */
  failure: string | null;
}
