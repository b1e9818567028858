import type { InitFile } from '../../protocol.js';
import type { FoundUpload } from '../tracker/tracker.js';
import { shortHash } from '../util/hashes.js';
import type { Call } from './call-context.js';

/** The tracker threw for one file. */
export class TrackerError extends Error {
  override readonly name = 'TrackerFault';
}

/** What an upload is recognised by. */
interface FileMarks {
  /** Those that it bears. */
  own: string[];
  /** Those of the uploads that may be of the same file. */
  sought: string[];
}

/**
 * Without a principal nothing is tracked: whoever knew a file's name and size could take over another's upload. Two
 * fingerprints decide by themselves: a file that was changed, but for its name, size and time, must not be mixed with
 * the parts of what it was. Where one side gave none, name, size and time have to do.
 */
export async function fileMarks({ settings, principalHash: principalMark }: Call, file: InitFile): Promise<FileMarks> {
  if (!settings.tracker || principalMark === null) return { own: [], sought: [] };
  const { bucket } = settings;
  const markBy = (kind: string, ...traits: unknown[]) => shortHash(JSON.stringify([kind, bucket, ...traits]));
  const named = [file.filename, file.filesize, file.last_modified];
  const [byName, byNameOfKnown] = await Promise.all([markBy('name', ...named), markBy('name of known', ...named)]);
  if (!file.fingerprint) return { own: [byName], sought: [byName, byNameOfKnown] };
  const byContent = await markBy('fingerprint', file.fingerprint);
  return { own: [byContent, byNameOfKnown], sought: [byContent, byName] };
}

export async function findTrackedUpload(
  { settings, principalHash: principalMark, now }: Call,
  file: InitFile,
  sought: string[],
): Promise<FoundUpload | null> {
  if (!settings.tracker || principalMark === null) return null;
  const found = await callTracker(() => settings.tracker!.find(principalMark, sought));
  // what goes in one request leaves no upload to go on with, whatever a notice said
  if (!found || found.size <= found.partSize) return null;
  if (found.size !== file.filesize || now - found.begun > settings.renewalTime) return null;
  // begun with a checksum that this browser does not offer: it could not go on as the store demands
  const isUsable = !found.checksum || file.checksums?.includes(found.checksum);
  return isUsable ? found : null;
}

/** @throws TrackerFault for whatever the tracker throws, with that as its cause */
async function callTracker<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    throw new TrackerError('the tracker failed', { cause: error });
  }
}
