import type { ComplexAttributeConverter } from 'lit';
import { isStandardAccept, parseAccept } from '../../accept.js';
import { parseSize } from '../../limits.js';

/**
 * Reads one attribute or property value; whatever type comes in, a legal value goes out.
 * Bad markup never breaks a page: a bad value warns once on the console, naming the attribute, and the default holds.
 */
export type Reader<T> = (value: unknown) => T;

const warned = new Set<string>();

function warnOnce(attribute: string, value: unknown, wanted: string, fallback: string | number | null): void {
  const text = `<mule-upload ${attribute}="${String(value)}">: wanted ${wanted}; ${fallback === null ? 'it is left out' : `"${fallback}" holds`}.`;
  if (warned.has(text)) return;
  warned.add(text);
  console.warn(text);
}

function reader<T extends string | number | null>(
  attribute: string,
  wanted: string,
  fallback: T,
  parse: (value: unknown) => T | undefined,
): Reader<T> {
  return (value) => {
    if (value === null || value === undefined || value === fallback) return fallback;
    const read = parse(value);
    if (read === undefined) warnOnce(attribute, value, wanted, fallback);
    return read === undefined ? fallback : read;
  };
}

/** An `accept` list, as a file input takes it. */
export function acceptList(value: string): string {
  if (isStandardAccept(value)) return value;
  const mended = parseAccept(value).join();
  warnOnce('accept', value, 'extensions and types, such as ".jpg,image/*"', mended || null);
  return mended;
}

/** One of several words, in any case, as enumerated attributes of HTML are. */
export const oneOf = <W extends string>(attribute: string, words: readonly W[], fallback: W): Reader<W> =>
  reader(attribute, `one of ${words.join(', ')}`, fallback, (value) => {
    const word = String(value).trim().toLowerCase();
    return words.find((known) => known === word);
  });

/** Bytes, from `minimum` on; a unit may follow the number. */
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

/** A number, from `minimum` on. */
export const number = <F extends string | number | null>(
  attribute: string,
  fallback: F,
  { minimum, whole = false }: { minimum: number; whole?: boolean },
): Reader<number | F> =>
  reader<number | F>(attribute, `a ${whole ? 'whole ' : ''}number from ${minimum} on`, fallback, (value) => {
    const read = typeof value === 'string' && value.trim() === '' ? NaN : Number(value);
    return read >= minimum && Number.isFinite(read) && (!whole || Number.isInteger(read)) ? read : undefined;
  });

/** Lets a reader serve as Lit's converter; a removed attribute gives the default. */
export const converter = <T>(read: Reader<T>): ComplexAttributeConverter<T> => ({
  fromAttribute: (value) => read(value),
});
