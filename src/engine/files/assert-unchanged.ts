import { UploadError } from '../api/errors.js';
import { fingerprint, isIdentifiedByTime } from './fingerprint.js';

/**
 * Reads the last byte of a file, because a request whose file was changed, shortened or removed fails in the same way as a
 * lost connection.
 * @throws UploadError `file-changed` or `file-unreadable`
 */
export async function assertReadable(file: Blob, name: string): Promise<void> {
  try {
    await readLastByte(file);
  } catch (cause) {
    throw readFailure(name, cause);
  }
}

/**
 * Computes a file's fingerprint again and compares it, because Firefox reads a changed file without an error.
 * @throws UploadError `file-changed` or `file-unreadable`
 */
export async function assertUnchanged(file: File, name: string, expected: string): Promise<void> {
  let current: string;
  try {
    current = await fingerprint(file);
    if (isIdentifiedByTime(file)) await readLastByte(file);
  } catch (cause) {
    throw readFailure(name, cause);
  }
  if (current !== expected) throw changedError(`“${name}” has changed`);
}

/** Returns `file-unreadable` for a file that was removed, and `file-changed` for each other error. */
function readFailure(name: string, cause: unknown): UploadError {
  // a changed file has a NotReadableError, as has one without permission
  if ((cause as DOMException).name !== 'NotFoundError')
    return changedError(`“${name}” has changed, or cannot be read`, cause);
  return new UploadError('file-unreadable', `“${name}” is gone, or has changed: put it back, or choose it again.`, {
    phase: 'part',
    cause,
    isFinal: true,
  });
}

/** @throws DOMException if the file cannot be read to its end. Firefox itself reads a shortened file without an error. */
async function readLastByte(file: Blob): Promise<void> {
  const { byteLength } = await file.slice(-1).arrayBuffer();
  if (file.size && !byteLength) throw new DOMException('The file is shorter than before', 'NotReadableError');
}

const changedError = (what: string, cause?: unknown): UploadError =>
  new UploadError('file-changed', `${what}: choose it again to upload it as it is now.`, {
    phase: 'part',
    cause,
    isFinal: true,
  });
