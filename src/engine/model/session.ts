import type {
  Action,
  AgreedChecksum,
  InitAnswer,
  InitAnswerFile,
  PostPolicy,
  UploadReference,
} from '../../protocol.js';
import { invalidAnswer, NO_REASON, SignerFault, UploadError } from '../api/errors.js';
import type { UploadChecksums } from '../integrity/upload-checksums.js';
import { ALGORITHMS } from '../api/checksum-algorithms.js';
import { PartTable } from './part-table.js';
import { planParts } from './part-plan.js';
import { readSignature } from './signature.js';
import type { Moment, Signature, SignedUpload } from './signature.js';
import type { Resumption } from '../ports.js';

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
  /** User that the signer named; null: nobody is signed in; undefined: it said nothing. */
  readonly principal: string | null | undefined;
  /** Whether the signer gives this key to no other upload. */
  readonly ownKey: boolean;
  /** What signer and store have agreed on; null: no checksum. */
  readonly checksum: AgreedChecksum | null;
  readonly table: PartTable;
  /** What computes and compares; null until the way is open, and where nothing can be, or is to be, checked. */
  checks: UploadChecksums | null;
  /** Checksum of the whole object, for Complete; null where it takes none. */
  whole: string | null;
  /** Null until the multipart upload exists, and where none is needed. */
  uploadId: string | null;
  /** Whether it was begun elsewhere, or in an earlier visit: all of it may have been sent unheard. */
  readonly inherited: boolean;
  /** Whether parts may be stored that we do not know of. */
  needsList: boolean;
}

/** The first request that init signed: to create the multipart upload, or to send all of the file at once. */
export type FirstRequest =
  | { kind: 'create'; signature: Signature }
  | { kind: 'put'; signature: Signature }
  | { kind: 'post'; signature: Signature; fields: PostPolicy['fields'] }
  | { kind: 'known' };

/**
 * Reads init's answer for one file.
 * @throws SignerFault where the signer refuses this file
 * @throws UploadError `invalid-response`, or `too-large` for what S3 cannot hold
 */
export function readInit(
  { file, answer, asked }: InitReply,
  size: number,
): { session: Session; opening: FirstRequest } {
  // one file's refusal means what the same code means for a whole call
  if ('error' in file) throw new SignerFault(403, String(file.error.code), String(file.error.message || NO_REASON));
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
      principal: principalOf(answer),
      ownKey: file.own_key ?? false,
      checksum: readAgreed(file),
      checks: null,
      whole: null,
      table: new PartTable(planFor(size, isWhole ? Math.max(size, 1) : file.part_size!)),
      uploadId: 'upload_id' in file ? file.upload_id : null,
      inherited: 'upload_id' in file && !file.fresh,
      needsList: 'upload_id' in file && !file.fresh,
    },
  };
}

function readAgreed({ checksum }: { checksum?: AgreedChecksum }): AgreedChecksum | null {
  if (!checksum) return null;
  const { algorithm, type } = checksum;
  const isKnown = ALGORITHMS.includes(algorithm) && (type === 'FULL_OBJECT' || type === 'COMPOSITE');
  if (!isKnown) throw invalidAnswer('names a checksum that was not offered');
  return { algorithm, type };
}

/** Returns the user that the signer names; null where it says that nobody is signed in, undefined where it says nothing. */
export const principalOf = ({ principal }: InitAnswer): string | null | undefined =>
  typeof principal === 'string' || principal === null ? principal : undefined;

function readOpening(
  file: Exclude<InitAnswerFile, { error: unknown }>,
  answer: InitAnswer,
  asked: Moment,
): FirstRequest {
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
    return planParts(size, partSize);
  } catch (error) {
    throw new UploadError(
      'too-large',
      `The signer chose a part size that S3 does not take: ${(error as Error).message}.`,
      { phase: 'init', cause: error },
    );
  }
}

/** Takes up an unfinished upload where the journal left it; null where nothing was begun that can be gone on with. */
export function restoreSession(record: Resumption): Session | null {
  const { key, uploadId, grant, partSize, size, actions, tracked, principal, ownKey = false, checksum = null } = record;
  if (!key || !uploadId) return null;
  try {
    const table = new PartTable(planFor(size, partSize));
    return {
      key,
      uploadId,
      actions,
      tracked,
      principal,
      ownKey,
      checksum,
      checks: null,
      whole: null,
      grant: grant ?? undefined,
      table,
      inherited: true,
      needsList: true,
    };
  } catch {
    // a journal of garbage is no reason to refuse files
    return null;
  }
}

/** What another tab needs in order to go on; null where nothing was begun that can be gone on with. */
export function resumptionOf(session: Session | null, id: string): Resumption | null {
  if (!session?.uploadId) return null;
  const { key, uploadId, grant, tracked, principal, ownKey, checksum, actions, table } = session;
  const { size, partSize } = table.plan;
  return {
    ...{ id, key, uploadId, partSize, tracked, principal, ownKey, checksum, size },
    grant: grant ?? null,
    actions: [...actions],
  };
}

/** How later calls to the signer name this upload. */
export function referenceOf({ key, uploadId, grant }: Session): UploadReference {
  return { key, upload_id: uploadId ?? '', ...(grant !== undefined && { grant }) };
}

/** What signatures need to know of a session; made anew for each use, since the grant may be renewed. */
export function signedUploadOf(session: Session): SignedUpload {
  const { table, actions, checks, whole } = session;
  return {
    reference: referenceOf(session),
    actions,
    size: table.plan.size,
    partSize: table.plan.partSize,
    sizeOf: (partNumber) => table.sizeOf(partNumber),
    values: checks?.values ?? null,
    whole,
  };
}
