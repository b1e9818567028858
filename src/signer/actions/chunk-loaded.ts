import type { ChunkLoadedAnswer, ChunkLoadedRequest, ChunksLoadedAnswer, RefusalAnswer } from '../../protocol.js';
import type { Grant } from '../grants/grant.js';
import { parseChunkLoadedBody, parseChunksLoadedBody } from '../http/request-bodies.js';
import { mapWithLimit } from '../util/map-with-limit.js';
import { SignerRefusal } from '../util/refusal.js';
import type { Call } from './call-context.js';
import { acceptsNotices } from './call-context.js';
import { grantedPartSize, openUnexpiredGrant } from './grant-check.js';
import { confirmCompletion, storeDeadline } from './stored-object.js';

/** Uploads of one call that are confirmed at a time, each by a HEAD request. */
const MAX_CONFIRMATIONS = 16;

/**
 * Answers `chunk_loaded`: records stored parts in the tracker, so that their owner can resume on another machine, and
 * confirms completed objects.
 */
export async function recordNotice(call: Call, body: unknown): Promise<ChunkLoadedAnswer | null> {
  expectNotices(call);
  return record(call, parseChunkLoadedBody(body), storeDeadline());
}

/** Answers `chunks_loaded`: as `recordNotice` for each upload, whose failure does not affect the others. */
export async function recordNotices(call: Call, body: unknown): Promise<ChunksLoadedAnswer> {
  expectNotices(call);
  const notices = parseChunksLoadedBody(body);
  const deadline = storeDeadline();
  return {
    uploads: await mapWithLimit(notices, MAX_CONFIRMATIONS, (notice) => recordOrRefuse(call, notice, deadline)),
  };
}

function expectNotices({ settings }: Call): void {
  if (!acceptsNotices(settings)) throw new SignerRefusal(404, 'unknown-action', 'This signer does not track uploads.');
}

async function recordOrRefuse(
  call: Call,
  notice: ChunkLoadedRequest | SignerRefusal,
  deadline: number,
): Promise<ChunkLoadedAnswer | RefusalAnswer> {
  try {
    if (notice instanceof SignerRefusal) throw notice;
    return (await record(call, notice, deadline)) ?? {};
  } catch (error) {
    if (error instanceof SignerRefusal) return { error: { code: error.code, message: error.message } };
    call.settings.onError(error);
    return { error: { code: 'internal', message: 'The signer failed for this upload; try again later.' } };
  }
}

async function record(call: Call, notice: ChunkLoadedRequest, deadline: number): Promise<ChunkLoadedAnswer | null> {
  const grant = await openUnexpiredGrant(call, notice);
  const { upload_id: uploadId, chunks, state } = notice;
  for (const chunk of chunks) grantedPartSize(grant, chunk);
  if (uploadId === '' && grant.size > grant.partSize)
    throw new SignerRefusal(400, 'invalid-request', 'upload_id is required for a file of several parts.');
  const answer = state === 'complete' ? await confirmCompletion(call, grant, { uploadId, deadline }) : null;
  await updateTracker(call, grant, { uploadId, chunks, state });
  return answer;
}

async function updateTracker(
  { settings: { tracker, bucket } }: Call,
  { principal, key, size, partSize, checksum, begun, marks }: Grant,
  { uploadId, chunks, state }: { uploadId: string; chunks: readonly number[]; state: ChunkLoadedRequest['state'] },
): Promise<void> {
  // anonymous uploads have no owner to resume them, and files of one request leave nothing to resume
  if (!tracker || principal === null || uploadId === '') return;
  const upload = { principal, bucket, key, uploadId, size, partSize, checksum, begun, marks };
  if (state === 'complete' || state === 'aborted') await tracker.forget(principal, uploadId, state, upload);
  else await tracker.note(upload, chunks);
}
