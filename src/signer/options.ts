import type { Action, ChecksumAlgorithm } from '../protocol.js';
import type { AccessEntry } from './http/access-log.js';
import { CHECKSUM_ALGORITHMS, isChecksumAlgorithm } from './s3/checksums.js';
import {
  expect,
  isBoolean,
  isFunction,
  isIntegerFrom,
  isListOf,
  isMatch,
  OptionError,
  secretsFrom,
  unsetHint,
  withoutUndefined,
} from './util/expectations.js';
import type { StoredFile } from './actions/finish.js';
import type { Policy, SettledPolicy } from './policy/policy.js';
import { settlePolicy } from './policy/policy-options.js';
import type { Credentials } from './s3/presign.js';
import { describeError } from './util/redact.js';
import { isAmazon, isEndpoint, isSafeFromUnsignedHeaders, locateStore, storeNameOf } from './s3/store.js';
import type { StoreAddress } from './s3/store.js';
import type { Tracker } from './tracker/tracker.js';
import { parseUrl } from './util/url.js';

export interface SignerOptions {
  /**
   * Names this signer, where several share a bucket and a secret: none of them takes another's grants, and
   * `verifyReceipt` tells their receipts apart. Up to 128 characters; none by default. Uploads under way begin afresh
   * when it changes, as they do when `endpoint`, `region` or `bucket` change.
   */
  name?: string;
  bucket: string;
  /** `us-east-1` by default. */
  region?: string;
  /** URL of the store; by default Amazon's for the region. */
  endpoint?: string;
  /** Whether the bucket stands in the path; by default where an endpoint is given. */
  pathStyle?: boolean;
  /** Reaches Amazon's store by IPv6 as well as IPv4. */
  dualStack?: boolean;
  /** Reaches Amazon's store by its edge network; the bucket has to have transfer acceleration switched on. */
  accelerate?: boolean;
  /**
   * The checksums that the store verifies; of those that a browser offers, its first choice among them is used. By
   * default all that there are at Amazon, `crc64nvme`, `crc32c`, `crc32` and `sha256`, and none at another endpoint: a
   * store that does not know them ignores them at best. Where any is named, the store is also told the object's size
   * (`x-amz-mp-object-size`), and the bucket's CORS rule has to allow the headers `x-amz-*`.
   */
  checksums?: readonly ChecksumAlgorithm[];
  /**
   * Whether the store refuses `x-amz-*` headers that are not in the signature; by default true at Amazon and R2, false at
   * another endpoint, since Ceph 16, MinIO and others act on them. Where false, the signer also signs what defeats the
   * worst of them: `x-amz-acl` (`private`, or what the policy allows) against a public object, and conditions that no
   * copy meets against `x-amz-copy-source`. The bucket's CORS rule then has to allow the headers `x-amz-*`. Say true
   * where `npx mule-upload signer --check` has seen that the store refuses them, or where it takes no `x-amz-acl`
   * (buckets without ACLs).
   */
  refusesUnsignedHeaders?: boolean;
  /**
   * Signs; a function is asked at every call, so let it remember what it fetched (those of the AWS SDK do). Needs no
   * more than s3:PutObject, s3:GetObject, s3:AbortMultipartUpload, s3:ListMultipartUploadParts, and with `policy.acls`
   * s3:PutObjectAcl.
   */
  credentials: Credentials | (() => Credentials | Promise<Credentials>);
  /**
   * Tells by headers or cookies who calls, in an id that stays the same; null: nobody. It leaves the body alone. A
   * whole number, such as a database's id, counts as its text: 7 and `'7'` are the same person. Ids above
   * `Number.MAX_SAFE_INTEGER` are refused unless they are text: rounded to a number, two people's could be one.
   */
  authorize?: (request: Request, action: Action) => string | number | null | Promise<string | number | null>;
  /**
   * Lets anybody upload; needed where nothing authorizes. Where nobody is signed in, init then answers
   * `principal: null`: unfinished uploads resume by themselves for whoever uses the browser.
   */
  allowAnonymous?: true;
  /**
   * Seals grants; the first of several seals, all open. By default derived from the secret access key: give one of your
   * own where credentials rotate, or uploads begun before cannot go on after.
   */
  secret?: string | readonly string[];
  /** Origins of the pages that may call from elsewhere, such as `https://example.org`, or `*`; by default none. */
  origins?: readonly string[];
  policy?: Policy;
  /**
   * Slows callers down: gives the seconds for which this one has to wait (429 with `Retry-After`), or 0. Asked before
   * the body is read, and told nothing of it.
   */
  throttle?: (caller: {
    request: Request;
    action: Action;
    principal: string | null;
  }) => number | null | undefined | Promise<number | null | undefined>;
  /** Hears of every call, once it is answered. */
  log?: (entry: AccessEntry) => void;
  /** Lets people go on with an upload on another machine. */
  tracker?: Tracker;
  /**
   * Hears of every object that came to be, once the store has confirmed it, with the principal as `authorize` gave it.
   * At least once: where it throws, or an answer is lost, the browser asks again. Needs s3:GetObject.
   */
  onComplete?: (object: StoredFile, principal: string | null) => void | Promise<void>;
  /** Whether browsers get a sealed receipt of what is stored, for `verifyReceipt`; needs `secret`. False by default. */
  receipts?: boolean;
  /** Asks the store, for `onComplete`, `receipts` and `sweep`; the runtime's own by default. */
  fetch?: typeof fetch;
  /** Seconds that a signed URL lives, at most as long as the credentials; 3,600 by default, 604,800 at most. */
  expires?: number;
  /** Seconds that the body of a call may take to arrive, 60 by default; a slower one is refused with 408. */
  bodyTimeout?: number;
  /** Seconds that a grant signs further parts; 7 days by default, 10 years at most. */
  grantLife?: number;
  /** Seconds since an upload began in which its grant can be renewed; 30 days by default, 10 years at most. */
  renewalTime?: number;
  /** Hears of faults that callers see as a bare 500; `console.error` by default, without secrets. */
  onError?: (error: unknown) => void;
  /** Epoch milliseconds; the clock by default. */
  now?: () => number;
}

