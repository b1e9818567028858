/** What a client in the page is told to do; travels as JSON. */
export interface Job {
  /** Origin of the store. */
  store: string;
  bucket: string;
  region: string;
  accessKeyId: string;
  /** For clients that sign in the page; of a store that lives for minutes. */
  secretAccessKey: string;
  /** Presigned PUTs of the parts of each file, for the bare limit. */
  urls: string[][];
  /** Bytes per part; null: the client's own choice. */
  partSize: number | null;
  /** Requests at once; null: the client's own choice. */
  lanes: number | null;
  /** Milliseconds after which the client counts as one that gave up. */
  patience: number;
  /** Of what this element, and its engine, remember. */
  scope: string;
  /** Makes names of objects unlike those of other runs. */
  run: string;
}

export interface Outcome {
  /** Milliseconds from the choice of the files until all are stored. */
  time: number;
  /** Milliseconds; 0: none of 50 or more. */
  longestTask: number;
  /** Why it did not get there; null where it did. */
  failure: string | null;
}
