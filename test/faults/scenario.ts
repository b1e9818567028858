/** What a scenario of the fault lab is: data, and no more code than an act or an edit needs. */
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

/** What an act can do to a running upload. */
export interface Actor {
  readonly store: FaultProxy;
  readonly signer: FaultProxy;
  /** Asks the store itself, past the proxy. */
  readonly s3: S3Client;
  readonly bucket: string;
  /** Waits until the upload's snapshot is as said. */
  until(what: (upload: UploadSnapshot) => boolean): Promise<UploadSnapshot>;
  /** Calls a method of the element. */
  call(method: string, ...parameters: unknown[]): Promise<void>;
}

/** Who noticed that bytes were wrong: the store, which refused them, or the page, which compared what the store holds. */
export type Catcher = 'store' | 'page' | 'nobody';

export interface Expectation {
  /** Who catches that bytes are wrong. `nobody`: the store holds other bytes than the file, and nothing says so. */
  caughtBy?: Catcher;
  /** How the upload says that it was checked. */
  integrity?: Integrity;
  status?: 'complete' | 'failed' | 'aborted';
  /** Of the upload's error, where it fails. */
  error?: UploadErrorCode;
  /** A `mule-error` on the way to its end. */
  complaint?: UploadErrorCode;
  /** Those that may come, or not. */
  mayComplain?: readonly UploadErrorCode[];
  /** Least number of `mule-retry` events; 1 where nothing is said. */
  retries?: number;
  /** Whether parts may be sent again that the store has confirmed: where it took its word back. */
  resends?: boolean;
  /** Multipart uploads left in the store: a number, or `any`. 0 where nothing is said. */
  leftovers?: number | 'any';
}

export interface Scenario {
  /** What goes wrong, and at which step: the row of the table. */
  fault: string;
  phase: string;
  /** Bytes; three parts where nothing is said. */
  size?: number;
  /** Whether its file is written for it alone. */
  ownFile?: boolean;
  /** Further attributes of the element. */
  attributes?: Readonly<Record<string, string>>;
  /** Those that remember something are made anew for each run. */
  store?: readonly Rule[] | (() => readonly Rule[]);
  signer?: readonly Rule[];
  /** Bytes per second to the store. */
  rate?: number;
  /** Whether each request gets a connection of its own, so that no browser sends one again by itself. */
  connectionPerRequest?: boolean;
  /** Options of the signer; a tracker needs fresh ones for each run. */
  signerOptions?: () => Partial<SignerOptions>;
  /** Optional actions that the signer does not offer: steps are then signed one by one. */
  without?: readonly string[];
  act?: (actor: Actor) => Promise<void>;
  expects?: Expectation;
  /** Seed of the rules' chances. */
  seed?: number;
  /** Seconds until the upload counts as stuck. */
  patience?: number;
  /** Plays against a bucket of the demo of its own, which differs so from the plain one. */
  bucket?: () => Partial<Behaviour>;
  /** Runs in the page before a file is chosen, and undoes itself. */
  spoilPage?: string;
  /** Rules that need not strike. */
  mayMiss?: boolean;
  /** Engines it is played in; all where nothing is said. */
  engines?: readonly Engine[];
  /** `all`: in `test:all` alone, for it takes long; `ceph` or `ceph-20`: against that Ceph, too. */
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
  /** What did not match the expectations; empty where all did. */
  failures: string[];
  retries: number;
  seconds: number;
  /** Who noticed that bytes were wrong; null: none were. */
  caughtBy: Catcher | null;
  /** Parts of which bytes went up more than once. */
  sentTwice: number;
  /** Times that a fault struck. */
  struck: number;
  /** Milliseconds from the store's return to the first byte; null where it was never gone. */
  back: number | null;
}

export const nameOf = ({ fault, phase }: Scenario): string => `${fault} · ${phase}`;
