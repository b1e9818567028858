import { isBadDigest } from '../integrity/digest-refusals.js';
import type { StoredResult } from '../model/upload-record.js';
import { RestartRequired } from '../network/restart-required.js';
import type { Attempt } from '../network/attempt.js';
import type { RequestTimeouts } from '../s3/client.js';
import type { Completion, NamedPart } from '../s3/xml.js';
import type { LateCode } from '../util/late-code.js';
import type { TransferContext } from './context.js';
import type { CreationOutcome } from './creation-outcome.js';
import { waitForCode } from './late-code.js';
import type { TransferCode } from './late-code.js';
import { namedParts, objectChecksumOf } from './object-checksum.js';
import { sendS3Request } from './signed-requests.js';
import type { StoredPartChecks } from './verify-parts.js';

/** Failures of Complete after which ListParts checks whether the upload still exists. */
const ATTEMPTS_UNTIL_LIST = 3;

/**
 * Completes the multipart upload: the parts become an object.
 * @throws RestartRequired if the store lacks parts, or has created another object
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html
 */
export async function complete(
  context: TransferContext,
  storedParts: StoredPartChecks,
  outcome: CreationOutcome,
  lateCode: LateCode<TransferCode>,
  signal: AbortSignal,
): Promise<StoredResult> {
  const { session, retries } = context;
  const listAgain = async (): Promise<void> => {
    const code = lateCode.loaded ?? (await waitForCode(context, lateCode, signal));
    await code.listVerifiedParts(context, signal);
  };
  // if CORS hides the ETags, ListParts returns them
  if (!session.table.hasEveryEtag) await listAgain();
  await storedParts.settled(signal);
  if (!session.table.isComplete) throw missingParts();
  const checksum = await objectChecksumOf(context, signal);
  const { etag, checksums } = await retries.retry('complete', null, signal, async (attempt) => {
    // Ceph answers 500 for an upload that is gone, ListParts 404
    if (attempt.count % ATTEMPTS_UNTIL_LIST === 0) {
      await listAgain();
      if (!session.table.hasEveryEtag) throw missingParts();
    }
    const parts = await namedParts(context, session.table.etags(), signal);
    try {
      return await sendComplete(context, parts, outcome, lateCode, attempt, signal);
    } catch (error) {
      throw isBadDigest(error) ? await storedParts.explainMismatch(signal) : error;
    }
  });
  const stored = checksum && checksums[checksum.algorithm];
  if (stored && withoutPartCount(stored) !== withoutPartCount(checksum.value))
    throw storedParts.objectMismatch('the store has created another object of the parts');
  const integrity = session.completeChecksum === null ? (context.checks?.evidence ?? 'unverified') : 'checksum';
  if (etag) return { etag, checksum, integrity };
  const { headObject } = lateCode.loaded ?? (await waitForCode(context, lateCode, signal));
  const object = await headObject(context, signal);
  return { etag: typeof object === 'object' ? object.etag : '', checksum, integrity };
}

const missingParts = (): RestartRequired =>
  new RestartRequired('relist', 'the store lists fewer parts than it confirmed');

/** Removes the number of parts from a composite checksum. */
const withoutPartCount = (value: string): string => value.replace(/-\d+$/, '');

function sendComplete(
  context: TransferContext,
  parts: readonly NamedPart[],
  outcome: CreationOutcome,
  lateCode: LateCode<TransferCode>,
  attempt: Attempt,
  signal: AbortSignal,
): Promise<Completion> {
  const { retries, services } = context;
  return sendS3Request(context, 'end', attempt, signal, (signature, timeouts) => {
    // the store may take minutes, and must not complete the same upload twice at a time
    const isLost: RequestTimeouts['isLost'] = (url, _isOverdue, ended) => {
      const isGone = (): Promise<boolean> => lateCode.load().then(({ isUploadGone }) => isUploadGone(context, ended));
      return retries.isLost({ url, isOverdue: false, ended, hasActed: isGone });
    };
    return outcome.watch(services.s3.completeMultipartUpload(signature, parts, { ...timeouts, isLost }));
  });
}
