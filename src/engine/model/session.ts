import type { Action, AgreedChecksum, UploadReference } from '../../protocol.js';
import { UploadError } from '../api/errors.js';
import type { Resumption } from '../ports.js';
import { planParts } from './part-plan.js';
import { PartTable } from './part-table.js';

/** Where and how an upload is stored, as the signer and the store have decided: key, parts, grant and upload ID. */
export interface Session {
  readonly key: string;
  grant: string | undefined;
  /** Optional actions that the signer offers. */
  readonly actions: readonly Action[];
  /** Whether the signer's tracker wants notifications of stored parts. */
  readonly tracked: boolean;
  /** User that the signer named; null: nobody is signed in; undefined: the signer did not say. */
  readonly principal: string | null | undefined;
  /** Whether the signer gives this key to no other upload. */
  readonly ownKey: boolean;
  /** The checksum that signer and store have agreed on; null: none. */
  readonly checksum: AgreedChecksum | null;
  readonly table: PartTable;
  /** Checksum of the whole object that Complete sends; null if it sends none. */
  completeChecksum: string | null;
  /** Null until the multipart upload exists, and if none is needed. */
  uploadId: string | null;
  /** Whether it began in an earlier page load or on another device: earlier requests may have been sent. */
  readonly inherited: boolean;
  /** Whether the store may hold parts that the table does not show. */
  needsList: boolean;
}

/**
 * Creates the table of a file's parts.
 * @param size bytes
 * @param partSize bytes
 * @throws UploadError `too-large` for a part size that S3 does not accept
 */
export function partTableOf(size: number, partSize: number): PartTable {
  try {
    return new PartTable(planParts(size, partSize));
  } catch (error) {
    throw new UploadError(
      'too-large',
      `The signer chose a part size that S3 does not accept: ${(error as Error).message}.`,
      { phase: 'init', cause: error },
    );
  }
}

/** Restores the session of an unfinished upload; null if there is nothing to resume. */
export function restoreSession(record: Resumption): Session | null {
  const { key, uploadId, grant, partSize, size, actions, tracked, principal, ownKey = false, checksum = null } = record;
  if (!key || !uploadId) return null;
  try {
    return {
      key,
      uploadId,
      actions,
      tracked,
      principal,
      ownKey,
      checksum,
      completeChecksum: null,
      grant: grant ?? undefined,
      table: partTableOf(size, partSize),
      inherited: true,
      needsList: true,
    };
  } catch {
    // an invalid journal record must not prevent a new upload of its file
    return null;
  }
}

/** Returns what another tab needs to resume a session; null if there is nothing to resume. */
export function resumptionOf(session: Session | null, id: string): Resumption | null {
  if (!session?.uploadId) return null;
  const { key, uploadId, grant, tracked, principal, ownKey, checksum, actions, table } = session;
  const { size, partSize } = table.plan;
  return {
    id,
    key,
    uploadId,
    partSize,
    tracked,
    principal,
    ownKey,
    checksum,
    size,
    grant: grant ?? null,
    actions: [...actions],
  };
}

/** Returns the fields that identify the upload in calls to the signer. */
export function referenceOf({ key, uploadId, grant }: Session): UploadReference {
  return { key, upload_id: uploadId ?? '', ...(grant !== undefined && { grant }) };
}

/** Whether two sessions have the same key and part size. Signatures and grants for one are then valid for the other. */
export const hasSameLayout = (one: Session, other: Session): boolean =>
  one.key === other.key && one.table.plan.partSize === other.table.plan.partSize;
