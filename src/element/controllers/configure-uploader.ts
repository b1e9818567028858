import type { UploaderOptions } from '../../engine/api/types.js';
import type { Uploader } from '../../engine/index.js';

/**
 * Passes the options that changed to the uploader, and no others: new headers or a new signer make waiting uploads retry at
 * once. Objects are compared by content, because pages often assign an equal object at each rendering. Logs a warning for
 * each invalid value.
 * @returns whether an option changed
 */
export function configureUploader(uploader: Uploader, options: UploaderOptions, previous: UploaderOptions): boolean {
  const previousValues = previous as Record<string, unknown>;
  const isSame = (name: string, value: unknown): boolean =>
    Object.is(value, previousValues[name])
    || (typeof value === 'object' && hasSameContent(value, previousValues[name]));
  const changes = Object.entries(options).filter(([name, value]) => !isSame(name, value));
  if (changes.length === 0) return false;
  try {
    uploader.configure(Object.fromEntries(changes));
  } catch {
    for (const [name, value] of changes) applyOption(uploader, name, value);
  }
  return true;
}

/** Compares objects by content. JSON cannot represent all: one with a cycle or a BigInt is equal only to itself. */
function hasSameContent(value: unknown, other: unknown): boolean {
  try {
    return JSON.stringify(value) === JSON.stringify(other);
  } catch {
    return false;
  }
}

/** Sets one option; logs a warning if its value is invalid. */
function applyOption(uploader: Uploader, name: string, value: unknown): void {
  try {
    uploader.configure({ [name]: value });
  } catch (error) {
    console.warn(`<mule-upload>: ${(error as Error).message}`);
  }
}
