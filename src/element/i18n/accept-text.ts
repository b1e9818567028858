import type { Format } from './format.js';
import type { strings } from './strings.js';
import type { Translate } from './translate.js';

/** The texts for all types of a kind. */
const KINDS: Readonly<Record<string, keyof typeof strings>> = {
  'image/*': 'images',
  'video/*': 'videos',
  'audio/*': 'audio',
};

/** Types whose names are not the extensions that users know. */
const EXTENSIONS: Readonly<Record<string, string>> = {
  'text/plain': 'TXT',
  'audio/mpeg': 'MP3',
  'image/x-icon': 'ICO',
  'image/vnd.microsoft.icon': 'ICO',
};

/** Names for users: of an extension such as `.pdf`, and of a type whose name is short, such as `image/svg+xml`. */
const SHORT_NAME = /^(?:\.|[a-z]+\/(?:x-)?)([a-z\d]{1,5})(?:\+xml)?$/i;

/**
 * Names the types that are accepted, as "images, PDF"; empty if any of them has no name that users know.
 * @param accept as in `<input type="file">`
 */
export function acceptText(accept: string, translate: Translate, format: Format): string {
  const names = accept
    .split(',')
    .map((type) => type.trim().toLowerCase())
    .filter(Boolean)
    .map((type) =>
      KINDS[type] ? translate(KINDS[type]) : (EXTENSIONS[type] ?? SHORT_NAME.exec(type)?.[1]?.toUpperCase() ?? ''),
    );
  return names.includes('') ? '' : format.list([...new Set(names)]);
}