const DAY = 86_400;
/** Node's timers take no more milliseconds than 32 bits hold. */
const MAX_BODY_TIMEOUT = 86_400;
/** Signature Version 4 knows no longer life. */
const MAX_EXPIRES = 7 * DAY;
/** Seconds. Above it, milliseconds were given for seconds: 30 days in milliseconds would be 82 years. */
const MAX_LIFE = 3_650 * DAY;

export const OPTION_DEFAULTS = {
  region: 'us-east-1',
  expires: 3_600,
  bodyTimeout: 60,
  grantLife: 7 * DAY,
  renewalTime: 30 * DAY,
  onError: (error: unknown): void => console.error('mule-upload signer:', describeError(error)),
  now: (): number => Date.now(),
} as const;

export interface Settings {
  /** The empty text where the signer has none. */
  name: string;
  bucket: string;
  region: string;
  store: StoreAddress;
  /** Which store it is, whatever its address is written like: `amazon`, or the endpoint's URL. */
  storeName: string;
  /** Whether the store refuses a Complete of another size than was granted. */
  verifiesSize: boolean;
  checksums: readonly ChecksumAlgorithm[];
  refusesUnsignedHeaders: boolean;
  credentials: () => Promise<Credentials>;
  authorize: SignerOptions['authorize'];
  allowAnonymous: boolean;
  secrets: readonly string[] | null;
  /** Null: no answer is meant for pages of another origin. */
  origins: ReadonlySet<string> | null;
  policy: SettledPolicy;
  throttle: SignerOptions['throttle'];
  log: SignerOptions['log'];
  onComplete: SignerOptions['onComplete'];
  receipts: boolean;
  fetch: typeof fetch;
  tracker: Tracker | null;
  /** Seconds. */
  expires: number;
  /** Milliseconds. */
  bodyTimeout: number;
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
  const { bucket, endpoint, pathStyle, dualStack, accelerate, authorize, allowAnonymous, tracker } = options;
  const settings = { ...OPTION_DEFAULTS, ...withoutUndefined(options) };
  const { region, expires, bodyTimeout, grantLife, renewalTime, onError, now } = settings;
  if (options.name !== undefined)
    expect('name', options.name, isMatch(/^[^\p{Cc}]{1,128}$/u), 'a name of 1 to 128 characters');
  expect('bucket', bucket, isMatch(/^[a-z\d][\w.-]{0,254}$/i), 'the name of a bucket');
  expect('region', region, isMatch(/^[\w-]{1,64}$/), 'the name of a region');
  if (endpoint !== undefined) expect('endpoint', endpoint, isEndpoint, 'an http or https URL of a store');
  for (const name of ['pathStyle', 'dualStack', 'accelerate', 'receipts', 'refusesUnsignedHeaders'] as const) {
    if (options[name] !== undefined) expect(name, options[name], isBoolean, 'true or false');
  }
  expectAmazon(options);
  const checksums = settings.checksums ?? (isAmazon(endpoint) ? CHECKSUM_ALGORITHMS : []);
  expect('checksums', checksums, isListOf(isChecksumAlgorithm), `a list of ${CHECKSUM_ALGORITHMS.join(', ')}`);
  const refusesUnsignedHeaders = options.refusesUnsignedHeaders ?? isSafeFromUnsignedHeaders(endpoint);
  if (options.receipts && options.secret === undefined)
    throw new OptionError('receipts', 'true; the backend that reads them needs secret, so give one');
  for (const name of ['authorize', 'throttle', 'log', 'onComplete', 'fetch', 'onError', 'now'] as const) {
    if (settings[name] !== undefined) expect(name, settings[name], isFunction, 'a function');
  }
  if (allowAnonymous !== undefined) expect('allowAnonymous', allowAnonymous, (value) => value === true, 'true');
  if (!authorize && !allowAnonymous) {
    throw new OptionError('authorize', 'undefined; give a function that tells who calls, or allowAnonymous: true');
  }
  expect('expires', expires, isIntegerFrom(1, MAX_EXPIRES), `whole seconds from 1 to ${MAX_EXPIRES}`);
  expect('bodyTimeout', bodyTimeout, isIntegerFrom(1, MAX_BODY_TIMEOUT), `whole seconds from 1 to ${MAX_BODY_TIMEOUT}`);
  expect('grantLife', grantLife, isIntegerFrom(1, MAX_LIFE), `whole seconds from 1 to ${MAX_LIFE}`);
  expect('renewalTime', renewalTime, isIntegerFrom(0, MAX_LIFE), `whole seconds from 0 to ${MAX_LIFE}`);
  if (tracker !== undefined) expect('tracker', tracker, isTracker, 'an object with find, note and forget');
  return {
    name: options.name ?? '',
    bucket,
    region,
    storeName: storeNameOf(endpoint),
    // Amazon knows x-amz-mp-object-size, which is signed together with checksums; others are known to ignore it
    verifiesSize: isAmazon(endpoint) && checksums.length > 0,
    store: locateStore({ bucket, region, endpoint, pathStyle, dualStack, accelerate }),
    checksums,
    refusesUnsignedHeaders,
    credentials: credentialsFrom(options.credentials),
    authorize,
    allowAnonymous: allowAnonymous ?? false,
    secrets: options.secret === undefined ? null : secretsFrom(options.secret),
    origins: options.origins === undefined ? null : new Set(originsFrom(options.origins)),
    policy: settlePolicy(options.policy === undefined ? {} : options.policy, {
      knowsConditions: isAmazon(endpoint),
      refusesUnsignedHeaders,
    }),
    throttle: options.throttle,
    log: options.log,
    onComplete: options.onComplete,
    receipts: options.receipts ?? false,
    // called as a method of settings, the browser's and the worker's own would refuse
    fetch: options.fetch ?? ((...request) => fetch(...request)),
    tracker: tracker ?? null,
    expires,
    bodyTimeout: bodyTimeout * 1_000,
    grantLife: grantLife * 1_000,
    renewalTime: renewalTime * 1_000,
    onError: (error) => callSafely(onError, error, fallBack),
    now,
  };
}

