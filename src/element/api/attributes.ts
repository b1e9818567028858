import type { ComplexAttributeConverter } from 'lit';
import { isStandardAccept, parseAccept } from '../../accept.js';
import { parseSize } from '../../limits.js';

/**
 * Reads an attribute or property value of any type and returns a valid value.
 * An invalid value logs one warning that names the attribute, and the default applies. A reader never throws.
 */
export type Reader<T> = (value: unknown) => T;

const loggedWarnings = new Set<string>();

/** Logs a warning that names the attribute, only once for each value. @param fallback the value that applies; null for none */
export function warnOnce(attribute: string, value: unknown, expected: string, fallback: string | number | null): void {
  const outcome = fallback === null ? 'the attribute is ignored' : `"${fallback}" is used`;
  const text = valueOf(value, String) ?? typeof value;
  const message = `<mule-upload ${attribute}="${text}">: expected ${expected}; ${outcome}.`;
  if (loggedWarnings.has(message)) return;
  loggedWarnings.add(message);
  console.warn(message);
}

function createReader<T extends string | number | null>(
  attribute: string,
  expected: string,
  fallback: T,
  parse: (value: unknown) => T | undefined,
): Reader<T> {
  return (value) => {
    if (value === null || value === undefined || value === fallback) return fallback;
    const parsed = valueOf(value, parse);
    if (parsed === undefined) warnOnce(attribute, value, expected, fallback);
    return parsed === undefined ? fallback : parsed;
  };
}

/** @returns undefined for a value that cannot be parsed, or not even converted to a string or number */
function valueOf<T>(value: unknown, parse: (value: unknown) => T | undefined): T | undefined {
  try {
    return parse(value);
  } catch {
    return undefined;
  }
}

/** Returns `accept` in the syntax of `<input type="file">`; logs a warning if that differs from the given value. */
export function normalizeAccept(value: string): string {
  if (isStandardAccept(value)) return value;
  const corrected = parseAccept(value).join();
  warnOnce('accept', value, 'extensions and types, such as ".jpg,image/*"', corrected || null);
  return corrected;
}

/** Creates a reader of an enumerated attribute; case is ignored, as in HTML. */
export const keywordReader = <W extends string>(attribute: string, keywords: readonly W[], fallback: W): Reader<W> =>
  createReader(attribute, `one of ${keywords.join(', ')}`, fallback, (value) => {
    const keyword = String(value).trim().toLowerCase();
    return keywords.find((allowed) => allowed === keyword);
  });

/** Creates a reader of a size: a number of bytes, or a number with a unit, such as `2GB`. */
export const sizeReader = <F extends string | null>(
  attribute: string,
  fallback: F,
  minimum = 0,
  maximum = Infinity,
): Reader<number | F> =>
  createReader<number | F>(
    attribute,
    `bytes or a size such as 16MiB${minimum > 0 ? `, ${minimum} or more` : ''}${maximum < Infinity ? `, at most ${maximum}` : ''}`,
    fallback,
    (value) => {
      const bytes = parseSize(value as string | number);
      return bytes >= minimum && bytes <= maximum ? bytes : undefined;
    },
  );

/** Creates a reader of a number that is at least `minimum`. */
export const numberReader = <F extends string | number | null>(
  attribute: string,
  fallback: F,
  { minimum, isInteger = false }: { minimum: number; isInteger?: boolean },
): Reader<number | F> =>
  createReader<number | F>(attribute, `a ${isInteger ? 'whole ' : ''}number, ${minimum} or more`, fallback, (value) => {
    const parsed = typeof value === 'string' && value.trim() === '' ? NaN : Number(value);
    return parsed >= minimum && Number.isFinite(parsed) && (!isInteger || Number.isInteger(parsed))
      ? parsed
      : undefined;
  });

/** Converts a reader to Lit's converter. A removed attribute sets the property to its default. */
export const toConverter = <T>(read: Reader<T>): ComplexAttributeConverter<T> => ({
  fromAttribute: (value) => read(value),
});
