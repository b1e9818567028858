import { UploadError } from '../api/errors.js';
import { hex } from '../util/bytes.js';
import { loadPartDigests, verifyObject } from '../integrity/object-verifier.js';
import type { StoredResult } from '../model/upload-record.js';
import { RestartRequired } from '../network/restart-required.js';
import { requestCompletion } from '../s3/completion.js';
import { requestHead } from '../s3/stored-object.js';
import type { StoredObject } from '../s3/stored-object.js';
import { completedPartsOf } from './completed-parts.js';
import type { TransferContext } from './context.js';
import type { CreationOutcome } from './creation-outcome.js';
import { objectChecksumOf } from './object-checksum.js';
import { sendS3Request } from './signed-requests.js';

/** Number of rejected signatures after which HEAD is given up. */
const MAX_REFUSALS = 2;
/** Number of attempts without an answer, although the store could be reached, after which HEAD is given up. */
const MAX_UNANSWERED = 3;
/** Maximum number of attempts of a Complete that is repeated only for its answer. */
const MAX_COMPLETE_ATTEMPTS = 3;

/** The object under the key: this upload's, none, another one, or unknown. */
export type FoundObject = StoredResult | 'absent' | 'other' | 'unknown';

/**
 * Looks for the object that this upload has created.
 * @param reason what the store answered: the multipart upload is gone, or an object exists
 */
export async function findObject(
  context: TransferContext,
  outcome: CreationOutcome,
  reason: 'gone' | 'exists',
  signal: AbortSignal,
): Promise<FoundObject> {
  const { record } = context;
  const { session } = record;
  if (!session) return 'unknown';
  // after a 412, the object may be this upload's only if an earlier request may have created it
  const wasSent = reason === 'exists' ? outcome.isInDoubt : outcome.wasSent;
  const mayBeOwn = session.inherited || record.wasShared || record.recovered || wasSent;
  const object = await headObject(context, signal);
  if (object === 'absent') return object;
  if (object === 'unknown') return mayBeOwn ? completeAgain(context, signal) : object;
  return verifyFoundObject(context, object, mayBeOwn, signal);
}

/**
 * Requests the object's metadata. If the credentials do not allow to list the bucket, the store answers 403 for an absent
 * object. After a second 403, to a fresh signature, the result is unknown.
 */
export async function headObject(
  context: TransferContext,
  signal: AbortSignal,
): Promise<StoredObject | 'absent' | 'unknown'> {
  const { signatures, services, retries } = context;
  if (!signatures.supports('head', context.signedUpload())) return 'unknown';
  try {
    return await retries.retry('head', null, signal, async (attempt) => {
      if (attempt.refusals >= MAX_REFUSALS || attempt.unanswered >= MAX_UNANSWERED) return 'unknown';
      return sendS3Request(context, 'head', attempt, signal, (...args) => requestHead(services.s3, ...args));
    });
  } catch (error) {
    if (error instanceof UploadError) return error.status === 404 ? 'absent' : 'unknown';
    if (error instanceof RestartRequired) return 'unknown';
    throw error;
  }
}

async function verifyFoundObject(
  context: TransferContext,
  object: StoredObject,
  mayBeOwn: boolean,
  signal: AbortSignal,
): Promise<StoredResult | 'other'> {
  const { session, record } = context;
  const { table, ownKey, uploadId, checksum: agreed } = session;
  const checksum = agreed && object.checksums[agreed.algorithm] ? await objectChecksumOf(context, signal) : null;
  const expected = {
    plan: table.plan,
    isMultipart: uploadId !== null,
    checksum,
    etags: [...table.etags()],
    file: record.file,
    isKeyExclusive: ownKey && mayBeOwn,
  };
  const integrity = await verifyObject(object, expected, signal);
  return integrity ? { etag: object.etag, integrity, checksum: integrity === 'checksum' ? checksum : null } : 'other';
}

/** Sends Complete again. A store that has completed the upload repeats its answer, or answers that the upload is gone. */
async function completeAgain(context: TransferContext, signal: AbortSignal): Promise<FoundObject> {
  const { session, services, retries, checks } = context;
  const etags = session.uploadId ? await etagsOf(context, signal) : null;
  if (!etags) return 'unknown';
  try {
    const parts = await completedPartsOf(context, etags, signal);
    const { etag } = await retries.retry('complete', null, signal, (attempt) => {
      if (attempt.count > MAX_COMPLETE_ATTEMPTS)
        throw new RestartRequired('gone', 'the store does not say whether the upload is complete');
      return sendS3Request(context, 'end', attempt, signal, (signature, timeouts) =>
        requestCompletion(services.s3, signature, parts, timeouts),
      );
    });
    const checksum = session.completeChecksum ? await objectChecksumOf(context, signal) : null;
    return { etag, checksum, integrity: checksum ? 'checksum' : (checks?.evidence ?? 'unverified') };
  } catch (error) {
    if (error instanceof UploadError || error instanceof RestartRequired) return 'unknown';
    throw error;
  }
}

/** Returns the ETags of all parts: as the store returned them, else the MD5s of the file's parts; null if neither. */
async function etagsOf(context: TransferContext, signal: AbortSignal): Promise<string[] | null> {
  const { session, record } = context;
  const { table } = session;
  if (table.hasEveryEtag) return [...table.etags()];
  const digests = record.file && (await loadPartDigests());
  if (!digests) return null;
  try {
    return (await digests.md5OfParts(record.file!, table.plan, signal)).map(hex);
  } catch {
    signal.throwIfAborted();
    return null;
  }
}
