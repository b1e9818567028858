import type { InitFile } from '../../protocol.js';
import type { FoundUpload } from '../tracker/tracker.js';
import { shortHash } from '../util/hashes.js';
import type { Call } from './call-context.js';

/** The tracker failed for one file. Its error is the cause. */
export class TrackerError extends Error {
  override readonly name = 'TrackerError';
}

/** Hashes by which the tracker recognises a file. */
interface FileMarks {
  /** Stored with the upload. */
  own: string[];
  /** Marks that an earlier upload of the same file may have been stored with. */
  candidates: string[];
}

/**
 * Returns the marks of a file. Anonymous uploads are not tracked: knowing a file's name and size would be enough to take
 * over another user's upload. If both uploads have a fingerprint, only the fingerprint decides: the content may have
 * changed while name, size and time did not. If one has none, name, size and time decide.
 */
export async function fileMarks({ settings, principalHash }: Call, file: InitFile): Promise<FileMarks> {
  if (!settings.tracker || principalHash === null) return { own: [], candidates: [] };
  const { bucket } = settings;
  const createMark = (kind: string, ...traits: unknown[]) => shortHash(JSON.stringify([kind, bucket, ...traits]));
  const traits = [file.filename, file.filesize, file.last_modified];
  const [name, nameOfFingerprinted] = await Promise.all([
    createMark('name', ...traits),
    createMark('name of known', ...traits),
  ]);
  if (!file.fingerprint) return { own: [name], candidates: [name, nameOfFingerprinted] };
  const fingerprint = await createMark('fingerprint', file.fingerprint);
  return { own: [fingerprint, nameOfFingerprinted], candidates: [fingerprint, name] };
}

/**
 * Returns the principal's unfinished upload of the same file, if the browser can resume it.
 * @throws TrackerError if the tracker fails
 */
export async function findTrackedUpload(
  { settings, principalHash, now }: Call,
  file: InitFile,
  candidates: string[],
): Promise<FoundUpload | null> {
  if (!settings.tracker || principalHash === null) return null;
  const found = await callTracker(() => settings.tracker!.find(principalHash, candidates));
  // a file of one request has no multipart upload, whatever a notice said
  if (!found || found.size <= found.partSize) return null;
  if (found.size !== file.filesize || now - found.begun > settings.renewalTime) return null;
  // the store requires the upload's checksum algorithm for every part
  const isUsable = !found.checksum || file.checksums?.includes(found.checksum);
  return isUsable ? found : null;
}

/** @throws TrackerError with the tracker's error as its cause */
async function callTracker<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw new TrackerError('the tracker failed', { cause: error });
  }
}
