import type { CompletedPart } from '../s3/completion.js';
import type { TransferContext } from './context.js';
import { computeChecksums } from './object-checksum.js';

/** Returns the parts for Complete. They include checksums if the object's checksum is a composite of these. */
export async function completedPartsOf(
  context: TransferContext,
  etags: Iterable<string>,
  signal: AbortSignal,
): Promise<CompletedPart[]> {
  const checksums = await computeChecksums(context, signal);
  if (!checksums || context.session.checksum?.type !== 'COMPOSITE') return [...etags].map((etag) => ({ etag }));
  const { algorithm } = checksums.checksum;
  return [...etags].map((etag, index) => ({ etag, checksum: { algorithm, value: checksums.parts[index]! } }));
}
