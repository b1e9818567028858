/** A scenario of the fault lab: data, with code only for actions and edits. */
import type { Behaviour } from '../../demo/bucket/behaviour.js';
import type { FaultProxy, Rule } from '../../demo/faults/index.js';
import type { UploadErrorCode } from '../../src/engine/api/errors.js';
import type { Integrity, UploadSnapshot } from '../../src/engine/api/types.js';
import type { SignerOptions } from '../../src/signer/index.js';
import type { S3Client } from '../servers/s3-client.js';
import type { Engine } from '../e2e/browser.js';

export const MIB = 1024 ** 2;

/** Bytes of the lab's smallest part, and of a file of three parts. */
export const PART = 5 * MIB;
export const THREE_PARTS = 11 * MIB;

/** The methods by which an action controls a running upload. */
export interface Actor {
  readonly store: FaultProxy;
  readonly signer: FaultProxy;
  /** Calls the store directly, without the proxy. */
  readonly s3: S3Client;
  readonly bucket: string;
  /** Waits until the upload's snapshot meets a condition. */
  until(what: (upload: UploadSnapshot) => boolean): Promise<UploadSnapshot>;
  /** Calls a method of the element. */
  call(method: string, ...parameters: unknown[]): Promise<void>;
}

/** Who detected wrong bytes: the store, which rejected them, or the page, which compared the stored parts. */
export type Catcher = 'store' | 'page' | 'nobody';

export interface Expectation {
  /** Who detects wrong bytes. `nobody`: the store has other bytes than the file, undetected. */
  caughtBy?: Catcher;
  /** The upload's `integrity`. */
  integrity?: Integrity;
  status?: 'complete' | 'failed' | 'aborted';
  /** Code of the upload's error, if it fails. */
  error?: UploadErrorCode;
  /** Code of a `mule-error` before its end. */
  reportedError?: UploadErrorCode;
  /** Codes that may be reported or not. */
  optionalErrors?: readonly UploadErrorCode[];
  /** Least number of `mule-retry` events; 1 by default. */
  retries?: number;
  /** Whether confirmed parts may be sent again, because the store lost them. */
  resends?: boolean;
  /** Multipart uploads left in the store: a number, or `any`; 0 by default. */
  leftovers?: number | 'any';
}

export interface Scenario {
  /** The fault and its step: the row of the table. */
  fault: string;
  phase: string;
  /** Bytes; three parts by default. */
  size?: number;
  /** Whether the scenario gets its own file. */
  ownFile?: boolean;
  /** Further attributes of the element. */
  attributes?: Readonly<Record<string, string>>;
  /** A function if the rules have state: it is called for each run. */
  store?: readonly Rule[] | (() => readonly Rule[]);
  signer?: readonly Rule[];
  /** Bytes per second to the store. */
  rate?: number;
  /** Whether each request gets its own connection, so that no browser re-sends one by itself. */
  connectionPerRequest?: boolean;
  /** Options of the signer; called for each run, because a tracker has state. */
  signerOptions?: () => Partial<SignerOptions>;
  /** Optional actions that the signer does not offer: steps are then signed one by one. */
  without?: readonly string[];
  act?: (actor: Actor) => Promise<void>;
  expects?: Expectation;
  /** Seed of the rules' probabilities. */
  seed?: number;
  /** Seconds without progress until the upload counts as stuck. */
  timeoutSeconds?: number;
  /** Runs against its own bucket of the demo, with this behaviour. */
  bucket?: () => Partial<Behaviour>;
  /** Script that runs in the page when a file is chosen, and undoes its own change. */
  spoilPage?: string;
  /** Rules that may never apply. */
  mayMiss?: boolean;
  /** Engines it runs in; all by default. */
  engines?: readonly Engine[];
  /** `all`: only in `test:all`, because it takes long; `ceph` or `ceph-20`: against that Ceph, too. */
  in?: readonly ('all' | 'ceph' | 'ceph-20')[];
}

/** A scenario to play in one engine, on one store. */
export interface Run {
  scenario: Scenario;
  engine: Engine;
  store: string;
}

/** The outcome of a scenario in one engine. */
export interface Result extends Run {
  /** The expectations that were not met; empty if all were. */
  failures: string[];
  retries: number;
  seconds: number;
  /** Who detected wrong bytes; null: there were none. */
  caughtBy: Catcher | null;
  /** Parts whose bytes were sent more than once. */
  sentTwice: number;
  /** How often a fault was applied. */
  faultCount: number;
  /** Milliseconds from the end of an outage to the first byte; null without an outage. */
  back: number | null;
}

export const nameOf = ({ fault, phase }: Scenario): string => `${fault} · ${phase}`;
