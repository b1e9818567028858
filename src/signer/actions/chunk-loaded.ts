import type { ChunkLoadedAnswer, ChunkLoadedRequest, ChunksLoadedAnswer, RefusalAnswer } from '../../protocol.js';
import type { Grant } from '../grants/grant.js';
import { parseChunkLoadedBody, parseChunksLoadedBody } from '../http/request-bodies.js';
import { mapWithLimit } from '../util/map-with-limit.js';
import { SignerRefusal } from '../util/refusal.js';
import type { Call } from './call-context.js';
import { acceptsNotifications, verifiesObjects, writeOptionally } from './call-context.js';
import { grantedPartSize, openUnexpiredGrant } from './grant-check.js';
import { confirmCompletion, storeDeadline } from './stored-object.js';

/** Uploads of one call that are confirmed concurrently, each by a HEAD request. */
const MAX_CONFIRMATIONS = 16;

/**
 * Answers `chunk_loaded`: records stored parts in the tracker, so that their owner can resume on another machine, and
 * confirms completed objects.
 */
export async function recordNotification(call: Call, body: unknown): Promise<ChunkLoadedAnswer | null> {
  expectNotifications(call);
  return processNotification(call, parseChunkLoadedBody(body), storeDeadline());
}

/** Answers `chunks_loaded`: does the same as `chunk_loaded` for each upload. A refused one does not affect the others. */
export async function recordNotifications(call: Call, body: unknown): Promise<ChunksLoadedAnswer> {
  expectNotifications(call);
  const notifications = parseChunksLoadedBody(body);
  const deadline = storeDeadline();
  return {
    uploads: await mapWithLimit(notifications, MAX_CONFIRMATIONS, (notification) =>
      recordOrRefuse(call, notification, deadline),
    ),
  };
}

function expectNotifications({ settings }: Call): void {
  if (!acceptsNotifications(settings))
    throw new SignerRefusal(404, 'unknown-action', 'This signer does not track uploads.');
}

async function recordOrRefuse(
  call: Call,
  notification: ChunkLoadedRequest | SignerRefusal,
  deadline: number,
): Promise<ChunkLoadedAnswer | RefusalAnswer> {
  try {
    if (notification instanceof SignerRefusal) throw notification;
    return (await processNotification(call, notification, deadline)) ?? {};
  } catch (error) {
    if (error instanceof SignerRefusal) return { error: { code: error.code, message: error.message } };
    call.settings.onError(error);
    return { error: { code: 'internal', message: 'The signer failed for this upload; try again later.' } };
  }
}

async function processNotification(
  call: Call,
  notification: ChunkLoadedRequest,
  deadline: number,
): Promise<ChunkLoadedAnswer | null> {
  const grant = await openUnexpiredGrant(call, notification);
  const { chunks, state } = notification;
  const isMultipart = grant.size > grant.partSize;
  // a file of a single request has no upload ID, even if the caller names one
  const uploadId = isMultipart ? notification.upload_id : '';
  // refuses parts that the file does not have
  for (const chunk of chunks) grantedPartSize(grant, chunk);
  if (isMultipart && uploadId === '')
    throw new SignerRefusal(400, 'invalid-request', 'upload_id is required for a file of several parts.');
  const answer = state === 'complete' ? await confirmCompletion(call, grant, { uploadId, deadline }) : null;
  const update = () => updateTracker(call, grant, { uploadId, chunks, state });
  // after onComplete, an error of the tracker must not lose the receipt; a sweep removes the upload from the tracker
  if (state === 'complete' && verifiesObjects(call.settings)) await writeOptionally(call, update);
  else await update();
  return answer;
}

async function updateTracker(
  { settings: { tracker, bucket, storeId: store } }: Call,
  { principal, key, size, partSize, checksum, begun, marks }: Grant,
  { uploadId, chunks, state }: { uploadId: string; chunks: readonly number[]; state: ChunkLoadedRequest['state'] },
): Promise<void> {
  // nobody could resume an anonymous upload elsewhere, and a file that was sent in one request has no parts to resume
  if (!tracker || principal === null || uploadId === '') return;
  const upload = { principal, bucket, store, key, uploadId, size, partSize, checksum, begun, marks };
  if (state === 'complete' || state === 'aborted') await tracker.forget(principal, uploadId, state, upload);
  else await tracker.note(upload, chunks);
}
