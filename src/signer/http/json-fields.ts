import { withoutPollution } from '../util/json.js';
import { SignerRefusal } from '../util/refusal.js';

/**
 * Reads the fields of one untrusted JSON object: own properties only, with types and bounds checked. Null counts as
 * absent. An invalid field is refused with a 400 that names the field but not its value.
 */
export class JsonFields {
  readonly #record: Readonly<Record<string, unknown>>;
  /** The text before a field's name in messages, such as `files[3].`; empty for the body. */
  readonly #prefix: string;

  /** @throws SignerRefusal 400 unless the value is a JSON object */
  constructor(value: unknown, path = '') {
    this.#prefix = path;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw new SignerRefusal(
        400,
        'invalid-request',
        `${path.replace(/\.$/, '') || 'The body'} must be a JSON object.`,
      );
    }
    this.#record = value as Record<string, unknown>;
  }

  /** Whether a field is present and not null. */
  has(name: string): boolean {
    return this.value(name) !== undefined;
  }

  /** Returns a field unchecked; undefined if it is absent or null. */
  value(name: string): unknown {
    return Object.hasOwn(this.#record, name) ? (this.#record[name] ?? undefined) : undefined;
  }

  /** Returns a field unchecked, without the members that could pollute prototypes. */
  unpollutedValue(name: string): unknown {
    return withoutPollution(this.value(name));
  }

  /** Reads a string of `min` to `max` UTF-16 units. */
  text(name: string, max: number, min = 1): string {
    const value = this.value(name);
    if (typeof value === 'string' && value.length >= min && value.length <= max) return value;
    throw this.#invalid(name, `a string of ${min} to ${max} characters`);
  }

  /** Reads a string of 1 to `max` visible ASCII characters, such as an upload ID. */
  token(name: string, max: number): string {
    const value = this.text(name, max);
    if (/^[!-~]+$/.test(value)) return value;
    throw this.#invalid(name, `a string of 1 to ${max} visible ASCII characters`);
  }

  optionalText(name: string, max: number): string | undefined {
    return this.has(name) ? this.text(name, max, 0) : undefined;
  }

  /** Reads a whole number; both bounds are included. */
  integer(name: string, min: number, max: number): number {
    const value = this.value(name);
    if (isIntegerWithin(value, min, max)) return value;
    throw this.#invalid(name, `a whole number from ${min} to ${max}`);
  }

  optionalInteger(name: string, min: number, max: number): number | undefined {
    return this.has(name) ? this.integer(name, min, max) : undefined;
  }

  /** Reads a list of whole numbers, without duplicates. */
  integers(name: string, min: number, max: number, maxEntries: number): number[] {
    const value = this.value(name);
    if (Array.isArray(value) && value.length > maxEntries) throw this.#tooMany(name, maxEntries);
    if (!Array.isArray(value) || !value.every((item) => isIntegerWithin(item, min, max))) {
      throw this.#invalid(name, `a list of whole numbers from ${min} to ${max}`);
    }
    return [...new Set(value)];
  }

  flag(name: string): boolean {
    const value = this.value(name);
    if (value === undefined || typeof value === 'boolean') return value ?? false;
    throw this.#invalid(name, 'true or false');
  }

  /** Reads one of several strings. */
  optionalOneOf<Choice extends string>(name: string, choices: readonly Choice[]): Choice | undefined {
    const value = this.value(name);
    if (value === undefined || choices.includes(value as Choice)) return value as Choice | undefined;
    throw this.#invalid(name, `one of ${choices.join(', ')}`);
  }

  /** Reads a list of strings of up to `max` UTF-16 units each. */
  optionalTexts(name: string, max: number, maxEntries: number): string[] | undefined {
    const value = this.value(name);
    if (value === undefined) return undefined;
    if (Array.isArray(value) && value.length > maxEntries) throw this.#tooMany(name, maxEntries);
    if (Array.isArray(value) && value.every((item) => typeof item === 'string' && item.length <= max))
      return value as string[];
    throw this.#invalid(name, `a list of strings of up to ${max} characters`);
  }

  /** Reads a JSON object. */
  optionalRecord(name: string): JsonFields | undefined {
    return this.has(name) ? new JsonFields(this.value(name), `${this.#prefix}${name}.`) : undefined;
  }

  /** Reads a list of JSON objects. */
  records(name: string, maxEntries: number): JsonFields[] {
    const value = this.value(name);
    if (!Array.isArray(value) || value.length === 0) throw this.#invalid(name, 'a list of at least one object');
    if (value.length > maxEntries) throw this.#tooMany(name, maxEntries);
    return value.map((item, index) => new JsonFields(item, `${this.#prefix}${name}[${index}].`));
  }

  #invalid(name: string, expected: string): SignerRefusal {
    return new SignerRefusal(400, 'invalid-request', `${this.#prefix}${name} must be ${expected}.`);
  }

  #tooMany(name: string, maxEntries: number): SignerRefusal {
    return new SignerRefusal(
      413,
      'too-many',
      `${this.#prefix}${name} may have at most ${maxEntries} entries in one call.`,
    );
  }
}

function isIntegerWithin(value: unknown, min: number, max: number): value is number {
  return Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max;
}
