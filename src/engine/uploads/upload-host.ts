/** What an upload is told, and what it may ask of the uploader that has it. */
import type { ChecksumService } from '../integrity/checksum-service.js';
import type { ThroughputEstimator } from '../network/throughput.js';
import type { TrackerNotifier } from '../signing/tracker-notifier.js';
import type { ResolvedOptions } from '../api/options.js';
import type { Reachability } from '../network/reachability.js';
import type { Scheduler } from '../network/scheduler.js';
import type { InitReply, Session } from '../model/session.js';
import type { SignatureCache } from '../signing/signature-cache.js';
import type { SignerHealth } from '../network/signer-health.js';
import type { SmallFileCache } from '../files/small-file-cache.js';
import type { S3Client } from '../s3/client.js';
import type { Claim } from '../resume/tab-coordinator.js';
import type { UploaderEventMap } from '../api/types.js';
import type { Clock } from '../ports.js';
import type { Upload } from './upload.js';

/** What identifies one upload. */
export interface UploadFacts {
  id: string;
  name: string;
  size: number;
  type: string;
  lastModified: number;
  relativePath: string;
}

/** Whose an upload is, in the journal and among tabs. */
export interface Owner {
  readonly scope: string;
  readonly recoveryKey: string;
}

/** What an uploader lends to each of its uploads. */
export interface UploadHost {
  readonly clock: Clock;
  readonly options: Readonly<ResolvedOptions>;
  readonly scheduler: Scheduler;
  readonly store: S3Client;
  readonly checksumDesk: ChecksumService;
  readonly smallFiles: SmallFileCache;
  readonly line: ThroughputEstimator;
  /** Lives as long as the uploader: for what must end well even when the upload is paused or aborted. */
  readonly lifetime: AbortSignal;
  makeSignatures(upload: Upload): SignatureCache;
  readonly signerHealth: SignerHealth;
  makeNotices(session: Session): TrackerNotifier | null;
  reachability(url: string): Reachability;
  isReadable(method: string, url: string): boolean;
  isSignerKnown(): boolean;
  /** Whether the store has ever done what a signature asked for. */
  hasSigned(): boolean;
  /** Epoch milliseconds by the servers' clocks, as far as known. */
  serverTime(): number;
  /** Asks for this upload's init signature, tried once. */
  init(upload: Upload): Promise<InitReply>;
  /** Waits until no other tab has this upload, or has ended it. */
  claim(upload: Upload, signal: AbortSignal): Promise<Claim>;
  /** Whether another tab has this upload now. */
  isElsewhere(upload: Upload): Promise<boolean>;
  /** Writes the upload to the journal, or takes it out. */
  remember(upload: Upload): Promise<void>;
  forget(upload: Upload): Promise<void>;
  emit<K extends keyof UploaderEventMap>(type: K, detail: UploaderEventMap[K]['detail']): void;
  /** Called on every change that a snapshot shows. */
  changed(upload: Upload): void;
}
