import { withoutPollution } from '../util/json.js';
import { SignerRefusal } from '../util/refusal.js';

/**
 * Reads the fields of one JSON object that a stranger sent: own properties only, every type and bound checked, null
 * taken as absent. Whatever is wrong becomes a 400 that names the field and never repeats its value.
 */
export class JsonFields {
  readonly #record: Readonly<Record<string, unknown>>;
  readonly #path: string;

  /** @throws SignerRefusal 400 unless the value is a JSON object */
  constructor(value: unknown, path = '') {
    this.#path = path;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw new SignerRefusal(
        400,
        'invalid-request',
        `${path.replace(/\.$/, '') || 'The body'} has to be a JSON object.`,
      );
    }
    this.#record = value as Record<string, unknown>;
  }

  /** Tells whether a field is there and not null. */
  has(name: string): boolean {
    return this.value(name) !== undefined;
  }

  /** Gives a field as it came; undefined where it is absent or null. */
  value(name: string): unknown {
    return Object.hasOwn(this.#record, name) ? (this.#record[name] ?? undefined) : undefined;
  }

  /** Gives a field of any shape, without members by which merging it could pollute prototypes. */
  unpollutedValue(name: string): unknown {
    return withoutPollution(this.value(name));
  }

  /** Reads a text of `min` to `max` UTF-16 units. */
  text(name: string, max: number, min = 1): string {
    const value = this.value(name);
    if (typeof value === 'string' && value.length >= min && value.length <= max) return value;
    throw this.#invalid(name, `a text of ${min} to ${max} characters`);
  }

  /** Reads a text of 1 to `max` visible ASCII characters, as stores make their ids of. */
  token(name: string, max: number): string {
    const value = this.text(name, max);
    if (/^[!-~]+$/.test(value)) return value;
    throw this.#invalid(name, `a text of 1 to ${max} visible ASCII characters`);
  }

  optionalText(name: string, max: number): string | undefined {
    return this.has(name) ? this.text(name, max, 0) : undefined;
  }

  /** Reads a whole number between two bounds, both included. */
  integer(name: string, min: number, max: number): number {
    const value = this.value(name);
    if (isIntegerWithin(value, min, max)) return value;
    throw this.#invalid(name, `a whole number from ${min} to ${max}`);
  }

  optionalInteger(name: string, min: number, max: number): number | undefined {
    return this.has(name) ? this.integer(name, min, max) : undefined;
  }

  /** Reads a list of whole numbers, each given once in the answer however often it came. */
  integers(name: string, min: number, max: number, most: number): number[] {
    const value = this.value(name);
    if (Array.isArray(value) && value.length > most) throw this.#tooMany(name, most);
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

  /** Reads one of a few words. */
  optionalOneOf<Word extends string>(name: string, words: readonly Word[]): Word | undefined {
    const value = this.value(name);
    if (value === undefined || words.includes(value as Word)) return value as Word | undefined;
    throw this.#invalid(name, `one of ${words.join(', ')}`);
  }

  /** Reads a list of texts, all of them short. */
  optionalTexts(name: string, max: number, most: number): string[] | undefined {
    const value = this.value(name);
    if (value === undefined) return undefined;
    if (Array.isArray(value) && value.length > most) throw this.#tooMany(name, most);
    if (Array.isArray(value) && value.every((item) => typeof item === 'string' && item.length <= max))
      return value as string[];
    throw this.#invalid(name, `a list of texts of up to ${max} characters`);
  }

  /** Reads a JSON object. */
  optionalRecord(name: string): JsonFields | undefined {
    return this.has(name) ? new JsonFields(this.value(name), `${this.#path}${name}.`) : undefined;
  }

  /** Reads a list of JSON objects. */
  records(name: string, most: number): JsonFields[] {
    const value = this.value(name);
    if (!Array.isArray(value) || value.length === 0) throw this.#invalid(name, 'a list of at least one object');
    if (value.length > most) throw this.#tooMany(name, most);
    return value.map((item, index) => new JsonFields(item, `${this.#path}${name}[${index}].`));
  }

  #invalid(name: string, expected: string): SignerRefusal {
    return new SignerRefusal(400, 'invalid-request', `${this.#path}${name} has to be ${expected}.`);
  }

  #tooMany(name: string, most: number): SignerRefusal {
    return new SignerRefusal(413, 'too-many', `${this.#path}${name} may hold at most ${most} entries in one call.`);
  }
}

function isIntegerWithin(value: unknown, min: number, max: number): value is number {
  return Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max;
}
