/** Expands key templates such as `users/{principal}/{date}/{random}/{name}`. */
import { hex, percentEncode, randomBytes, utf8 } from '../util/bytes.js';
import { cleanName, MAX_KEY_BYTES } from './object-keys.js';

/** The placeholders of a template, without braces. */
const PLACEHOLDERS = ['principal', 'random', 'date', 'name'] as const;
type Placeholder = (typeof PLACEHOLDERS)[number];

const BRACES = /\{([^{}]*)\}/g;

/** Returns the fault of a template, or null if it is valid. */
export function findTemplateFault(template: string): string | null {
  const names = [...template.matchAll(BRACES)].map(([, name]) => name!);
  const unknown = names.find((name) => !(PLACEHOLDERS as readonly string[]).includes(name));
  if (unknown !== undefined) return `{${unknown}} is not one of ${PLACEHOLDERS.map((name) => `{${name}}`).join(' ')}`;
  if (/[{}]/.test(template.replace(BRACES, ''))) return 'it has an unmatched brace';
  if (!names.includes('random') && !names.includes('name'))
    return 'it has neither {random} nor {name}, so all files would get one key';
  return null;
}

/**
 * Expands a template. `{name}` is cleaned, and shortened so that the key fits; `{random}` is 128 bits; `{date}` is the
 * day in UTC; `{principal}` is encoded as one unique path segment, `~` for an anonymous upload.
 */
export function expandKeyTemplate(template: string, filename: string, principal: string | null, now: number): string {
  const expand: Record<Exclude<Placeholder, 'name'>, () => string> = {
    principal: () => encodePrincipal(principal),
    random: () => hex(randomBytes(16)),
    date: () => new Date(now).toISOString().slice(0, 10),
  };
  const withoutName = template.replace(BRACES, (placeholder, name: Placeholder) =>
    name === 'name' ? placeholder : expand[name](),
  );
  const nameCount = withoutName.split('{name}').length - 1;
  const availableBytes = MAX_KEY_BYTES - utf8(withoutName.replaceAll('{name}', '')).length;
  // a replacement function, because a replacement string would interpret $& in a file's name
  return withoutName.replaceAll('{name}', () =>
    cleanName(filename, Math.max(Math.floor(availableBytes / nameCount), 1)),
  );
}

/** Encodes all but letters, digits, `-` and `_`, reversibly, so that no two principals share a segment. */
function encodePrincipal(principal: string | null): string {
  if (principal === null) return '~';
  return percentEncode(principal).replaceAll('.', '%2E').replaceAll('~', '%7E');
}
