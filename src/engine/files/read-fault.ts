import { ReadFault } from '../api/errors.js';
import { unlessAborted } from '../util/abort.js';

/**
 * Waits for work that reads a file.
 * @throws ReadFault if the file cannot be read: whether it has changed, the handling of failures finds out
 * @throws the signal's reason when aborted
 */
export async function reading<T>(name: string, signal: AbortSignal, work: Promise<T>): Promise<T> {
  try {
    return await unlessAborted(signal, work);
  } catch (cause) {
    signal.throwIfAborted();
    throw cause instanceof DOMException ? new ReadFault(`a part of “${name}” could not be read`, { cause }) : cause;
  }
}
