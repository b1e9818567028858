import type { ChunkLoadedAnswer, ChunkLoadedRequest } from '../../protocol.js';
import type { Grant } from '../grants/grant.js';
import { parseChunkLoadedBody } from '../http/request-bodies.js';
import { SignerRefusal } from '../util/refusal.js';
import type { Call } from './call-context.js';
import { acceptsNotices } from './call-context.js';
import { grantedPartSize, openUnexpiredGrant } from './grant-check.js';
import { confirmCompletion } from './stored-object.js';

/**
 * Answers `chunk_loaded`: records stored parts in the tracker, so that their owner can resume on another machine, and
 * confirms completed objects.
 */
export async function recordNotice(call: Call, body: unknown): Promise<ChunkLoadedAnswer | null> {
  if (!acceptsNotices(call.settings))
    throw new SignerRefusal(404, 'unknown-action', 'This signer does not track uploads.');
  const request = parseChunkLoadedBody(body);
  const grant = await openUnexpiredGrant(call, request);
  const { upload_id: uploadId, chunks, state } = request;
  for (const chunk of chunks) grantedPartSize(grant, chunk);
  if (uploadId === '' && grant.size > grant.partSize)
    throw new SignerRefusal(400, 'invalid-request', 'upload_id is required for a file of several parts.');
  const answer = state === 'complete' ? await confirmCompletion(call, grant, uploadId) : null;
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
