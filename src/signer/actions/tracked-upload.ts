import type { InitFile } from '../../protocol.js';
import { chooseAcl } from '../policy/object-headers.js';
import type { ResolvedPolicy } from '../policy/policy.js';
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
 * other's uploads, whose store or policy may differ. They are also hashes of what the page requests: an upload with other
 * requests may have another key, ACL, tags or metadata. Anonymous uploads are not tracked: knowing a file's name and size
 * would be enough to take over another user's upload. If both uploads have a fingerprint, the fingerprint decides: the
 * content may have changed while name, size and time did not. If one has none, name, size and time decide.
 */
export async function fileMarks({ settings, principalHash }: Call, file: InitFile): Promise<FileMarks> {
  if (!settings.tracker || principalHash === null) return { stored: [], lookup: [] };
  const { name: signerName, storeId, region, bucket } = settings;
  const audience = [signerName, storeId, region, bucket];
  const requests = requestsOf(settings.policy, file);
  const createMark = (kind: string, ...traits: unknown[]) =>
    shortHash(JSON.stringify([kind, audience, ...traits, ...requests]));
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
 * Returns what the page requests and the object may depend on; empty if the page requests nothing, so that uploads that an
 * earlier release recorded are still found. Without the name, because a renamed file is the same file. `object_key` is the
 * key that the page requests, not the granted one, so every browser sends the same. Parameters that no function of the
 * policy reads may differ: they can contain a token of the session.
 */
function requestsOf(policy: ResolvedPolicy, file: InitFile): unknown[] {
  const { relative_path, object_key, acl, params } = file;
  const hasFunctions = [policy.key, policy.tags, policy.metadata].some((option) => typeof option === 'function');
  const requests = hasFunctions
    ? [relative_path, object_key, acl, params]
    : [relative_path, policy.objectKeys === undefined ? null : object_key, chooseAcl(policy, file)];
  return requests.some((request) => request !== undefined && request !== null && request !== '') ? [requests] : [];
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
