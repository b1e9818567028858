/** The actions of the protocol, one function each; `init.ts` has the first. */
import { partSizeOf } from '../limits.js';
import type { Action, AllAnswer, ChunkLoadedAnswer, Protocol, SignedAnswer } from '../protocol.js';
import { signAnswer, useGrant } from './call.js';
import type { Call } from './call.js';
import type { Grant } from './grant.js';
import { init } from './init.js';
import { abortUpload, completeUpload, headObject, listParts, putPart } from './operations.js';
import { SignerRefusal } from './refusal.js';
import { readAll, readChunk, readChunkLoaded, readEnd, readHead, readList, readReference } from './requests.js';

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

/** Signs the PUT of one part, of exactly the bytes that this part has. */
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
  return signAnswer(call, putPart(grant.key, request.upload_id, request.chunk, size));
}

/** Signs one page of ListParts. */
async function signList(call: Call, body: unknown): Promise<SignedAnswer> {
  const request = readList(body);
  const { key } = await useGrant(call, request);
  return signAnswer(call, listParts(key, request.upload_id, request.part_number_marker));
}

async function signEnd(call: Call, body: unknown): Promise<SignedAnswer> {
  const request = readEnd(body);
  const grant = await useGrant(call, request);
  expectSize(grant, request.size);
  return signAnswer(call, completeUpload(grant.key, request.upload_id));
}

async function signDelete(call: Call, body: unknown): Promise<SignedAnswer> {
  const request = readReference(body);
  const { key } = await useGrant(call, request);
  return signAnswer(call, abortUpload(key, request.upload_id));
}

async function signHead(call: Call, body: unknown): Promise<SignedAnswer> {
  const { key } = await useGrant(call, readHead(body));
  return signAnswer(call, headObject(key));
}

/** Signs what a whole upload needs, with the parts asked for as bare URLs: a window of parts costs one call. */
async function signAll(call: Call, body: unknown): Promise<AllAnswer> {
  const request = readAll(body);
  const grant = await useGrant(call, request);
  expectSize(grant, request.size);
  if (request.part_size !== grant.partSize) {
    throw new SignerRefusal(400, 'part-size-mismatch', `The grant is for parts of ${grant.partSize} bytes.`);
  }
  const { key } = grant;
  const uploadId = request.upload_id;
  const { presign, terms, now, expires } = call;
  const [list, end, abort, head, ...chunks] = await Promise.all([
    presign(listParts(key, uploadId), terms),
    presign(completeUpload(key, uploadId), terms),
    presign(abortUpload(key, uploadId), terms),
    presign(headObject(key), terms),
    ...request.chunks.map((chunk) => presign(putPart(key, uploadId, chunk, exactSize(grant, chunk)), terms)),
  ]);
  const urls = chunks.map(({ url }, index) => [request.chunks[index]!, url] as const);
  return { time: now, list, end, delete: abort, head, chunks: Object.fromEntries(urls), expires };
}

/** Takes a notice of parts stored; the upload's owner can then go on from another machine. */
async function noteChunks(call: Call, body: unknown): Promise<ChunkLoadedAnswer | null> {
  const { tracker } = call.settings;
  if (!tracker) throw new SignerRefusal(404, 'unknown-action', 'This signer keeps no track of uploads.');
  const request = readChunkLoaded(body);
  const grant = await useGrant(call, request);
  const { principal, key, size, partSize, begun, marks } = grant;
  for (const chunk of request.chunks) exactSize(grant, chunk);
  if (principal === null) return null;
  const isOver = request.state === 'complete' || request.state === 'aborted';
  if (isOver) await tracker.forget(principal, request.upload_id);
  else
    await tracker.note({ principal, key, uploadId: request.upload_id, size, partSize, begun, marks }, request.chunks);
  return null;
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
