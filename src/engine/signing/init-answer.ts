import type { AgreedChecksum, AllAnswer, InitAnswer, InitAnswerFile, PostPolicy } from '../../protocol.js';
import { invalidAnswer, NO_REASON, SignerFault } from '../api/errors.js';
import { ALGORITHMS } from '../api/checksum-algorithms.js';
import { partTableOf } from '../model/session.js';
import type { Session } from '../model/session.js';
import { readSignature } from '../model/signature.js';
import type { Moment, Signature } from '../model/signature.js';

/** The signer's answer for one file, the whole answer of that call, and the time of the call. */
export interface InitReply {
  file: InitAnswerFile;
  answer: InitAnswer;
  requestedAt: Moment;
}

/** The first request that init signed: it creates the multipart upload, or sends the whole file. */
export type FirstRequest =
  | { kind: 'create'; signature: Signature }
  | { kind: 'put'; signature: Signature }
  | { kind: 'post'; signature: Signature; fields: PostPolicy['fields'] }
  /** No request: the multipart upload exists. `firstWindow` holds signatures of its first parts, from the same answer. */
  | { kind: 'known'; firstWindow: AllAnswer | null };

/**
 * Reads init's answer for one file.
 * @param size bytes of the file
 * @throws SignerFault if the signer refuses this file
 * @throws UploadError `invalid-response`, or `too-large` if S3 cannot store the file in such parts
 */
export function readInit(
  { file, answer, requestedAt }: InitReply,
  size: number,
): { session: Session; firstRequest: FirstRequest } {
  // as if the signer had refused a whole call with this code
  if ('error' in file) throw new SignerFault(403, String(file.error.code), String(file.error.message || NO_REASON));
  if (typeof file.key !== 'string' || !file.key) throw invalidAnswer('names no key');
  const firstRequest = readFirstRequest(file, answer, requestedAt);
  const isSingle = firstRequest.kind === 'put' || firstRequest.kind === 'post';
  if (!isSingle && file.part_size === undefined) throw invalidAnswer('names no part_size');
  // `fresh`: the signer has just created the multipart upload, so that it has no parts
  const isResumed = 'upload_id' in file && !file.fresh;
  return {
    firstRequest,
    session: {
      key: file.key,
      grant: file.grant,
      actions: Array.isArray(answer.actions) ? answer.actions : [],
      tracked: file.tracked ?? false,
      principal: principalOf(answer),
      // no other upload has this key
      ownKey: file.own_key ?? false,
      checksum: readAgreedChecksum(file),
      completeChecksum: null,
      table: partTableOf(size, isSingle ? Math.max(size, 1) : file.part_size!),
      uploadId: 'upload_id' in file ? file.upload_id : null,
      inherited: isResumed,
      needsList: isResumed,
    },
  };
}

/** Returns the user that the signer names; null: nobody is signed in; undefined: the signer does not say. */
export const principalOf = ({ principal }: InitAnswer): string | null | undefined =>
  typeof principal === 'string' || principal === null ? principal : undefined;

function readAgreedChecksum({ checksum }: { checksum?: AgreedChecksum }): AgreedChecksum | null {
  if (!checksum) return null;
  const { algorithm, type } = checksum;
  const isKnown = ALGORITHMS.includes(algorithm) && (type === 'FULL_OBJECT' || type === 'COMPOSITE');
  if (!isKnown) throw invalidAnswer('names an unknown checksum');
  return { algorithm, type };
}

function readFirstRequest(
  file: Exclude<InitAnswerFile, { error: unknown }>,
  answer: InitAnswer,
  requestedAt: Moment,
): FirstRequest {
  if ('init' in file) return { kind: 'create', signature: readSignature(file.init, answer, requestedAt) };
  if ('put' in file) return { kind: 'put', signature: readSignature(file.put, answer, requestedAt) };
  if ('upload_id' in file && typeof file.upload_id === 'string')
    return { kind: 'known', firstWindow: file.all ?? null };
  const policy = 'post' in file ? answer.posts?.[file.post] : undefined;
  if (!policy) throw invalidAnswer('holds no valid init, put, post or upload_id');
  const { url, expires, fields } = policy;
  return { kind: 'post', signature: readSignature({ method: 'POST', url, expires }, answer, requestedAt), fields };
}
