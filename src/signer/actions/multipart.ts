/** The actions of the protocol, one function each; `init.ts` has the first. */
import { partSizeOf } from '../../limits.js';
import type {
  Action,
  AllAnswer,
  ChunkLoadedAnswer,
  ChunkLoadedRequest,
  Protocol,
  Signed,
  SignedAnswer,
} from '../../protocol.js';
import { keepFromSweep, signAnswer, takesNotices, useGrant } from './call.js';
import type { Call } from './call.js';
import { readChecksum } from '../s3/checksums.js';
import type { Checksum } from '../s3/checksums.js';
import { finish } from './finish.js';
import type { Grant } from '../grants/grant.js';
import { init } from './init.js';
import { abortUpload, completeUpload, headObject, listParts, ONLY_IF_NEW, putPart } from '../s3/operations.js';
import type { StoreOperation } from '../s3/presign.js';
import { SignerRefusal } from '../util/refusal.js';
import { readAll, readChunk, readChunkLoaded, readEnd, readHead, readList, readReference } from '../http/requests.js';

type Perform<A extends Action> = (call: Call, body: unknown) => Promise<Protocol[A]['answer']>;

/** Every action by its name in the URL; null for an answer is 204. */
export const ACTIONS: { readonly [A in Action]: Perform<A> } = {
  get_init_signature: init,
  get_chunk_signature: signChunk,
  get_list_signature: signList,
  get_end_signature: signEnd,
  get_delete_signature: signDelete,
  get_head_signature: signHead,
  get_all_signatures: signAll,
  chunk_loaded: noteChunks,
};

export const isAction = (name: string): name is Action => Object.hasOwn(ACTIONS, name);

/** Signs the PUT of one part, of exactly the bytes that this part has and, where it was told, of that checksum. */
async function signChunk(call: Call, body: unknown): Promise<SignedAnswer> {
  const request = readChunk(body);
  const grant = await useGrant(call, request);
  const size = exactSize(grant, request.chunk);
  if (request.size !== size) {
    throw new SignerRefusal(
      400,
      'size-mismatch',
      `Part ${request.chunk} has ${size} bytes; no other length is signed.`,
    );
  }
  const checksum = readChecksum(grant.checksum, request.checksum, 'checksum');
  return signAnswer(call, putPart(grant.key, request.upload_id, request.chunk, size, checksum));
}

/** Signs one page of ListParts. */
async function signList(call: Call, body: unknown): Promise<SignedAnswer> {
  const request = readList(body);
  const { key } = await useGrant(call, request);
  await keepFromSweep(call, request.upload_id);
  return signAnswer(call, listParts(key, request.upload_id, request.part_number_marker));
}

/** Signs Complete, with the checksum of the whole object where the parts' values make one. */
async function signEnd(call: Call, body: unknown): Promise<SignedAnswer> {
  const request = readEnd(body);
  const grant = await useGrant(call, request);
  expectSize(grant, request.size);
  if (grant.checksum === 'sha256' && request.checksum !== undefined) {
    throw new SignerRefusal(400, 'checksum-composite', "SHA-256 has no whole value: Complete's list has each part's.");
  }
  const checksum = readChecksum(grant.checksum, request.checksum, 'checksum');
  return signAnswer(call, completion(call, grant, request.upload_id, checksum));
}

/** The object comes to be at Complete: that is where the store can see whether its key is taken. */
const completion = (
  call: Call,
  { key, size, checksum: algorithm }: Grant,
  uploadId: string,
  checksum: Checksum | null,
): StoreOperation =>
  // a store that knows no checksums does not know the header for the size either
  completeUpload(key, uploadId, call.settings.policy.overwrite ? {} : ONLY_IF_NEW, {
    size: call.settings.checksums.length > 0 ? size : null,
    algorithm,
    checksum,
  });

