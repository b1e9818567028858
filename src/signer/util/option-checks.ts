/** What options have to be, and how their owner is told where they are not. */

import { redact } from './redact.js';

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

/** The environment variable that usually holds an option; the command line reads these, and READMEs show them. */
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

/** Asks, where a value is missing or empty, whether its environment variable is set; else the empty text. */
export const environmentHint = (name: string, value: unknown): string =>
  (value === undefined || value === null || value === '') && Object.hasOwn(ENVIRONMENT_VARIABLES, name)
    ? `; is the environment variable ${ENVIRONMENT_VARIABLES[name]} set?`
    : '';

/** @throws OptionError unless the value fits; its text holds no password of a URL */
export function expect(name: string, value: unknown, isFit: (value: unknown) => boolean, what: string): void {
  if (isFit(value)) return;
  const shown = redact(typeof value === 'string' ? JSON.stringify(value) : String(value));
  throw new OptionError(name, `${shown} is not ${what}${environmentHint(name, value)}`);
}

/**
 * Checks the secrets that seal grants and receipts.
 * @returns them as a list, the first one seals
 * @throws OptionError for none, or one shorter than 16 characters; it never repeats them
 */
export function checkSecrets(secret: unknown, option = 'secret'): readonly string[] {
  const secrets: readonly unknown[] = Array.isArray(secret) ? secret : [secret];
  const isLong = (text: unknown): text is string => typeof text === 'string' && text.length >= 16;
  if (secrets.length > 0 && secrets.every(isLong)) return secrets;
  const hint = environmentHint(
    'secret',
    secrets.find((text) => !isLong(text)),
  );
  throw new OptionError(option, `give one text, or a list of texts, of 16 characters or more each${hint}`);
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
