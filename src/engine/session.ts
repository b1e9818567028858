import type { Action, InitAnswer, InitAnswerFile, PostPolicy, UploadReference } from '../protocol.js';
import { invalidAnswer, SignerFault, UploadError } from './errors.js';
import { PartTable } from './parts.js';
import { plan } from './plan.js';
import { readSignature } from './signatures.js';
import type { Moment, Signature, SignedUpload } from './signatures.js';
import type { JournalRecord } from './types.js';

/** What `get_init_signature` said about one file, and when it was asked. */
export interface InitReply {
  file: InitAnswerFile;
  answer: InitAnswer;
  asked: Moment;
}

/** The way an upload goes: under which key, in what parts, by which signer's leave. */
export interface Session {
  readonly key: string;
  grant: string | undefined;
  readonly actions: readonly Action[];
  readonly tracked: boolean;
  readonly table: PartTable;
  /** Null until the multipart upload exists, and where none is needed. */
  uploadId: string | null;
  /** Whether parts may be stored that we do not know of. */
  needsList: boolean;
}

/** The first request that init signed: to create the multipart upload, or to send all of the file at once. */
export type Opening =
  | { kind: 'create'; signature: Signature }
  | { kind: 'put'; signature: Signature }
  | { kind: 'post'; signature: Signature; fields: PostPolicy['fields'] }
  | { kind: 'known' };

/**
 * Reads init's answer for one file.
 * @throws SignerFault where the signer refuses this file
 * @throws UploadError `invalid-response`, or `too-large` for what S3 cannot hold
 */
export function readInit({ file, answer, asked }: InitReply, size: number): { session: Session; opening: Opening } {
  // one file's refusal means what the same code means for a whole call
  if ('error' in file) throw new SignerFault(403, String(file.error.code), String(file.error.message));
  if (typeof file.key !== 'string' || !file.key) throw invalidAnswer('names no key');
  const opening = readOpening(file, answer, asked);
  const isWhole = opening.kind === 'put' || opening.kind === 'post';
  if (!isWhole && file.part_size === undefined) throw invalidAnswer('names no part_size');
  return {
    opening,
    session: {
      key: file.key,
      grant: file.grant,
      actions: Array.isArray(answer.actions) ? answer.actions : [],
      tracked: file.tracked ?? false,
      table: new PartTable(planFor(size, isWhole ? Math.max(size, 1) : file.part_size!)),
      uploadId: 'upload_id' in file ? file.upload_id : null,
      needsList: 'upload_id' in file && !file.fresh,
    },
  };
}

function readOpening(file: Exclude<InitAnswerFile, { error: unknown }>, answer: InitAnswer, asked: Moment): Opening {
  if ('init' in file) return { kind: 'create', signature: readSignature(file.init, answer, asked) };
  if ('put' in file) return { kind: 'put', signature: readSignature(file.put, answer, asked) };
  if ('upload_id' in file && typeof file.upload_id === 'string') return { kind: 'known' };
  const policy = 'post' in file ? answer.posts?.[file.post] : undefined;
  if (!policy) throw invalidAnswer('holds none of init, put, post and upload_id');
  const { url, expires, fields } = policy;
  return { kind: 'post', signature: readSignature({ method: 'POST', url, expires }, answer, asked), fields };
}

function planFor(size: number, partSize: number) {
  try {
    return plan(size, partSize);
  } catch (error) {
    throw new UploadError(
      'too-large',
      `The signer chose a part size that S3 does not take: ${(error as Error).message}.`,
      { phase: 'init', cause: error },
    );
  }
}

/** Takes up an unfinished upload where the journal left it; null where nothing was begun that can be gone on with. */
export function sessionOf(record: JournalRecord): Session | null {
  const { key, uploadId, grant, partSize, size, actions, tracked } = record;
  if (!key || !uploadId) return null;
  try {
    const table = new PartTable(planFor(size, partSize));
    return { key, uploadId, actions, tracked, grant: grant ?? undefined, table, needsList: true };
  } catch {
    // a journal of garbage is no reason to refuse files
    return null;
  }
}

/** How later calls to the signer name this upload. */
export function referenceOf({ key, uploadId, grant }: Session): UploadReference {
  return { key, upload_id: uploadId ?? '', ...(grant !== undefined && { grant }) };
}

/** What signatures need to know of a session; made anew for each use, since the grant may be renewed. */
export function signedUploadOf(session: Session): SignedUpload {
  const { table, actions } = session;
  return {
    reference: referenceOf(session),
    actions,
    size: table.plan.size,
    partSize: table.plan.partSize,
    sizeOf: (partNumber) => table.sizeOf(partNumber),
  };
}
