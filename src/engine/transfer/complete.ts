import { isBadDigest } from '../integrity/digest-refusals.js';
import type { StoredResult } from '../model/upload-record.js';
import { RestartRequired } from '../network/restart-required.js';
import type { Attempt } from '../network/attempt.js';
import type { RequestTimeouts } from '../s3/client.js';
import { requestCompletion } from '../s3/completion.js';
import type { Completion, CompletedPart } from '../s3/completion.js';
import { completedPartsOf } from './completed-parts.js';
import type { TransferContext } from './context.js';
import type { CreationOutcome } from './creation-outcome.js';
import { explainMismatch, objectMismatch } from './explain-mismatch.js';
import { headObject } from './find-object.js';
import { isUploadGone, listAndVerifyParts } from './list-parts.js';
import { objectChecksumOf } from './object-checksum.js';
import { sendS3Request } from './signed-requests.js';
import type { StoredPartChecks } from './verify-parts.js';

/** Number of attempts of Complete after which ListParts checks whether the upload still exists. */
const ATTEMPTS_UNTIL_LIST = 3;

/**
 * Completes the multipart upload: the store creates an object from the parts.
 * @throws RestartRequired if the store lacks parts, or has created another object
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html
 */
export async function complete(
  context: TransferContext,
  storedParts: StoredPartChecks,
  outcome: CreationOutcome,
  signal: AbortSignal,
): Promise<StoredResult> {
  const { session, retries } = context;
  // ListParts returns the ETags that CORS has hidden
  if (!session.table.hasEveryEtag) await listAndVerifyParts(context, signal);
  await storedParts.settled(signal);
  if (!session.table.isComplete) throw missingParts();
  const checksum = await objectChecksumOf(context, signal);
  const { etag, checksums } = await retries.retry('complete', null, signal, async (attempt) => {
    // for an upload that is gone, Ceph answers 500 to Complete, but 404 to ListParts
    if (attempt.count % ATTEMPTS_UNTIL_LIST === 0) {
      await listAndVerifyParts(context, signal);
      if (!session.table.hasEveryEtag) throw missingParts();
    }
    const parts = await completedPartsOf(context, session.table.etags(), signal);
    try {
      return await sendComplete(context, parts, outcome, attempt, signal);
    } catch (error) {
      throw isBadDigest(error) ? await explainMismatch(context, storedParts, signal) : error;
    }
  });
  const stored = checksum && checksums[checksum.algorithm];
  if (stored && withoutPartCount(stored) !== withoutPartCount(checksum.value))
    throw objectMismatch(context, storedParts, 'the store has created another object of the parts');
  const integrity = session.completeChecksum === null ? (context.checks?.evidence ?? 'unverified') : 'checksum';
  if (etag) return { etag, checksum, integrity };
  const object = await headObject(context, signal);
  return { etag: typeof object === 'object' ? object.etag : '', checksum, integrity };
}

const missingParts = (): RestartRequired =>
  new RestartRequired('relist', 'the store lists fewer parts than it confirmed');

/** Removes the number of parts from a composite checksum. */
const withoutPartCount = (value: string): string => value.replace(/-\d+$/, '');

function sendComplete(
  context: TransferContext,
  parts: readonly CompletedPart[],
  outcome: CreationOutcome,
  attempt: Attempt,
  signal: AbortSignal,
): Promise<Completion> {
  const { retries, services } = context;
  return sendS3Request(context, 'end', attempt, signal, (signature, timeouts) => {
    // the store may take minutes; a second Complete of the same upload must not run at the same time
    const isLost: RequestTimeouts['isLost'] = (url, _isOverdue, ended) =>
      retries.isLost({ url, isOverdue: false, ended, isCarriedOut: () => isUploadGone(context, ended) });
    return outcome.watch(requestCompletion(services.s3, signature, parts, { ...timeouts, isLost }));
  });
}