async function signDelete(call: Call, body: unknown): Promise<SignedAnswer> {
  const request = readReference(body);
  const { key } = await useGrant(call, request);
  return signAnswer(call, abortUpload(key, request.upload_id));
}

async function signHead(call: Call, body: unknown): Promise<SignedAnswer> {
  const { key } = await useGrant(call, readHead(body));
  return signAnswer(call, headObject(key));
}

/**
 * Signs what a whole upload needs, with the parts asked for as bare URLs, or with a header where they have checksums:
 * a window of parts costs one call.
 */
async function signAll(call: Call, body: unknown): Promise<AllAnswer> {
  const request = readAll(body);
  const grant = await useGrant(call, request);
  expectSize(grant, request.size);
  if (request.part_size !== grant.partSize) {
    throw new SignerRefusal(400, 'part-size-mismatch', `The grant is for parts of ${grant.partSize} bytes.`);
  }
  const { key } = grant;
  const uploadId = request.upload_id;
  await keepFromSweep(call, uploadId);
  const { presign, terms, now, expires } = call;
  const [list, end, abort, head, ...chunks] = await Promise.all([
    presign(listParts(key, uploadId), terms),
    presign(completion(call, grant, uploadId, null), terms),
    presign(abortUpload(key, uploadId), terms),
    presign(headObject(key), terms),
    ...request.chunks.map((chunk) => {
      const checksum = readChecksum(grant.checksum, request.checksums?.[chunk], `checksums.${chunk}`);
      return presign(putPart(key, uploadId, chunk, exactSize(grant, chunk), checksum), terms);
    }),
  ]);
  const signed = chunks.map((part, index): [number, Signed] => [
    request.chunks[index]!,
    part.headers ? part : part.url,
  ]);
  return { time: now, list, end, delete: abort, head, chunks: Object.fromEntries(signed), expires };
}

/** Takes a notice: of parts stored, so that their owner can go on from another machine, or that all is over. */
async function noteChunks(call: Call, body: unknown): Promise<ChunkLoadedAnswer | null> {
  if (!takesNotices(call.settings))
    throw new SignerRefusal(404, 'unknown-action', 'This signer keeps no track of uploads.');
  const request = readChunkLoaded(body);
  const grant = await useGrant(call, request);
  const { upload_id: uploadId, chunks, state } = request;
  for (const chunk of chunks) exactSize(grant, chunk);
  if (uploadId === '' && grant.size > grant.partSize)
    throw new SignerRefusal(400, 'invalid-request', 'A file of more than one part has an upload_id.');
  const answer = state === 'complete' ? await finish(call, grant, uploadId) : null;
  await track(call, grant, { uploadId, chunks, state });
  return answer;
}

async function track(
  { settings: { tracker, bucket } }: Call,
  { principal, key, size, partSize, checksum, begun, marks }: Grant,
  { uploadId, chunks, state }: { uploadId: string; chunks: readonly number[]; state: ChunkLoadedRequest['state'] },
): Promise<void> {
  // Nobody's uploads are not tracked: who could be told of them? And what is sent in one request leaves nothing behind.
  if (!tracker || principal === null || uploadId === '') return;
  const upload = { principal, bucket, key, uploadId, size, partSize, checksum, begun, marks };
  if (state === 'complete' || state === 'aborted') await tracker.forget(principal, uploadId, state, upload);
  else await tracker.note(upload, chunks);
}

/** @throws SignerRefusal 400 for a part that the file does not have */
function exactSize({ size, partSize }: Grant, chunk: number): number {
  try {
    return partSizeOf(chunk, size, partSize);
  } catch {
    throw new SignerRefusal(400, 'no-such-chunk', `A file of ${size} bytes by ${partSize} has no part ${chunk}.`);
  }
}

function expectSize(grant: Grant, size: number): void {
  if (size !== grant.size)
    throw new SignerRefusal(400, 'size-mismatch', `The grant is for a file of ${grant.size} bytes.`);
}
