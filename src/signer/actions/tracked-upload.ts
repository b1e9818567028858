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
  /** Marks that are stored with a new upload of the file. */
  stored: string[];
  /** Marks by which an earlier upload of the same file is looked up. */
  lookup: string[];
}

/**
 * Returns the marks of a file. They are hashes of the grant's audience too: signers that share a tracker do not find each
 * other's uploads, whose store or policy may differ. Anonymous uploads are not tracked: knowing a file's name and size would be enough to take
 * over another user's upload. If both uploads have a fingerprint, only the fingerprint decides: the content may have
 * changed while name, size and time did not. If one has none, name, size and time decide.
 */
export async function fileMarks({ settings, principalHash }: Call, file: InitFile): Promise<FileMarks> {
  if (!settings.tracker || principalHash === null) return { stored: [], lookup: [] };
  const { name: signerName, storeName, region, bucket } = settings;
  const audience = [signerName, storeName, region, bucket];
  const createMark = (kind: string, ...traits: unknown[]) => shortHash(JSON.stringify([kind, audience, ...traits]));
  const traits = [file.filename, file.filesize, file.last_modified];
  // two marks of name, size and time: one is stored with files that have no fingerprint, the other with files that do
  const [name, nameOfFingerprinted] = await Promise.all([
    createMark('name', ...traits),
    createMark('name of known', ...traits),
  ]);
  if (!file.fingerprint) return { stored: [name], lookup: [name, nameOfFingerprinted] };
  const fingerprint = await createMark('fingerprint', file.fingerprint);
  return { stored: [fingerprint, nameOfFingerprinted], lookup: [fingerprint, name] };
}

/**
 * Returns the principal's unfinished upload of the same file, if the browser can resume it.
 * @throws TrackerError if the tracker fails
 */
export async function findTrackedUpload(
  { settings, principalHash, now }: Call,
  file: InitFile,
  marks: string[],
): Promise<FoundUpload | null> {
  if (!settings.tracker || principalHash === null) return null;
  const found = await callTracker(() => settings.tracker!.find(principalHash, marks));
  // a file of one part has no multipart upload, even if a notification named an upload ID
  if (!found || found.size <= found.partSize) return null;
  if (found.size !== file.filesize || now - found.begun > settings.renewalTimeMs) return null;
  // the store requires the upload's checksum algorithm for every part, so the browser has to support it
  const canResume = !found.checksum || file.checksums?.includes(found.checksum);
  return canResume ? found : null;
}

/** @throws TrackerError with the tracker's error as its cause */
async function callTracker<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw new TrackerError('the tracker failed', { cause: error });
  }
}
