import type { ChecksumAlgorithm } from '../../protocol.js';
import { resolvePolicy } from '../policy/policy-options.js';
import type { ResolvedPolicy } from '../policy/policy.js';
import { CHECKSUM_ALGORITHMS, isChecksumAlgorithm } from '../s3/checksums.js';
import type { Credentials } from '../s3/presign.js';
import type { StoreAddress } from '../s3/store-address.js';
import {
  isAmazon,
  isEndpointUrl,
  isKnownToRefuseUnsignedHeaders,
  locateStore,
  storeIdentity,
} from '../s3/store-address.js';
import type { Tracker } from '../tracker/tracker.js';
import { callSafely } from '../util/call-safely.js';
import {
  OptionError,
  expect,
  isBoolean,
  isFunction,
  isIntegerFrom,
  isListOf,
  isMatch,
  checkSecrets,
  withoutUndefined,
} from '../util/option-checks.js';
import { describeError } from '../util/redact.js';
import { parseUrl } from '../util/url.js';
import { createCredentialsGetter } from './credentials.js';
import type { SignerOptions } from './signer-options.js';

const DAY_S = 86_400;
/** Far below the 24 days above which `setTimeout` fires at once. */
const MAX_BODY_TIMEOUT_S = DAY_S;
/** The limit of Signature Version 4. */
const MAX_EXPIRES_S = 7 * DAY_S;
/** Ten years. A larger value was probably meant as milliseconds: those of 30 days, taken as seconds, are 82 years. */
const MAX_LIFE_S = 3_650 * DAY_S;

const OPTION_DEFAULTS = {
  region: 'us-east-1',
  expires: 3_600,
  bodyTimeout: 60,
  grantLife: 7 * DAY_S,
  renewalTime: 30 * DAY_S,
  onError: (error: unknown): void => console.error('mule-upload signer:', describeError(error)),
  now: (): number => Date.now(),
} as const;

/** The options, checked and with defaults. */
export interface Settings {
  /** Empty if the option is not set. */
  name: string;
  bucket: string;
  region: string;
  store: StoreAddress;
  /** Identifies the store: `amazon`, or the URL of the endpoint. */
  storeId: string;
  /** Whether the store refuses to complete an upload whose size differs from the granted one. */
  storeVerifiesSize: boolean;
  checksums: readonly ChecksumAlgorithm[];
  refusesUnsignedHeaders: boolean;
  credentials: () => Promise<Credentials>;
  authorize: SignerOptions['authorize'];
  allowAnonymous: boolean;
  secrets: readonly string[] | null;
  /** Null if pages of other origins may not call. */
  origins: ReadonlySet<string> | null;
  policy: ResolvedPolicy;
  throttle: SignerOptions['throttle'];
  log: SignerOptions['log'];
  onComplete: SignerOptions['onComplete'];
  receipts: boolean;
  beginMultipart: boolean;
  fetch: typeof fetch;
  tracker: Tracker | null;
  /** The option `expires`, in seconds as in signatures. */
  expiresS: number;
  bodyTimeoutMs: number;
  grantLifeMs: number;
  renewalTimeMs: number;
  onError: (error: unknown) => void;
  now: () => number;
}

/**
 * Checks the options and fills in the defaults.
 * @throws OptionError, a TypeError, naming the option and its value; for credentials and secrets only the name
 */
