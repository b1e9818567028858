import { waitForRead } from '../files/read-fault.js';
import type { ObjectChecksum } from '../model/upload-record.js';
import type { TransferContext } from './context.js';

/** Runs an operation that reads the file, and retries it. @throws UploadError if the file has changed or cannot be read */
export function readFile<T>(
  { record, retries }: TransferContext,
  signal: AbortSignal,
  read: () => Promise<T>,
): Promise<T> {
  // reported as a failure in the phase of parts, but of no part
  return retries.retry('part', null, signal, () => waitForRead(record.facts.name, signal, read()));
}

/**
 * Returns the whole file's checksum, and records it in the session if Complete sends it.
 * @returns null if the session has no checksum
 */
export async function objectChecksumOf(context: TransferContext, signal: AbortSignal): Promise<ObjectChecksum | null> {
  return (await computeChecksums(context, signal))?.checksum ?? null;
}

/** Computes the checksums of file and parts, once: `checks` keeps them. Records the one that Complete sends. */
export async function computeChecksums(
  context: TransferContext,
  signal: AbortSignal,
): Promise<{ checksum: ObjectChecksum; parts: string[] } | null> {
  const { checks, session } = context;
  const computed = checks && (await readFile(context, signal, () => checks.computeObjectChecksum(signal)));
  if (!computed) return null;
  const { algorithm, value, parts } = computed;
  if (session.checksum!.type === 'FULL_OBJECT') session.completeChecksum = value;
  return { checksum: { algorithm, value }, parts };
}
