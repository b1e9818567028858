import { MAX_OBJECT_SIZE, MAX_PART_SIZE, MIN_PART_SIZE } from '../limits.js';
import type { Action } from '../protocol.js';
import type { Policy, SettledPolicy } from './policy.js';
import { POLICY_DEFAULTS } from './policy.js';
import type { Credentials } from './presign.js';
import { isEndpoint, locateStore } from './store.js';
import type { StoreAddress } from './store.js';
import type { Tracker } from './tracker.js';

export interface SignerOptions {
  bucket: string;
  /** `us-east-1` by default. */
  region?: string;
  /** URL of the store; by default Amazon's for the region. */
  endpoint?: string;
  /** Whether the bucket stands in the path; by default where an endpoint is given. */
  pathStyle?: boolean;
  /**
   * Signs; needs no more than s3:PutObject, s3:GetObject, s3:AbortMultipartUpload, s3:ListMultipartUploadParts, and
   * with `policy.acls` s3:PutObjectAcl.
   */
  credentials: Credentials | (() => Credentials | Promise<Credentials>);
  /**
   * Tells by headers or cookies who calls, in an id that stays the same; null: nobody. It leaves the body alone. A
   * whole number, such as a database's id, counts as its text: 7 and `'7'` are the same person. Ids above
   * `Number.MAX_SAFE_INTEGER` are refused unless they are text: rounded to a number, two people's could be one.
   */
  authorize?: (request: Request, action: Action) => string | number | null | Promise<string | number | null>;
  /** Lets anybody upload; needed where nothing authorizes. */
  allowAnonymous?: true;
  /**
   * Seals grants; the first of several seals, all open. By default derived from the secret access key: give one of your
   * own where credentials rotate, or uploads begun before cannot go on after.
   */
  secret?: string | readonly string[];
  /** Origins of the pages that may call from elsewhere, such as `https://example.org`, or `*`; by default none. */
  origins?: readonly string[];
  policy?: Policy;
  /** Lets people go on with an upload on another machine. */
  tracker?: Tracker;
  /** Seconds that a signed URL lives, at most as long as the credentials; 3,600 by default, 604,800 at most. */
  expires?: number;
  /** Seconds that a grant signs further parts; 7 days by default. */
  grantLife?: number;
  /** Seconds since an upload began in which its grant can be renewed; 30 days by default. */
  renewalTime?: number;
  /** Hears of faults that callers see as a bare 500; `console.error` by default. */
  onError?: (error: unknown) => void;
  /** Epoch milliseconds; the clock by default. */
  now?: () => number;
}

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

const DAY = 86_400;
/** Signature Version 4 knows no longer life. */
const MAX_EXPIRES = 7 * DAY;

export const OPTION_DEFAULTS = {
  region: 'us-east-1',
  expires: 3_600,
  grantLife: 7 * DAY,
  renewalTime: 30 * DAY,
  onError: (error: unknown): void => console.error('mule-upload signer:', error),
  now: (): number => Date.now(),
} as const;

export interface Settings {
  bucket: string;
  region: string;
  store: StoreAddress;
  credentials: () => Promise<Credentials>;
  authorize: SignerOptions['authorize'];
  allowAnonymous: boolean;
  secrets: readonly string[] | null;
  /** Null: no answer is meant for pages of another origin. */
  origins: ReadonlySet<string> | null;
  policy: SettledPolicy;
  tracker: Tracker | null;
  /** Seconds. */
  expires: number;
  /** Milliseconds. */
  grantLife: number;
  /** Milliseconds. */
  renewalTime: number;
  onError: (error: unknown) => void;
  now: () => number;
}

/**
 * Checks the options and fills in the defaults.
 * @throws OptionError, a TypeError, naming option and value; of credentials and secrets the name alone
 */
export function settle(options: SignerOptions): Settings {
  const { bucket, endpoint, pathStyle, authorize, allowAnonymous, tracker } = options;
  const settings = { ...OPTION_DEFAULTS, ...withoutUndefined(options) };
  const { region, expires, grantLife, renewalTime, onError, now } = settings;
  expect('bucket', bucket, isMatch(/^[a-z\d][\w.-]{0,254}$/i), 'the name of a bucket');
  expect('region', region, isMatch(/^[\w-]{1,64}$/), 'the name of a region');
  if (endpoint !== undefined) expect('endpoint', endpoint, isEndpoint, 'an http or https URL of a store');
  if (pathStyle !== undefined) expect('pathStyle', pathStyle, (value) => typeof value === 'boolean', 'true or false');
  for (const name of ['authorize', 'onError', 'now'] as const) {
    if (settings[name] !== undefined) expect(name, settings[name], isFunction, 'a function');
  }
  if (allowAnonymous !== undefined) expect('allowAnonymous', allowAnonymous, (value) => value === true, 'true');
  if (!authorize && !allowAnonymous) {
    throw new OptionError('authorize', 'undefined; give a function that tells who calls, or allowAnonymous: true');
  }
  expect('expires', expires, isIntegerFrom(1, MAX_EXPIRES), `whole seconds from 1 to ${MAX_EXPIRES}`);
  expect('grantLife', grantLife, isIntegerFrom(1, Number.MAX_SAFE_INTEGER), 'whole seconds above 0');
  expect('renewalTime', renewalTime, isIntegerFrom(0, Number.MAX_SAFE_INTEGER), 'whole seconds');
  if (tracker !== undefined) expect('tracker', tracker, isTracker, 'an object with find, note and forget');
  return {
    bucket,
    region,
    store: locateStore({ bucket, region, endpoint, pathStyle }),
    credentials: credentialsFrom(options.credentials),
    authorize,
    allowAnonymous: allowAnonymous ?? false,
    secrets: options.secret === undefined ? null : secretsFrom(options.secret),
    origins: options.origins === undefined ? null : new Set(originsFrom(options.origins)),
    policy: settlePolicy(options.policy === undefined ? {} : options.policy),
    tracker: tracker ?? null,
    expires,
    grantLife: grantLife * 1_000,
    renewalTime: renewalTime * 1_000,
    onError,
    now,
  };
}

