/** Tools for untrusted JSON: a parser that limits depth and width, and a copy without members that pollute prototypes. */
import { SignerRefusal } from './refusal.js';

/** Levels of nesting. The protocol itself needs four; `params` may need more. */
export const MAX_JSON_DEPTH = 32;
/** Entries of one list, or members of one object; an upload has as many parts. */
export const MAX_JSON_ENTRIES = 10_000;

const QUOTE = 0x22;
const COMMA = 0x2c;
const BACKSLASH = 0x5c;
const OPEN = new Set([0x5b, 0x7b]);
const CLOSE = new Set([0x5d, 0x7d]);

/**
 * Parses JSON, after a scan of its brackets and commas has shown that it is within the limits: `JSON.parse` needs a
 * hundred times the memory of a text that consists of brackets. Removes no members: see `withoutPollution`.
 * @throws SignerRefusal 400 for invalid JSON or too many levels, 413 for too many entries
 */
export function parseJson(text: string): unknown {
  expectBounded(text);
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new SignerRefusal(400, 'invalid-json', 'The body is not valid JSON in UTF-8.');
  }
}

function expectBounded(text: string): void {
  /** Commas of each open list or object, the outermost first. */
  const commas: number[] = [];
  let isInString = false;
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    if (isInString) {
      if (unit === BACKSLASH) index += 1;
      else if (unit === QUOTE) isInString = false;
    } else if (unit === QUOTE) isInString = true;
    else if (OPEN.has(unit)) {
      if (commas.push(0) > MAX_JSON_DEPTH)
        throw new SignerRefusal(400, 'invalid-json', `The body is nested deeper than ${MAX_JSON_DEPTH} levels.`);
    } else if (CLOSE.has(unit)) commas.pop();
    else if (unit === COMMA && commas.length > 0 && ++commas[commas.length - 1]! >= MAX_JSON_ENTRIES)
      throw new SignerRefusal(413, 'too-many', `A list in the body has more than ${MAX_JSON_ENTRIES} entries.`);
  }
}

/** Names that reach the shared prototype when an object is merged carelessly. */
const POLLUTING_NAMES = new Set(['__proto__', 'constructor', 'prototype']);

/** Copies parsed JSON without the members that could pollute prototypes. */
export function withoutPollution(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutPollution);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([name]) => !POLLUTING_NAMES.has(name));
  return Object.fromEntries(entries.map(([name, member]) => [name, withoutPollution(member)]));
}
