import { unlessAborted } from '../util/abort.js';
import { ReadFault, UploadError } from '../api/errors.js';
import { fingerprint, isKnownByTime } from './fingerprint.js';

/**
 * Reads one byte: a file that was changed or taken away fails just like a bad line.
 * @throws UploadError `file-changed` or `file-unreadable`
 */
export async function assertReadable(file: Blob, name: string): Promise<void> {
  try {
    await readByte(file);
  } catch (cause) {
    throw unreadableError(name, cause);
  }
}

/**
 * Waits for what reads a file.
 * @throws UploadError `file-changed` or `file-unreadable`
 * @throws ReadFault where the file is there all the same
 * @throws the signal's reason when aborted
 */
export async function explainReadError<T>(file: Blob, name: string, signal: AbortSignal, work: Promise<T>): Promise<T> {
  try {
    return await unlessAborted(signal, work);
  } catch (cause) {
    signal.throwIfAborted();
    if (!(cause instanceof DOMException)) throw cause;
    await assertReadable(file, name);
    throw new ReadFault(`a part of “${name}” could not be read`, { cause });
  }
}

/**
 * Holds a file's samples against what it was recognised by at first: Firefox reads on in a file that has changed.
 * @throws UploadError `file-changed` or `file-unreadable`
 */
export async function assertUnchanged(file: File, name: string, print: string): Promise<void> {
  let now: string;
  try {
    now = await fingerprint(file);
    if (isKnownByTime(file)) await readByte(file);
  } catch (cause) {
    throw unreadableError(name, cause);
  }
  if (now !== print) throw changedError(`“${name}” has changed`);
}

function unreadableError(name: string, cause: unknown): UploadError {
  // the others are what Chromium and Firefox say of a file that has changed, and of one without permission
  if ((cause as DOMException).name !== 'NotFoundError') {
    return changedError(`“${name}” has changed, or cannot be read`, cause);
  }
  return new UploadError('file-unreadable', `“${name}” is gone, or has changed: put it back, or choose it again.`, {
    phase: 'part',
    cause,
  });
}

const readByte = (file: Blob): Promise<ArrayBuffer> => file.slice(0, 1).arrayBuffer();

const changedError = (what: string, cause?: unknown): UploadError =>
  new UploadError('file-changed', `${what}: choose it again, and it is sent afresh.`, { phase: 'part', cause });
