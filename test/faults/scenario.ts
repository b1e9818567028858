/** The types of the fault lab: a scenario describes an upload, its faults and the expected result. */
import type { Behaviour } from '../../demo/bucket/behaviour.js';
import type { FaultProxy, Rule } from '../../demo/faults/index.js';
import type { UploadErrorCode } from '../../src/engine/api/errors.js';
import type { Integrity, UploadSnapshot } from '../../src/engine/api/types.js';
import type { SignerOptions } from '../../src/signer/index.js';
import type { S3Client } from '../servers/s3-client.js';
import type { Engine } from '../e2e/browser.js';

export const MIB = 1024 ** 2;

/** Bytes of S3's smallest part, and of a file that is uploaded in three parts. */
export const PART_SIZE = 5 * MIB;
export const THREE_PARTS_SIZE = 11 * MIB;

/** The objects and methods by which a scenario's action controls a running upload. */
export interface ActionContext {
  readonly store: FaultProxy;
  readonly signer: FaultProxy;
  /** Calls the store directly, without the proxy. */
  readonly s3: S3Client;
  readonly bucket: string;
  /** Waits until the upload's snapshot meets a condition. */
  until(condition: (upload: UploadSnapshot) => boolean): Promise<UploadSnapshot>;
  /** Calls a method of the element. */
  call(method: string, ...parameters: unknown[]): Promise<void>;
}

/** Who detected corrupted bytes: the store, which rejected them, or the page, which compared the stored parts. */
export type Detector = 'store' | 'page' | 'nobody';

export interface Expectation {
  /** Who detects corrupted bytes. `nobody`: the store has other bytes than the file, and nobody detects it. */
  detectedBy?: Detector;
  /** The `integrity` of the completed upload. */
  integrity?: Integrity;
  status?: 'complete' | 'failed' | 'aborted';
  /** Code of the error of a failed upload. */
  error?: UploadErrorCode;
  /** Code of a `mule-error` before the end of the upload. */
  reportedError?: UploadErrorCode;
  /** Codes that may be reported or not. */
  optionalErrors?: readonly UploadErrorCode[];
  /** Minimum number of `mule-retry` events; 1 by default. */
  minRetries?: number;
  /** Whether the upload may send confirmed parts again, because the store lost or corrupted them. */
  mayResend?: boolean;
  /** Number of unfinished multipart uploads in the store at the end, or `any`; 0 by default. */
  leftovers?: number | 'any';
}

export interface Scenario {
  /** The fault, and the step of the upload at which it happens. Together they are the scenario's name. */
  fault: string;
  phase: string;
  /** Bytes of the file; three parts by default. */
  size?: number;
  /** Whether each run has a file of its own; otherwise scenarios share one file per size. */
  hasOwnFile?: boolean;
  /** Additional attributes of the element. */
  attributes?: Readonly<Record<string, string>>;
  /** Fault rules of the store's proxy; a function if the rules have state, which is then new for each run. */
  store?: readonly Rule[] | (() => readonly Rule[]);
  /** Fault rules of the signer's proxy. */
  signer?: readonly Rule[];
  /** Bytes per second to the store; unlimited by default. */
  rate?: number;
  /** Whether each request has its own connection: browsers re-send requests by themselves only on reused connections. */
  connectionPerRequest?: boolean;
  /** Returns options of the signer; called for each run, because a tracker has state. */
  signerOptions?: () => Partial<SignerOptions>;
  /** Optional actions that the signer does not offer. Without `get_all_signatures`, each step needs a signer call. */
  omittedActions?: readonly string[];
  /** What a user, or another client of the store, does during the upload. */
  action?: (context: ActionContext) => Promise<void>;
  expects?: Expectation;
  /** Seed of the rules' probabilities. */
  seed?: number;
  /** Seconds without progress after which the upload counts as stuck. */
  timeoutSeconds?: number;
  /** Runs the scenario against a bucket of its own with this behaviour: the demo's embedded bucket. */
  bucket?: () => Partial<Behaviour>;
  /** Script that runs in the page when a file is chosen, with the variable `file`; it changes what the file returns. */
  corruptionScript?: string;
  /** Whether the scenario may pass although some of its fault rules never applied. */
  areRulesOptional?: boolean;
  /** Engines that the scenario runs in; all by default. */
  engines?: readonly Engine[];
  /** `all`: runs only in `test:all`, because it takes long. `ceph`, `ceph-20`: runs against that store too. */
  includedIn?: readonly ('all' | 'ceph' | 'ceph-20')[];
}

/** One run of a scenario: in one engine, on one store. */
export interface Run {
  scenario: Scenario;
  engine: Engine;
  store: string;
}

/** The result of a run. */
export interface Result extends Run {
  /** The expectations that were not met; empty if all were. */
  failures: string[];
  retries: number;
  seconds: number;
  /** Who detected corrupted bytes; null if the scenario corrupts none. */
  detectedBy: Detector | null;
  /** Number of parts whose bytes were sent more than once. */
  resentParts: number;
  /** Number of faults that the proxies caused. */
  faultCount: number;
  /** Time from the end of an outage to the first byte of a part; null without an outage. */
  recoveryMs: number | null;
}

export const nameOf = ({ fault, phase }: Scenario): string => `${fault} · ${phase}`;