/** Calls a hook that only reports: neither a throw nor a rejection of it reaches the caller, or ends the process. */
export function callSafely<T>(hook: (value: T) => unknown, value: T, onFault: (error: unknown) => void): void {
  try {
    Promise.resolve(hook(value)).catch(onFault);
  } catch (error) {
    onFault(error);
  }
}

const fallBack = (error: unknown): void => console.error('mule-upload signer: onError failed:', describeError(error));

/** What is Amazon's alone is no option of another store, nor of a bucket that its virtual hosts cannot name. */
function expectAmazon({ bucket, endpoint, pathStyle, dualStack, accelerate }: SignerOptions): void {
  const name = accelerate ? 'accelerate' : 'dualStack';
  if (!accelerate && !dualStack) return;
  if (endpoint !== undefined)
    throw new OptionError(name, "true; only Amazon's own store has it, so leave endpoint out");
  if (accelerate && (pathStyle || bucket.includes('.')))
    throw new OptionError(name, 'true; it takes neither pathStyle nor a bucket with dots in its name');
}

function credentialsFrom(source: SignerOptions['credentials']): () => Promise<Credentials> {
  if (typeof source === 'function') return async () => checkCredentials(await source());
  const credentials = checkCredentials(source);
  return async () => credentials;
}

/** @throws OptionError that names the part which is missing or wrong, and never repeats it */
function checkCredentials(credentials: Credentials): Credentials {
  for (const name of ['accessKeyId', 'secretAccessKey', 'sessionToken'] as const) {
    const value: unknown = credentials?.[name];
    if (name === 'sessionToken' && value === undefined) continue;
    if (typeof value === 'string' && value !== '') continue;
    const option = `credentials.${name}`;
    const found = value === '' ? 'an empty text' : typeof value === 'object' ? 'no text' : `of type ${typeof value}`;
    throw new OptionError(option, `it is ${found}${unsetHint(option, value)}`);
  }
  const { expiration } = credentials;
  const isTime = expiration instanceof Date || typeof expiration === 'number';
  if (expiration !== undefined && !(isTime && Number.isFinite(Number(expiration))))
    throw new OptionError('credentials.expiration', 'it is neither a valid Date nor a number of epoch milliseconds');
  return credentials;
}

function originsFrom(origins: readonly string[]): readonly string[] {
  expect('origins', origins, Array.isArray, 'a list');
  for (const origin of origins) expect('origins', origin, isOrigin, 'an origin such as https://example.org');
  return origins;
}

const isOrigin = (value: unknown): boolean =>
  value === '*' || (typeof value === 'string' && parseUrl(value)?.origin === value);
const isTracker = (value: unknown): boolean =>
  (['find', 'note', 'forget'] as const).every((name) => isFunction((value as Tracker | null)?.[name]));
