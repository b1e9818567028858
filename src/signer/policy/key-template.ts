/** Key templates, such as `users/{principal}/{date}/{random}/{name}`. */
import { hex, percentEncode, randomBytes, utf8 } from '../util/bytes.js';
import { cleanName, MAX_KEY_BYTES } from './object-keys.js';

/** What may stand in braces. */
export const PLACEHOLDERS = ['principal', 'random', 'date', 'name'] as const;
type Placeholder = (typeof PLACEHOLDERS)[number];

const BRACES = /\{([^{}]*)\}/g;

/** Tells what is wrong with a template, or null. */
export function findTemplateFault(template: string): string | null {
  const names = [...template.matchAll(BRACES)].map(([, name]) => name!);
  const unknown = names.find((name) => !(PLACEHOLDERS as readonly string[]).includes(name));
  if (unknown !== undefined) return `{${unknown}} is none of ${PLACEHOLDERS.map((name) => `{${name}}`).join(' ')}`;
  if (/[{}]/.test(template.replace(BRACES, ''))) return 'a brace stands alone';
  if (!names.includes('random') && !names.includes('name'))
    return 'it has neither {random} nor {name}: one key for all';
  return null;
}

/**
 * Fills in a template. Names are cleaned and shortened to fit, `{random}` is 128 bits, `{date}` the day in UTC, and
 * principals are written so that no two are alike and none holds a slash; nobody's is `~`.
 */
export function expandKeyTemplate(template: string, filename: string, principal: string | null, now: number): string {
  const fixed: Record<Exclude<Placeholder, 'name'>, () => string> = {
    principal: () => encodePrincipal(principal),
    random: () => hex(randomBytes(16)),
    date: () => new Date(now).toISOString().slice(0, 10),
  };
  const withoutName = template.replace(BRACES, (whole, name: Placeholder) => (name === 'name' ? whole : fixed[name]()));
  const names = withoutName.split('{name}').length - 1;
  const room = MAX_KEY_BYTES - utf8(withoutName.replaceAll('{name}', '')).length;
  // a function, since a text would take $& in a file's name for a command
  return withoutName.replaceAll('{name}', () => cleanName(filename, Math.max(Math.floor(room / names), 1)));
}

/** Reversible, so that no two principals share a segment: all but letters, digits, `-` and `_` is encoded. */
function encodePrincipal(principal: string | null): string {
  if (principal === null) return '~';
  return percentEncode(principal).replaceAll('.', '%2E').replaceAll('~', '%7E');
}
