import { parseAccept } from '../../accept.js';
import type { FileHandle } from '../../engine/api/types.js';

interface PickerOptions {
  multiple: boolean;
  types?: { accept: Record<string, string[]> }[];
}

type ShowPicker = (options: PickerOptions) => Promise<FileHandle[]>;

/** What Chromium takes for a type and for an extension; anything else makes it throw. */
const MIME = /^[a-z]+\/(?:\*|[\w!#$&^.+-]+)$/;
const EXTENSION = /^\.[a-z\d.+]{0,14}[a-z\d+]$/;

/** Extensions that come without a type need one to stand under; the picker shows it nowhere. */
const ANY_TYPE = 'application/octet-stream';

const showPicker = (): ShowPicker | undefined =>
  (globalThis as { showOpenFilePicker?: ShowPicker }).showOpenFilePicker?.bind(globalThis);

/**
 * Tells whether a picker that gives file handles can be opened now.
 * @see https://wicg.github.io/file-system-access/#api-showopenfilepicker
 */
export const canPick = (): boolean => showPicker() !== undefined && globalThis.navigator.userActivation?.isActive;

/**
 * Translates an `accept` list for that picker.
 * @returns undefined, which is every file, where a part of it has no translation: files are checked once picked
 */
export function typesOf(accept: string): PickerOptions['types'] {
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
 * Lets the user pick files; call it within a gesture.
 * @returns none where the user cancelled; null where there is no such picker (a frame of another site, a policy)
 */
export async function pickFiles(accept: string, multiple: boolean): Promise<FileHandle[] | null> {
  const show = showPicker()!;
  const types = typesOf(accept);
  try {
    // a list that Chromium does not like is refused before the gesture is used up
    return await show({ multiple, ...(types && { types }) }).catch((error: unknown) =>
      error instanceof TypeError && types ? show({ multiple }) : Promise.reject(error as Error),
    );
  } catch (error) {
    return (error as DOMException).name === 'AbortError' ? [] : null;
  }
}
