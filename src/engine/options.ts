import { MAX_PART_SIZE, MIN_PART_SIZE } from '../limits.js';
import type { UploaderOptions } from './types.js';

/** Options with every default filled in; `params`, `sign` and `headers` may stay away. */
export type ResolvedOptions = Required<Omit<UploaderOptions, 'params' | 'sign' | 'headers'>> &
  Pick<UploaderOptions, 'params' | 'sign' | 'headers'>;

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
  objectKey: '',
  contentType: '',
  acl: '',
  keepAwake: false,
  leaveWarning: true,
});

type Check = (value: unknown) => boolean;
const isText: Check = value => typeof value === 'string';
const isFlag: Check = value => typeof value === 'boolean';
const isOneOf = (...values: unknown[]): Check => value => values.includes(value);
const isNumber = (least: number, most = Infinity): Check => value => typeof value === 'number' && value >= least && value <= most;
const isWhole = (least: number): Check => value => value === Infinity || (Number.isInteger(value) && (value as number) >= least);
const isAbsentOr = (check: Check): Check => value => value === undefined || check(value);
const isFunction: Check = value => typeof value === 'function';
const isObject: Check = value => typeof value === 'object' && value !== null;

const CHECKS: Record<keyof UploaderOptions, [Check, string]> = {
  signer: [isText, 'a URL'],
  urls: [isObject, 'an object of URLs by action'],
  credentials: [isOneOf('same-origin', 'include', 'omit'), '"same-origin", "include" or "omit"'],
  headers: [value => value === undefined || isObject(value) || isFunction(value), 'an object or a function giving one'],
  params: [() => true, 'JSON'],
  sign: [isAbsentOr(isFunction), 'a function'],
  autostart: [isFlag, 'true or false'],
  partSize: [
    value => value === 'auto' || (Number.isInteger(value) && isNumber(MIN_PART_SIZE, MAX_PART_SIZE)(value)),
    `"auto" or ${MIN_PART_SIZE} to ${MAX_PART_SIZE} bytes`,
  ],
  concurrency: [value => value === 'auto' || (isWhole(1)(value) && value !== Infinity), '"auto" or a whole number from 1'],
  maxRetries: [isWhole(0), 'a whole number from 0, or Infinity'],
  stallTimeout: [value => isNumber(0)(value) && value !== 0, 'seconds, more than 0'],
  bandwidthLimit: [value => isNumber(0)(value) && value !== 0, 'bytes per second, more than 0'],
  checksum: [isOneOf('auto', 'none', 'crc64nvme', 'crc32c', 'crc32', 'sha256'), 'the name of a checksum, "auto" or "none"'],
  recover: [isOneOf('auto', 'ask', 'off'), '"auto", "ask" or "off"'],
  scope: [isText, 'text'],
  objectKey: [isText, 'text'],
  contentType: [isText, 'a MIME type'],
  acl: [isText, 'the name of an ACL'],
  keepAwake: [isFlag, 'true or false'],
  leaveWarning: [isFlag, 'true or false'],
};

/** An option's value without `null`s or functions spelled out, for messages. */
const show = (value: unknown): string => (typeof value === 'string' ? `"${value}"` : String(value));

/**
 * Lays options over others; what is undefined leaves what was, but for `headers`, `params` and `sign`.
 * @throws TypeError naming option and value
 */
export function mergeOptions(base: Readonly<ResolvedOptions>, changes: UploaderOptions): Readonly<ResolvedOptions> {
  const merged: Record<string, unknown> = { ...base };
  for (const [name, value] of Object.entries(changes)) {
    const check = CHECKS[name as keyof UploaderOptions];
    if (!check) throw new TypeError(`mule-upload has no option "${name}"`);
    if (value === undefined && !['headers', 'params', 'sign'].includes(name)) continue;
    if (!check[0](value)) throw new TypeError(`option "${name}" takes ${check[1]}, not ${show(value)}`);
    merged[name] = value;
  }
  return Object.freeze(merged) as unknown as Readonly<ResolvedOptions>;
}
