import type { ChecksumService } from '../integrity/checksum-service.js';
import type { ThroughputEstimator } from '../network/throughput.js';
import type { TrackerNotifier } from '../signing/tracker-notifier.js';
import type { ResolvedOptions } from '../api/options.js';
import type { Scheduler } from '../network/scheduler.js';
import type { InitReply, Session } from '../model/session.js';
import type { SignatureCache } from '../signing/signature-cache.js';
import type { SmallFileCache } from '../files/small-file-cache.js';
import type { S3Client } from '../s3/client.js';
import type { PartDetail, RetryDetail, UploadSnapshot } from '../api/types.js';
import type { Clock } from '../ports.js';

/** What the way of one upload's bytes needs of that upload, and of the uploader around it. */
export interface TransferHost {
  readonly id: string;
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  readonly file: File | null;
  /** Whether the file's time is another than when the upload was begun. */
  readonly isTouched: boolean;
  /** Whether another tab has had it, or may have, or an earlier visit: that may have sent all of it. */
  readonly wasShared: boolean;
  readonly clock: Clock;
  readonly options: Readonly<ResolvedOptions>;
  readonly scheduler: Scheduler;
  readonly store: S3Client;
  readonly checksumDesk: ChecksumService;
  /** The whole file's checksum, which init is told where it is sent by one request. */
  checksum: UploadSnapshot['checksum'];
  readonly smallFiles: SmallFileCache;
  readonly line: ThroughputEstimator;
  /** Lives as long as the uploader: for what must end well even when the upload is paused or aborted. */
  readonly lifetime: AbortSignal;
  makeSignatures(): SignatureCache;
  makeNotices(session: Session): TrackerNotifier | null;
  /** Asks for this upload's init signature, tried once. */
  init(): Promise<InitReply>;
  /** Writes the upload to the journal. */
  remember(): Promise<void>;
  /** Called when a request gets its lane, or gives it back. */
  laneChanged(): void;
  /** Called on every change that a snapshot shows. */
  changed(): void;
  /** Takes in that the signer has said where to; `isKnown`: it knew this file from an earlier visit. */
  opened(isKnown: boolean): void;
  /** Tells the page of something that is tried again. */
  announce(retry: Omit<RetryDetail, 'upload'>): void;
  /** Takes in that a part is stored. */
  partStored(detail: Omit<PartDetail, 'upload'>): void;
}