export function resolveOptions(options: SignerOptions): Settings {
  const {
    bucket,
    endpoint,
    pathStyle,
    dualStack,
    accelerate,
    authorize,
    allowAnonymous,
    tracker,
    fetch: send,
  } = options;
  const withDefaults = { ...OPTION_DEFAULTS, ...withoutUndefined(options) };
  const { region, expires, bodyTimeout, grantLife, renewalTime, onError, now } = withDefaults;
  if (options.name !== undefined)
    expect('name', options.name, isMatch(/^[^\p{Cc}]{1,128}$/u), 'a name of 1 to 128 characters');
  expect('bucket', bucket, isMatch(/^[a-z\d][\w.-]{0,254}$/i), 'the name of a bucket');
  expect('region', region, isMatch(/^[\w-]{1,64}$/), 'the name of a region');
  if (endpoint !== undefined) expect('endpoint', endpoint, isEndpointUrl, 'an http or https URL of a store');
  for (const name of [
    'pathStyle',
    'dualStack',
    'accelerate',
    'receipts',
    'beginMultipart',
    'refusesUnsignedHeaders',
  ] as const) {
    if (options[name] !== undefined) expect(name, options[name], isBoolean, 'true or false');
  }
  checkAmazonOptions(options);
  const checksums = withDefaults.checksums ?? (isAmazon(endpoint) ? CHECKSUM_ALGORITHMS : []);
  expect('checksums', checksums, isListOf(isChecksumAlgorithm), `a list of ${CHECKSUM_ALGORITHMS.join(', ')}`);
  const refusesUnsignedHeaders = options.refusesUnsignedHeaders ?? isKnownToRefuseUnsignedHeaders(endpoint);
  if (options.receipts && options.secret === undefined)
    throw new OptionError('receipts', 'true; receipts need the option secret, which your backend verifies them with');
  for (const name of ['authorize', 'throttle', 'log', 'onComplete', 'fetch', 'onError', 'now'] as const) {
    if (withDefaults[name] !== undefined) expect(name, withDefaults[name], isFunction, 'a function');
  }
  if (allowAnonymous !== undefined) expect('allowAnonymous', allowAnonymous, (value) => value === true, 'true');
  if (!authorize && !allowAnonymous) {
    throw new OptionError(
      'authorize',
      'undefined; set it to a function that returns the user, or set allowAnonymous: true',
    );
  }
  expect('expires', expires, isIntegerFrom(1, MAX_EXPIRES_S), `whole seconds from 1 to ${MAX_EXPIRES_S}`);
  expect(
    'bodyTimeout',
    bodyTimeout,
    isIntegerFrom(1, MAX_BODY_TIMEOUT_S),
    `whole seconds from 1 to ${MAX_BODY_TIMEOUT_S}`,
  );
  expect('grantLife', grantLife, isIntegerFrom(1, MAX_LIFE_S), `whole seconds from 1 to ${MAX_LIFE_S}`);
  expect('renewalTime', renewalTime, isIntegerFrom(0, MAX_LIFE_S), `whole seconds from 0 to ${MAX_LIFE_S}`);
  if (tracker !== undefined) expect('tracker', tracker, isTracker, 'an object with find, note and forget');
  if (options.beginMultipart && tracker === undefined)
    throw new OptionError('beginMultipart', 'true; it needs the option tracker, which records the uploads');
  return {
    name: options.name ?? '',
    bucket,
    region,
    storeId: storeIdentity(endpoint),
    // x-amz-mp-object-size is signed together with checksums; other stores than Amazon's may ignore it
    storeVerifiesSize: isAmazon(endpoint) && checksums.length > 0,
    store: locateStore({ bucket, region, endpoint, pathStyle, dualStack, accelerate }),
    checksums,
    refusesUnsignedHeaders,
    credentials: createCredentialsGetter(options.credentials),
    authorize,
    allowAnonymous: allowAnonymous ?? false,
    secrets: options.secret === undefined ? null : checkSecrets(options.secret),
    origins: options.origins === undefined ? null : new Set(checkOrigins(options.origins)),
    policy: resolvePolicy(options.policy === undefined ? {} : options.policy, {
      supportsIfNoneMatch: isAmazon(endpoint),
      refusesUnsignedHeaders,
    }),
    throttle: options.throttle,
    log: options.log,
    onComplete: options.onComplete,
    receipts: options.receipts ?? false,
    beginMultipart: options.beginMultipart ?? false,
    // wrapped, because browsers and workers reject fetch called as a method of another object
    fetch: (...request) => (send ?? fetch)(...request),
    tracker: tracker ?? null,
    expiresS: expires,
    bodyTimeoutMs: bodyTimeout * 1_000,
    grantLifeMs: grantLife * 1_000,
    renewalTimeMs: renewalTime * 1_000,
    onError: (error) => callSafely(onError, error, reportOnErrorFailure),
    now,
  };
}

const reportOnErrorFailure = (error: unknown): void =>
  console.error('mule-upload signer: onError failed:', describeError(error));

/**
 * @throws OptionError if `accelerate` or `dualStack`, which choose one of Amazon's hosts, is combined with `endpoint`; or
 *   `accelerate` with a bucket that is named in the path
 */
function checkAmazonOptions({ bucket, endpoint, pathStyle, dualStack, accelerate }: SignerOptions): void {
  const name = accelerate ? 'accelerate' : 'dualStack';
  if (!accelerate && !dualStack) return;
  if (endpoint !== undefined) throw new OptionError(name, 'true; it chooses one of Amazon’s hosts, so remove endpoint');
  if (accelerate && (pathStyle || bucket.includes('.')))
    throw new OptionError(name, 'true; it does not support pathStyle, or a bucket with dots in its name');
}

function checkOrigins(origins: readonly string[]): readonly string[] {
  expect('origins', origins, Array.isArray, 'a list');
  for (const origin of origins) expect('origins', origin, isOrigin, 'an origin such as https://example.org');
  return origins;
}

const isOrigin = (value: unknown): boolean =>
  value === '*' || (typeof value === 'string' && parseUrl(value)?.origin === value);
const isTracker = (value: unknown): boolean =>
  (['find', 'note', 'forget'] as const).every((name) => isFunction((value as Tracker | null)?.[name]));
