import type { SmallFileCache } from '../files/small-file-cache.js';
import type { ChecksumService } from '../integrity/checksum-service.js';
import type { RetryLoopServices } from '../network/retry-loop.js';
import type { ThroughputEstimator } from '../network/throughput.js';
import type { SignerPort } from '../ports.js';
import type { S3Client } from '../s3/client.js';
import type { InitBatcher } from '../signing/init-batcher.js';
import type { Notifications } from '../signing/notifications.js';

/** The objects that all uploads of one uploader share; none is replaced during its lifetime. */
export interface Services extends RetryLoopServices {
  readonly signer: SignerPort;
  readonly s3: S3Client;
  readonly inits: InitBatcher;
  readonly notifications: Notifications;
  readonly checksums: ChecksumService;
  readonly smallFiles: SmallFileCache;
  readonly throughput: ThroughputEstimator;
  /** Aborted when the uploader is disposed of: for requests that outlive a pause or an abort of their upload. */
  readonly lifetime: AbortSignal;
}
