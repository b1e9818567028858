/** The actions of the protocol, one function each; `init.ts` has the first. */
import type { AllAnswer, Signed, SignedAnswer } from '../../protocol.js';
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

/** Signs the PUT of one part, of exactly the bytes that this part has and, where it was told, of that checksum. */
export async function signPart(call: Call, body: unknown): Promise<SignedAnswer> {
  const request = parseChunkBody(body);
  const grant = await openUnexpiredGrant(call, request);
  const size = grantedPartSize(grant, request.chunk);
  if (request.size !== size) {
    throw new SignerRefusal(
      400,
      'size-mismatch',
      `Part ${request.chunk} has ${size} bytes; no other length is signed.`,
    );
  }
  const checksum = parseChecksumValue(grant.checksum, request.checksum, 'checksum');
  return signAnswer(call, uploadPart(grant.key, request.upload_id, request.chunk, size, checksum));
}

/** Signs one page of ListParts. */
export async function signListParts(call: Call, body: unknown): Promise<SignedAnswer> {
  const request = parseListBody(body);
  const { key } = await openUnexpiredGrant(call, request);
  await touchUpload(call, request.upload_id);
  return signAnswer(call, listParts(key, request.upload_id, request.part_number_marker));
}

/** Signs Complete, with the checksum of the whole object where the parts' values make one. */
export async function signComplete(call: Call, body: unknown): Promise<SignedAnswer> {
  const request = parseEndBody(body);
  const grant = await openUnexpiredGrant(call, request);
  expectGrantedSize(grant, request.size);
  if (grant.checksum === 'sha256' && request.checksum !== undefined) {
    throw new SignerRefusal(400, 'checksum-composite', "SHA-256 has no whole value: Complete's list has each part's.");
  }
  const checksum = parseChecksumValue(grant.checksum, request.checksum, 'checksum');
  return signAnswer(call, completeOperation(call, grant, request.upload_id, checksum));
}

/** The object comes to be at Complete: that is where the store can see whether its key is taken. */
const completeOperation = (
  call: Call,
  { key, size, checksum: algorithm }: Grant,
  uploadId: string,
  checksum: Checksum | null,
): StoreOperation =>
  // a store that knows no checksums does not know the header for the size either
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
 * Signs what a whole upload needs, with the parts asked for as bare URLs, or with a header where they have checksums:
 * a window of parts costs one call.
 */
export async function signPartWindow(call: Call, body: unknown): Promise<AllAnswer> {
  const request = parseAllBody(body);
  const grant = await openUnexpiredGrant(call, request);
  expectGrantedSize(grant, request.size);
  if (request.part_size !== grant.partSize) {
    throw new SignerRefusal(400, 'part-size-mismatch', `The grant is for parts of ${grant.partSize} bytes.`);
  }
  const { key } = grant;
  const uploadId = request.upload_id;
  await touchUpload(call, uploadId);
  const { presign, terms, now, expires } = call;
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
  return { time: now, list, end, delete: abort, head, chunks: Object.fromEntries(signed), expires };
}
