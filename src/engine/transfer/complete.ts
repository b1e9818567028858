import { isBadDigest } from '../integrity/digest-refusals.js';
import type { StoredResult } from '../model/upload-record.js';
import { RestartRequired } from '../network/restart-required.js';
import type { Attempt } from '../network/attempt.js';
import type { RequestTimeouts } from '../s3/client.js';
import type { Completion, NamedPart } from '../s3/xml.js';
import type { TransferContext } from './context.js';
import type { CreationOutcome } from './creation-outcome.js';
import { explainMismatch, objectMismatch } from './explain-mismatch.js';
import { headObject } from './find-object.js';
import { isUploadGone, listVerifiedParts } from './list-parts.js';
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
  signal: AbortSignal,
): Promise<StoredResult> {
  const { session, retries } = context;
  // if CORS hides the ETags, ListParts returns them
  if (!session.table.hasEveryEtag) await listVerifiedParts(context, signal);
  await storedParts.settled(signal);
  if (!session.table.isComplete) throw missingParts();
  const checksum = await objectChecksumOf(context, signal);
  const { etag, checksums } = await retries.retry('complete', null, signal, async (attempt) => {
    // Ceph answers 500 for an upload that is gone, ListParts 404
    if (attempt.count % ATTEMPTS_UNTIL_LIST === 0) {
      await listVerifiedParts(context, signal);
      if (!session.table.hasEveryEtag) throw missingParts();
    }
    const parts = await namedParts(context, session.table.etags(), signal);
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
  parts: readonly NamedPart[],
  outcome: CreationOutcome,
  attempt: Attempt,
  signal: AbortSignal,
): Promise<Completion> {
  const { retries, services } = context;
  return sendS3Request(context, 'end', attempt, signal, (signature, timeouts) => {
    // the store may take minutes, and must not complete the same upload twice at a time
    const isLost: RequestTimeouts['isLost'] = (url, _isOverdue, ended) =>
      retries.isLost({ url, isOverdue: false, ended, hasActed: () => isUploadGone(context, ended) });
    return outcome.watch(services.s3.completeMultipartUpload(signature, parts, { ...timeouts, isLost }));
  });
}
