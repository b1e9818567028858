import { MAX_PART_SIZE, MIN_PART_SIZE } from '../../limits.js';
import { ALGORITHMS } from './checksum-algorithms.js';
import type { UploaderOptions } from './types.js';

/** Options with defaults filled in. `params`, `sign` and `headers` have none. */
export type ResolvedOptions = Required<Omit<UploaderOptions, 'params' | 'sign' | 'headers'>>
  & Pick<UploaderOptions, 'params' | 'sign' | 'headers'>;

export const engineDefaults: Readonly<ResolvedOptions> = Object.freeze({
  signer: '',
  urls: {},
  credentials: 'same-origin',
  headers: undefined,
  params: undefined,
  sign: undefined,
  autostart: true,
  partSize: 'auto',
  concurrency: 'auto',
  maxRetries: Infinity,
  stallTimeout: 30,
  bandwidthLimit: Infinity,
  checksum: 'auto',
  recover: 'auto',
  scope: '',
  recoveryKey: '',
  rules: {},
  objectKey: '',
  contentType: '',
  acl: '',
  keepAwake: false,
  leaveWarning: true,
});

/** The options in force; `configure()` replaces all of them at once. */
export class Settings {
  options: Readonly<ResolvedOptions>;

  constructor(options: Readonly<ResolvedOptions>) {
    this.options = options;
  }

  /** Name under which the browser stores the unfinished uploads of one destination or user. */
  get scope(): string {
    const { scope, signer } = this.options;
    return scope || signer || 'page';
  }

  /** Owner that an upload gets if it is added now. */
  get owner(): { readonly scope: string; readonly recoveryKey: string } {
    return { scope: this.scope, recoveryKey: this.options.recoveryKey };
  }
}

/** Whether uploads with these two sets of options belong to different owners. */
export const isOtherOwner = (options: Readonly<ResolvedOptions>, otherOptions: Readonly<ResolvedOptions>): boolean =>
  options.scope !== otherOptions.scope || options.recoveryKey !== otherOptions.recoveryKey;

/** A function that decides whether a value is valid, and a description of the valid values. */
type Check = readonly [isValid: (value: unknown) => boolean, description: string];

const oneOf = (...words: unknown[]): Check => [(value) => words.includes(value), `one of ${words.join(', ')}`];
const numberWhere = (isValid: (value: number) => boolean, description: string): Check => [
  (value) => typeof value === 'number' && isValid(value),
  description,
];
const autoOr = ([isValid, description]: Check): Check => [
  (value) => value === 'auto' || isValid(value),
  `"auto" or ${description}`,
];

/** Checks of those options whose value may differ in type from the default, or is restricted further. */
const CHECKS: Partial<Record<string, Check>> = {
  urls: [(value) => value !== null && typeof value === 'object', 'an object of URLs by action'],
  credentials: oneOf('same-origin', 'include', 'omit'),
  headers: [(value) => Object(value) === value, 'an object or a function giving one'],
  params: [() => true, 'JSON'],
  sign: [(value) => typeof value === 'function', 'a function'],
  partSize: autoOr(
    numberWhere(
      (value) => Number.isInteger(value) && value >= MIN_PART_SIZE && value <= MAX_PART_SIZE,
      `${MIN_PART_SIZE} to ${MAX_PART_SIZE} bytes`,
    ),
  ),
  concurrency: autoOr(numberWhere((value) => Number.isInteger(value) && value > 0, 'a whole number from 1')),
  maxRetries: numberWhere(
    (value) => value === Infinity || (Number.isInteger(value) && value >= 0),
    'a whole number from 0, or Infinity',
  ),
  stallTimeout: numberWhere((value) => value > 0, 'seconds, more than 0'),
  bandwidthLimit: numberWhere((value) => value > 0, 'bytes per second, more than 0'),
  checksum: oneOf('auto', 'none', ...ALGORITHMS),
  recover: oneOf('auto', 'ask', 'choose', 'off'),
  rules: [(value) => value !== null && typeof value === 'object', 'an object of rules'],
};

/** Formats a value for messages. */
const show = (value: unknown): string => (typeof value === 'string' ? `"${value}"` : String(value));

/**
 * Merges changes into options. `undefined` keeps a value, except of `headers`, `params` and `sign`, which it removes.
 * @throws TypeError with the option and the value
 */
export function mergeOptions(base: Readonly<ResolvedOptions>, changes: UploaderOptions): Readonly<ResolvedOptions> {
  const merged: Record<string, unknown> = { ...base };
  const defaults: Readonly<Record<string, unknown>> = engineDefaults;
  for (const [name, value] of Object.entries(changes)) {
    if (!Object.hasOwn(defaults, name)) throw new TypeError(`mule-upload has no option "${name}"`);
    const type = typeof defaults[name];
    if (value === undefined) {
      if (type === 'undefined') merged[name] = value;
      continue;
    }
    const [isValid, description] = CHECKS[name] ?? [(given: unknown) => typeof given === type, `a ${type}`];
    if (!isValid(value)) throw new TypeError(`option "${name}" takes ${description}, not ${show(value)}`);
    merged[name] = value;
  }
  return Object.freeze(merged) as unknown as Readonly<ResolvedOptions>;
}
