/** The job of a client in the page; sent as JSON. */
export interface Job {
  /** Origin of the store. */
  store: string;
  bucket: string;
  region: string;
  accessKeyId: string;
  /** For clients that sign in the page; credentials of a temporary store. */
  secretAccessKey: string;
  /** Presigned PUTs of the parts of each file, for a bare limit. */
  urls: string[][];
  /** A signed POST policy for every file, for a bare limit that uses POST. */
  form: { url: string; fields: Record<string, string> } | null;
  /** Requests at a time of a bare limit. */
  limitConcurrency: number;
  /** Bytes per part; null: the client's own choice. */
  partSize: number | null;
  /** Requests at once; null: the client's own choice. */
  concurrency: number | null;
  /** Milliseconds after which the client counts as failed. */
  timeoutMs: number;
  /** The `scope` of this element and its engine. */
  scope: string;
  /** Makes object names unique to this run. */
  run: string;
}

export interface Outcome {
  /** Milliseconds from the choice of the files until all are stored. */
  time: number;
  /** When the files were chosen, in epoch milliseconds. */
  begunAt: number;
  /** Milliseconds; 0: none of 50 or more. */
  longestTask: number;
  /** Why it failed; null if it did not. */
  failure: string | null;
}
