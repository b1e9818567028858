import { StoreFault } from '../api/errors.js';
import { verifiedParts } from '../integrity/object-verifier.js';
import type { PartComparer } from '../integrity/object-verifier.js';
import type { Attempt } from '../network/attempt.js';
import { requestPartList } from '../s3/part-list.js';
import type { PartList } from '../s3/part-list.js';
import type { StoredPart } from '../model/stored-part.js';
import type { TransferContext } from './context.js';
import { sendS3Request, timeoutsOf } from './signed-requests.js';

/** Requests one page of ListParts, once. */
type RequestPage = (attempt: Pick<Attempt, 'stalls'>) => Promise<PartList>;

/**
 * Lists the stored parts, and starts their verification in the background. If the file was modified since the upload began,
 * only parts that are proven to be this file's count as stored; the others are sent again.
 */
export async function listAndVerifyParts(context: TransferContext, signal: AbortSignal): Promise<void> {
  const { record, checks } = context;
  const listed = await listParts(context, signal, record.isModified ? record.file : null);
  checks?.verifyListed(listed);
}

/**
 * Lists the stored parts, retrying until the store answers, and records them in the part table.
 * @param file only parts that are proven to be this file's count as stored; null: all listed parts do
 */
export async function listParts(
  context: TransferContext,
  signal: AbortSignal,
  file: File | null = null,
): Promise<StoredPart[]> {
  const { session, checks, retries } = context;
  const pages = await requestPages(context, signal, (requestPage) => retries.retry('list', null, signal, requestPage));
  const comparePart: PartComparer | null = checks && ((part) => checks.comparePart(part));
  const parts = [...pages.values()];
  const listed = file ? await verifiedParts(parts, session.table, file, signal, comparePart) : parts;
  session.table.replaceStored(listed, file !== null);
  session.needsList = false;
  retries.recordSuccess();
  context.report({ type: 'progress' });
  return listed;
}

/**
 * Lists the stored parts once, for display only. The transfer lists them again.
 * @param isWanted false once the upload has started and lists the parts itself
 */
export async function refreshParts(
  context: TransferContext,
  isWanted: () => boolean,
  signal: AbortSignal,
): Promise<void> {
  const { record } = context;
  const { session } = record;
  if (!session?.uploadId || !isWanted()) return;
  const parts = await requestPages(context, signal, (requestPage) => requestPage({ stalls: 0 }));
  if (isWanted() && session === record.session) session.table.replaceStored(parts.values());
}

/** Lists the stored parts, and returns whether any of them need not be sent again. */
export async function hasStoredParts(context: TransferContext, signal: AbortSignal): Promise<boolean> {
  if (!context.record.session?.uploadId) return false;
  await listAndVerifyParts(context, signal);
  return context.session.table.done > 0;
}

/**
 * Checks once, outside of the limit of parallel requests, whether the multipart upload is gone. While Complete is pending,
 * that most likely means that Complete was carried out, and that its answer was lost.
 */
export async function isUploadGone(context: TransferContext, signal: AbortSignal): Promise<boolean> {
  const { signatures, services } = context;
  try {
    const signature = await signatures.signRequest('list', context.signedUpload(), signal);
    await requestPartList(services.s3, signature, timeoutsOf(context, 0, signal));
    return false;
  } catch (error) {
    return error instanceof StoreFault && error.status === 404;
  }
}

async function requestPages(
  context: TransferContext,
  signal: AbortSignal,
  run: (requestPage: RequestPage) => Promise<PartList>,
): Promise<Map<number, StoredPart>> {
  const { s3 } = context.services;
  const parts = new Map<number, StoredPart>();
  for (let marker: number | undefined, isLast = false; !isLast;) {
    const page = await run((attempt) =>
      sendS3Request(context, 'list', attempt, signal, (...args) => requestPartList(s3, ...args), marker),
    );
    for (const part of page.parts) parts.set(part.partNumber, part);
    isLast = page.next === null || page.next <= (marker ?? 0);
    marker = page.next ?? undefined;
  }
  return parts;
}
