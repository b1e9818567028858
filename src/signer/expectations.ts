/** What options have to be, and how their owner is told where they are not. */

/** An option that does not fit; `detail` tells its value, if it is no secret, and what would. */
export class OptionError extends TypeError {
  override readonly name = 'OptionError';
  constructor(
    /** Such as `policy.maxSize`. */
    readonly option: string,
    readonly detail: string,
  ) {
    super(`option ${option}: ${detail}`);
  }
}

/** @throws OptionError unless the value fits */
export function expect(name: string, value: unknown, isFit: (value: unknown) => boolean, what: string): void {
  if (isFit(value)) return;
  throw new OptionError(name, `${typeof value === 'string' ? JSON.stringify(value) : String(value)} is not ${what}`);
}

/** Leaves out what is undefined, so that defaults take its place. */
export const withoutUndefined = <T extends object>(object: T): T =>
  Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as T;

export const isBoolean = (value: unknown): boolean => typeof value === 'boolean';
export const isFunction = (value: unknown): boolean => typeof value === 'function';
export const isMatch =
  (pattern: RegExp) =>
  (value: unknown): boolean =>
    typeof value === 'string' && pattern.test(value);
export const isIntegerFrom =
  (min: number, max: number) =>
  (value: unknown): boolean =>
    Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max;
export const isListOf =
  (isFit: (item: unknown) => boolean) =>
  (value: unknown): value is readonly string[] =>
    Array.isArray(value) && value.every(isFit);
