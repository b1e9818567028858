import { ReadFault } from '../api/errors.js';
import { unlessAborted } from '../util/abort.js';

/**
 * Waits for an operation that reads a file.
 * @throws ReadFault if the file cannot be read; the failure handler then finds out whether it has changed
 * @throws the signal's reason when aborted
 */
export async function waitForRead<T>(name: string, signal: AbortSignal, operation: Promise<T>): Promise<T> {
  try {
    return await unlessAborted(signal, operation);
  } catch (cause) {
    signal.throwIfAborted();
    throw cause instanceof DOMException ? new ReadFault(`a part of “${name}” could not be read`, { cause }) : cause;
  }
}
