/** JSON of strangers: read only where it is neither deep nor wide, and handed on only without what could pollute. */
import { SignerRefusal } from './refusal.js';

/** Levels of objects and lists within one another; the protocol itself has four, `params` may have more. */
export const MAX_JSON_DEPTH = 32;
/** Entries of one list, or members of one object: as many as an upload has parts. */
export const MAX_JSON_ENTRIES = 10_000;

const QUOTE = 0x22;
const COMMA = 0x2c;
const BACKSLASH = 0x5c;
const OPEN = new Set([0x5b, 0x7b]);
const CLOSE = new Set([0x5d, 0x7d]);

/**
 * Parses a text, once a glance at its brackets and commas has shown that it is neither deep nor wide: what
 * `JSON.parse` makes of a megabyte of brackets costs a hundred times its bytes.
 * @throws SignerRefusal 400 for a text that is no JSON or too deep, 413 for one with too many entries
 */
export function parseJson(text: string): unknown {
  expectBounded(text);
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new SignerRefusal(400, 'invalid-json', 'The body is no JSON text in UTF-8.');
  }
}

function expectBounded(text: string): void {
  const commas: number[] = [];
  let isText = false;
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    if (isText) {
      if (unit === BACKSLASH) index += 1;
      else if (unit === QUOTE) isText = false;
    } else if (unit === QUOTE) isText = true;
    else if (OPEN.has(unit)) {
      if (commas.push(0) > MAX_JSON_DEPTH)
        throw new SignerRefusal(400, 'invalid-json', `The body is nested deeper than ${MAX_JSON_DEPTH} levels.`);
    } else if (CLOSE.has(unit)) commas.pop();
    else if (unit === COMMA && commas.length > 0 && ++commas[commas.length - 1]! >= MAX_JSON_ENTRIES)
      throw new SignerRefusal(413, 'too-many', `A list in the body has more than ${MAX_JSON_ENTRIES} entries.`);
  }
}

/** Names by which a careless merge reaches what all objects share. */
const POLLUTING_NAMES = new Set(['__proto__', 'constructor', 'prototype']);

/** Copies parsed JSON without members by which merging it into another object could pollute prototypes. */
export function withoutPollution(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutPollution);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([name]) => !POLLUTING_NAMES.has(name));
  return Object.fromEntries(entries.map(([name, member]) => [name, withoutPollution(member)]));
}
