/** Answers the actions that sign requests of an upload, within its grant. */
import type { AllAnswer, AllRequest, Signed, SignedAnswer } from '../../protocol.js';
import type { Grant } from '../grants/grant.js';
import {
  parseAllBody,
  parseChunkBody,
  parseEndBody,
  parseHeadBody,
  parseListBody,
  parseUploadReference,
} from '../http/request-bodies.js';
import { parseChecksumValue } from '../s3/checksums.js';
import type { Checksum } from '../s3/checksums.js';
import {
  ONLY_IF_NEW,
  abortMultipartUpload,
  completeMultipartUpload,
  headObject,
  listParts,
  uploadPart,
} from '../s3/operations.js';
import type { StoreOperation } from '../s3/presign.js';
import { SignerRefusal } from '../util/refusal.js';
import type { Call } from './call-context.js';
import { touchUpload, signAnswer } from './call-context.js';
import { grantedPartSize, expectGrantedSize, openUnexpiredGrant } from './grant-check.js';

/** Answers `get_chunk_signature`: signs UploadPart with the part's exact length and, if given, its checksum. */
export async function signPart(call: Call, body: unknown): Promise<SignedAnswer> {
  const request = parseChunkBody(body);
  const grant = await openUnexpiredGrant(call, request);
  const size = grantedPartSize(grant, request.chunk);
  if (request.size !== size) {
    throw new SignerRefusal(400, 'size-mismatch', `Part ${request.chunk} has ${size} bytes, not ${request.size}.`);
  }
  const checksum = parseChecksumValue(grant.checksum, request.checksum, 'checksum');
  return signAnswer(call, uploadPart(grant.key, request.upload_id, request.chunk, size, checksum));
}

/** Answers `get_list_signature`: signs one page of ListParts. */
export async function signListParts(call: Call, body: unknown): Promise<SignedAnswer> {
  const request = parseListBody(body);
  const { key } = await openUnexpiredGrant(call, request);
  await touchUpload(call, request.upload_id);
  return signAnswer(call, listParts(key, request.upload_id, request.part_number_marker));
}

/** Answers `get_end_signature`: signs CompleteMultipartUpload, with the checksum of the whole object if it has one. */
export async function signComplete(call: Call, body: unknown): Promise<SignedAnswer> {
  const request = parseEndBody(body);
  const grant = await openUnexpiredGrant(call, request);
  expectGrantedSize(grant, request.size);
  if (grant.checksum === 'sha256' && request.checksum !== undefined) {
    throw new SignerRefusal(
      400,
      'checksum-composite',
      'SHA-256 has no checksum of the whole object; send those of the parts with CompleteMultipartUpload.',
    );
  }
  const checksum = parseChecksumValue(grant.checksum, request.checksum, 'checksum');
  return signAnswer(call, completeOperation(call, grant, request.upload_id, checksum));
}

/** The condition belongs to CompleteMultipartUpload, because only that operation creates the object. */
const completeOperation = (
  call: Call,
  { key, size, checksum: algorithm }: Grant,
  uploadId: string,
  checksum: Checksum | null,
): StoreOperation =>
  // a store without checksums does not support the size header either
  completeMultipartUpload(key, uploadId, call.settings.policy.overwrite ? {} : ONLY_IF_NEW, {
    size: call.settings.checksums.length > 0 ? size : null,
    algorithm,
    checksum,
  });

export async function signAbort(call: Call, body: unknown): Promise<SignedAnswer> {
  const request = parseUploadReference(body);
  const { key } = await openUnexpiredGrant(call, request);
  return signAnswer(call, abortMultipartUpload(key, request.upload_id));
}

export async function signHeadObject(call: Call, body: unknown): Promise<SignedAnswer> {
  const { key } = await openUnexpiredGrant(call, parseHeadBody(body));
  return signAnswer(call, headObject(key));
}

/**
 * Answers `get_all_signatures`: signs every request of an upload, with a window of parts. A part is a bare URL, or a
 * signed request if it has a checksum header.
 */
export async function signAllRequests(call: Call, body: unknown): Promise<AllAnswer> {
  const request = parseAllBody(body);
  const grant = await openUnexpiredGrant(call, request);
  expectGrantedSize(grant, request.size);
  if (request.part_size !== grant.partSize) {
    throw new SignerRefusal(400, 'part-size-mismatch', `The grant is for parts of ${grant.partSize} bytes.`);
  }
  await touchUpload(call, request.upload_id);
  return signWindow(call, grant, request);
}

/** Signs every request of an upload, with a window of parts. */
export async function signWindow(
  call: Call,
  grant: Grant,
  request: Pick<AllRequest, 'upload_id' | 'chunks' | 'checksums'>,
): Promise<AllAnswer> {
  const { key } = grant;
  const uploadId = request.upload_id;
  const { presign, terms, now, expiresAt } = call;
  const [list, end, abort, head, ...chunks] = await Promise.all([
    presign(listParts(key, uploadId), terms),
    presign(completeOperation(call, grant, uploadId, null), terms),
    presign(abortMultipartUpload(key, uploadId), terms),
    presign(headObject(key), terms),
    ...request.chunks.map((chunk) => {
      const checksum = parseChecksumValue(grant.checksum, request.checksums?.[chunk], `checksums.${chunk}`);
      return presign(uploadPart(key, uploadId, chunk, grantedPartSize(grant, chunk), checksum), terms);
    }),
  ]);
  const signed = chunks.map((part, index): [number, Signed] => [
    request.chunks[index]!,
    part.headers ? part : part.url,
  ]);
  return { time: now, list, end, delete: abort, head, chunks: Object.fromEntries(signed), expires: expiresAt };
}
