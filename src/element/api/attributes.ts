import type { ComplexAttributeConverter } from 'lit';
import { isStandardAccept, parseAccept } from '../../accept.js';
import { parseSize } from '../../limits.js';

/**
 * Reads an attribute or property value of any type and returns a valid value.
 * An invalid value logs one warning that names the attribute, and the default applies: bad markup never throws.
 */
export type Reader<T> = (value: unknown) => T;

const warned = new Set<string>();

function warnOnce(attribute: string, value: unknown, expected: string, fallback: string | number | null): void {
  const outcome = fallback === null ? 'the attribute is ignored' : `"${fallback}" is used`;
  const text = `<mule-upload ${attribute}="${String(value)}">: expected ${expected}; ${outcome}.`;
  if (warned.has(text)) return;
  warned.add(text);
  console.warn(text);
}

function reader<T extends string | number | null>(
  attribute: string,
  expected: string,
  fallback: T,
  parse: (value: unknown) => T | undefined,
): Reader<T> {
  return (value) => {
    if (value === null || value === undefined || value === fallback) return fallback;
    const parsed = parse(value);
    if (parsed === undefined) warnOnce(attribute, value, expected, fallback);
    return parsed === undefined ? fallback : parsed;
  };
}

/** Returns an `accept` list in the syntax of `<input type="file">`; logs a warning if it had to be corrected. */
export function acceptList(value: string): string {
  if (isStandardAccept(value)) return value;
  const corrected = parseAccept(value).join();
  warnOnce('accept', value, 'extensions and types, such as ".jpg,image/*"', corrected || null);
  return corrected;
}

/** Reads an enumerated attribute; case is ignored, as in HTML. */
export const oneOf = <W extends string>(attribute: string, keywords: readonly W[], fallback: W): Reader<W> =>
  reader(attribute, `one of ${keywords.join(', ')}`, fallback, (value) => {
    const keyword = String(value).trim().toLowerCase();
    return keywords.find((known) => known === keyword);
  });

/** Reads a number of bytes; a unit may follow the number. */
export const size = <F extends string | null>(
  attribute: string,
  fallback: F,
  minimum = 0,
  maximum = Infinity,
): Reader<number | F> =>
  reader<number | F>(
    attribute,
    `bytes or a size such as 16MiB${minimum > 0 ? `, from ${minimum} to ${maximum}` : ''}`,
    fallback,
    (value) => {
      try {
        const bytes = parseSize(value as string | number);
        return bytes >= minimum && bytes <= maximum ? bytes : undefined;
      } catch {
        return undefined;
      }
    },
  );

/** Reads a number that is at least `minimum`. */
export const number = <F extends string | number | null>(
  attribute: string,
  fallback: F,
  { minimum, whole = false }: { minimum: number; whole?: boolean },
): Reader<number | F> =>
  reader<number | F>(attribute, `a ${whole ? 'whole ' : ''}number, ${minimum} or more`, fallback, (value) => {
    const parsed = typeof value === 'string' && value.trim() === '' ? NaN : Number(value);
    return parsed >= minimum && Number.isFinite(parsed) && (!whole || Number.isInteger(parsed)) ? parsed : undefined;
  });

/** Turns a reader into Lit's converter; a removed attribute has the default. */
export const toConverter = <T>(read: Reader<T>): ComplexAttributeConverter<T> => ({
  fromAttribute: (value) => read(value),
});
