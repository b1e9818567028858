import { waitForRead } from '../files/read-fault.js';
import type { ObjectChecksum } from '../model/upload-record.js';
import type { CompletedPart } from '../s3/xml.js';
import type { TransferContext } from './context.js';

/** Reads from the file until it succeeds, as requests are retried. */
export function readFile<T>(
  { record, retries }: TransferContext,
  signal: AbortSignal,
  read: () => Promise<T>,
): Promise<T> {
  return retries.retry('part', null, signal, () => waitForRead(record.facts.name, signal, read()));
}

/**
 * Returns the whole file's checksum, and records it in the session if Complete sends it.
 * @returns null if none was agreed on
 */
export async function objectChecksumOf(context: TransferContext, signal: AbortSignal): Promise<ObjectChecksum | null> {
  return (await computeAll(context, signal))?.checksum ?? null;
}

/** Returns the part list for Complete: with the parts' checksums if those make up the object's. */
export async function completedPartsOf(
  context: TransferContext,
  etags: Iterable<string>,
  signal: AbortSignal,
): Promise<CompletedPart[]> {
  const all = await computeAll(context, signal);
  if (!all || context.session.checksum?.type !== 'COMPOSITE') return [...etags].map((etag) => ({ etag }));
  const { algorithm } = all.checksum;
  return [...etags].map((etag, index) => ({ etag, checksum: { algorithm, value: all.parts[index]! } }));
}

async function computeAll(
  context: TransferContext,
  signal: AbortSignal,
): Promise<{ checksum: ObjectChecksum; parts: string[] } | null> {
  const { checks, session } = context;
  const whole = checks && (await readFile(context, signal, () => checks.whole(signal)));
  if (!whole) return null;
  const { algorithm, value, parts } = whole;
  if (session.checksum!.type === 'FULL_OBJECT') session.completeChecksum = value;
  return { checksum: { algorithm, value }, parts };
}
