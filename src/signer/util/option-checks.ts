/** Validates options, and describes invalid ones. */

import { redact } from './redact.js';

/** An invalid option. */
export class OptionError extends TypeError {
  override readonly name = 'OptionError';
  constructor(
    /** Such as `policy.maxSize`. */
    readonly option: string,
    /** The invalid value, unless it is secret, and the valid ones. */
    readonly detail: string,
  ) {
    super(`option ${option}: ${detail}`);
  }
}

/** The environment variables of the options, as the command line reads them and the README uses them. */
export const ENVIRONMENT_VARIABLES: Readonly<Record<string, string>> = {
  name: 'SIGNER_NAME',
  bucket: 'S3_BUCKET',
  region: 'AWS_REGION',
  endpoint: 'S3_ENDPOINT',
  checksums: 'CHECKSUMS',
  refusesUnsignedHeaders: 'REFUSES_UNSIGNED_HEADERS',
  'credentials.accessKeyId': 'AWS_ACCESS_KEY_ID',
  'credentials.secretAccessKey': 'AWS_SECRET_ACCESS_KEY',
  'credentials.sessionToken': 'AWS_SESSION_TOKEN',
  secret: 'SIGNER_SECRET',
  origins: 'ORIGINS',
  'policy.maxSize': 'MAX_SIZE',
  'policy.partSize': 'PART_SIZE',
};

/** Returns a hint at the environment variable of a missing or empty value; else an empty string. */
export const environmentHint = (name: string, value: unknown): string =>
  (value === undefined || value === null || value === '') && Object.hasOwn(ENVIRONMENT_VARIABLES, name)
    ? `; is the environment variable ${ENVIRONMENT_VARIABLES[name]} set?`
    : '';

/**
 * Checks one option. Passwords in URLs are removed from the error.
 * @param expected completes the message: "{value} is not {expected}"
 * @throws OptionError for an invalid value
 */
export function expect(name: string, value: unknown, isValid: (value: unknown) => boolean, expected: string): void {
  if (isValid(value)) return;
  const shown = redact(typeof value === 'string' ? JSON.stringify(value) : String(value));
  throw new OptionError(name, `${shown} is not ${expected}${environmentHint(name, value)}`);
}

/**
 * Checks the secrets that seal grants and receipts.
 * @returns the secrets as a list; the first one seals
 * @throws OptionError for an empty list, or a secret below 16 characters; the error contains no secret
 */
export function checkSecrets(secret: unknown, option = 'secret'): readonly string[] {
  const secrets: readonly unknown[] = Array.isArray(secret) ? secret : [secret];
  const isLong = (text: unknown): text is string => typeof text === 'string' && text.length >= 16;
  if (secrets.length > 0 && secrets.every(isLong)) return secrets;
  const hint = environmentHint(
    'secret',
    secrets.find((text) => !isLong(text)),
  );
  throw new OptionError(option, `expected a string, or a list of strings, of at least 16 characters each${hint}`);
}

/** Removes undefined members, so that defaults apply. */
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
  (isValid: (item: unknown) => boolean) =>
  (value: unknown): value is readonly string[] =>
    Array.isArray(value) && value.every(isValid);
