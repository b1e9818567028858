import type { FailureCode } from '../network/retry-loop.js';
import { unlessAborted } from '../util/abort.js';
import type { LateCode } from '../util/late-code.js';
import type { abortFormerSession, abortUpload } from './abort-upload.js';
import type { complete } from './complete.js';
import type { ConnectionLosses } from './connection-losses.js';
import type { TransferContext } from './context.js';
import type { headObject } from './find-object.js';
import type { isUploadGone, listVerifiedParts, refreshParts } from './list-parts.js';
import type { RestartResolver } from './restart.js';
import type { Services } from './services.js';

/** The steps of a transfer that no upload takes before its first request: Complete, and those after a failure. */
export interface TransferCode extends FailureCode {
  readonly abortFormerSession: typeof abortFormerSession;
  readonly abortUpload: typeof abortUpload;
  readonly complete: typeof complete;
  readonly ConnectionLosses: typeof ConnectionLosses;
  readonly headObject: typeof headObject;
  readonly isUploadGone: typeof isUploadGone;
  readonly listVerifiedParts: typeof listVerifiedParts;
  readonly refreshParts: typeof refreshParts;
  readonly RestartResolver: typeof RestartResolver;
}

/** The dependencies of a transfer. */
export interface TransferServices extends Services {
  readonly lateCode: LateCode<TransferCode>;
}

/** Waits for that code. It is shown as waiting for the network, which is gone if the code is not there by now. */
export const waitForCode = (
  { retries }: TransferContext,
  lateCode: LateCode<TransferCode>,
  signal: AbortSignal,
): Promise<TransferCode> => retries.waits.add('network', null, unlessAborted(signal, lateCode.load()));
