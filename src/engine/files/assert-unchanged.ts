import { UploadError } from '../api/errors.js';
import { fingerprint, isKnownByTime } from './fingerprint.js';

/**
 * Reads one byte, because a request whose file was changed or removed fails like a lost connection.
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
 * Computes a file's fingerprint again and compares it: Firefox keeps reading a file that has changed.
 * @throws UploadError `file-changed` or `file-unreadable`
 */
export async function assertUnchanged(file: File, name: string, expected: string): Promise<void> {
  let current: string;
  try {
    current = await fingerprint(file);
    if (isKnownByTime(file)) await readByte(file);
  } catch (cause) {
    throw unreadableError(name, cause);
  }
  if (current !== expected) throw changedError(`“${name}” has changed`);
}

function unreadableError(name: string, cause: unknown): UploadError {
  // Chromium and Firefox throw other errors for a file that has changed, and for one without permission
  if ((cause as DOMException).name !== 'NotFoundError') {
    return changedError(`“${name}” has changed, or cannot be read`, cause);
  }
  return new UploadError('file-unreadable', `“${name}” is gone, or has changed: put it back, or choose it again.`, {
    phase: 'part',
    cause,
    isFinal: true,
  });
}

const readByte = (file: Blob): Promise<ArrayBuffer> => file.slice(0, 1).arrayBuffer();

const changedError = (what: string, cause?: unknown): UploadError =>
  new UploadError('file-changed', `${what}: choose it again to upload it as it is now.`, {
    phase: 'part',
    cause,
    isFinal: true,
  });