function settlePolicy(policy: Policy): SettledPolicy {
  expect('policy', policy, (value) => typeof value === 'object' && value !== null, 'an object');
  const settled = { ...POLICY_DEFAULTS, ...withoutUndefined(policy) };
  const { maxSize, minSize, maxFiles, partSize, accept, key, objectKeys, acls } = settled;
  expect('policy.maxSize', maxSize, isIntegerFrom(0, MAX_OBJECT_SIZE), `bytes from 0 to ${MAX_OBJECT_SIZE}`);
  expect('policy.minSize', minSize, isIntegerFrom(0, maxSize), `bytes from 0 to maxSize (${maxSize})`);
  expect('policy.maxFiles', maxFiles, isIntegerFrom(1, 10_000), 'a whole number from 1 to 10,000');
  if (partSize !== undefined) {
    expect(
      'policy.partSize',
      partSize,
      isIntegerFrom(MIN_PART_SIZE, MAX_PART_SIZE),
      `bytes from ${MIN_PART_SIZE} to ${MAX_PART_SIZE}`,
    );
  }
  if (accept !== undefined) expect('policy.accept', accept, isMatch(/^/), 'a text');
  if (key !== undefined) expect('policy.key', key, isFunction, 'a function');
  if (objectKeys !== undefined) expect('policy.objectKeys', objectKeys, isMatch(/^/), 'the prefix of keys');
  if (acls !== undefined) expect('policy.acls', acls, isListOf(isMatch(/^[\w-]+$/)), 'a list of canned ACLs');
  return settled;
}

function credentialsFrom(source: SignerOptions['credentials']): () => Promise<Credentials> {
  if (typeof source === 'function') return async () => checkCredentials(await source());
  const credentials = checkCredentials(source);
  return async () => credentials;
}

function checkCredentials(credentials: Credentials): Credentials {
  for (const name of ['accessKeyId', 'secretAccessKey'] as const) {
    if (!isMatch(/./)(credentials?.[name])) {
      throw new OptionError(`credentials.${name}`, `a value of type ${typeof credentials?.[name]} or empty is no key`);
    }
  }
  return credentials;
}

function secretsFrom(secret: string | readonly string[]): readonly string[] {
  const secrets = typeof secret === 'string' ? [secret] : secret;
  if (isListOf((text) => typeof text === 'string' && text.length >= 16)(secrets) && secrets.length > 0) return secrets;
  throw new OptionError('secret', 'give one text, or a list of texts, of 16 characters or more each');
}

function originsFrom(origins: readonly string[]): readonly string[] {
  expect('origins', origins, Array.isArray, 'a list');
  for (const origin of origins) expect('origins', origin, isOrigin, 'an origin such as https://example.org');
  return origins;
}

function expect(name: string, value: unknown, isFit: (value: unknown) => boolean, what: string): void {
  if (isFit(value)) return;
  throw new OptionError(name, `${typeof value === 'string' ? JSON.stringify(value) : String(value)} is not ${what}`);
}

const withoutUndefined = <T extends object>(object: T): T =>
  Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as T;

const isOrigin = (value: unknown): boolean =>
  value === '*' || (typeof value === 'string' && URL.canParse(value) && new URL(value).origin === value);
const isFunction = (value: unknown): boolean => typeof value === 'function';
const isMatch =
  (pattern: RegExp) =>
  (value: unknown): boolean =>
    typeof value === 'string' && pattern.test(value);
const isIntegerFrom =
  (min: number, max: number) =>
  (value: unknown): boolean =>
    Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max;
const isListOf =
  (isFit: (item: unknown) => boolean) =>
  (value: unknown): value is readonly string[] =>
    Array.isArray(value) && value.every(isFit);
const isTracker = (value: unknown): boolean =>
  (['find', 'note', 'forget'] as const).every((name) => isFunction((value as Tracker | null)?.[name]));
