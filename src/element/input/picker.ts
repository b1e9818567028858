import { parseAccept } from '../../accept.js';
import type { FileHandle } from '../../engine/api/types.js';

interface PickerOptions {
  multiple: boolean;
  types?: { accept: Record<string, string[]> }[];
}

type ShowPicker = (options: PickerOptions) => Promise<FileHandle[]>;

/** The MIME types and extensions that Chromium's picker accepts; it throws for others. */
const MIME = /^[a-z]+\/(?:\*|[\w!#$&^.+-]+)$/;
const EXTENSION = /^\.[a-z\d.+]{0,14}[a-z\d+]$/;

/** The picker requires a MIME type for each extension, but does not show it. */
const ANY_TYPE = 'application/octet-stream';

const findShowPicker = (): ShowPicker | undefined =>
  (globalThis as { showOpenFilePicker?: ShowPicker }).showOpenFilePicker?.bind(globalThis);

/**
 * Whether a picker that returns file handles can be opened now. Not in a browser that a test drives: drivers handle the file
 * chooser of an input only.
 * @see https://wicg.github.io/file-system-access/#api-showopenfilepicker
 * @see https://w3c.github.io/webdriver/#dom-navigatorautomationinformation-webdriver
 */
export function canPickHandles(): boolean {
  const { userActivation, webdriver } = globalThis.navigator;
  return findShowPicker() !== undefined && userActivation?.isActive && !webdriver;
}

/**
 * Converts an `accept` list to the `types` option of the picker.
 * @returns undefined, which allows all files, if a token cannot be converted; files are checked again when added
 */
export function pickerTypesOf(accept: string): PickerOptions['types'] {
  const tokens = parseAccept(accept);
  const types: Record<string, string[]> = {};
  for (const token of tokens) {
    if (EXTENSION.test(token)) (types[ANY_TYPE] ??= []).push(token);
    else if (MIME.test(token)) types[token] ??= [];
    else return undefined;
  }
  return tokens.length > 0 ? [{ accept: types }] : undefined;
}

/**
 * Opens the picker; requires a user gesture.
 * @returns an empty list if the user cancelled; null if the picker is blocked, as in a cross-origin frame
 */
export async function pickHandles(accept: string, multiple: boolean): Promise<FileHandle[] | null> {
  const showPicker = findShowPicker()!;
  const types = pickerTypesOf(accept);
  try {
    // Chromium rejects invalid types before it consumes the user gesture
    return await showPicker({ multiple, ...(types && { types }) }).catch((error: unknown) =>
      error instanceof TypeError && types ? showPicker({ multiple }) : Promise.reject(error as Error),
    );
  } catch (error) {
    return (error as DOMException).name === 'AbortError' ? [] : null;
  }
}
