import { startCallLog } from './http/access-log.js';
import type { CallLog } from './http/access-log.js';
import { ACTIONS, isAction } from './actions/action-table.js';
import { hex, utf8 } from './util/bytes.js';
import { signingTermsFor } from './actions/call-context.js';
import type { Call } from './actions/call-context.js';
import { createSealer } from './grants/grant.js';
import { hmacKey } from './util/hashes.js';
import type { Sealer } from './grants/grant.js';
import { jsonResponse, refusalResponse } from './http/responses.js';
import { actionNameFrom, expectJsonPost, unknownActionRefusal } from './http/routing.js';
import { readJson } from './http/json-body.js';
import { corsHeaders, expectOrigin, preflightResponse } from './http/cors.js';
import { withCopyGuard } from './s3/operations.js';
import { resolveOptions } from './options/settings.js';
import type { Settings } from './options/settings.js';
import type { SignerOptions } from './options/signer-options.js';
import type { PostSigner } from './s3/post-policy.js';
import { createPresigner, createSigningKeys } from './s3/presign.js';
import type { Credentials, Presigner } from './s3/presign.js';
import { createReceiptWriter, hashPrincipal } from './grants/receipt.js';
import { SignerRefusal } from './util/refusal.js';
import { parseUrl } from './util/url.js';

export type { SignerOptions } from './options/signer-options.js';
export type { AccessEntry } from './http/access-log.js';
export type { Encryption, PerFile } from './policy/object-headers.js';
export type { Policy } from './policy/policy.js';
export type { Credentials } from './s3/presign.js';
export type { StoredFile } from './options/signer-options.js';
export type { Receipt, ReceiptExpectations } from './grants/receipt.js';
export { ReceiptError, verifyReceipt } from './grants/receipt.js';
export type { SweepOptions, SweepReport } from './sweep.js';
export { sweep } from './sweep.js';
export type { Ending, FoundUpload, TrackedUpload, Tracker } from './tracker/tracker.js';
export type { MemoryTrackerOptions } from './tracker/memory-tracker.js';
export { createMemoryTracker } from './tracker/memory-tracker.js';

/**
 * Creates a signer: a function that answers a `Request` for `{signer}/{action}` with a `Response`, in any runtime with
 * WebCrypto. Internal errors, and errors of the functions in the options, become a 500 without details.
 * @throws TypeError naming the invalid option and its value
 */
export function createSigner(options: SignerOptions): (request: Request) => Promise<Response> {
  const settings = resolveOptions(options);
  const { bucket, region, store } = settings;
  const signingKeyFor = createSigningKeys(region);
  const presign = createPresigner(store, region, signingKeyFor);
  const shared: SharedServices = {
    settings,
    // otherwise a client could add the header x-amz-copy-source to a signed PUT
    presign: settings.refusesUnsignedHeaders ? presign : (operation, terms) => presign(withCopyGuard(operation), terms),
    postSigner: { bucket, region, store, signingKeyFor },
    writeReceipt: createReceiptWriter(settings.secrets ?? [], settings),
    sealerFor: createSealerFactory(settings),
  };

  return async (request) => {
    const cors = corsHeaders(request, settings.origins);
    if (request.method === 'OPTIONS') return preflightResponse(request, cors);
    const log = startCallLog(request, settings);
    try {
      const body = await handleCall(request, shared, log);
      const response = jsonResponse(body, cors);
      log.end(response.status, null, body);
      return response;
    } catch (error) {
      const refusal = error instanceof SignerRefusal ? error : INTERNAL_REFUSAL;
      if (refusal === INTERNAL_REFUSAL) settings.onError(error);
      log.end(refusal.status, refusal.code);
      return refusalResponse(refusal, cors);
    }
  };
}

const INTERNAL_REFUSAL = new SignerRefusal(500, 'internal', 'The signer failed; try again later.');

/** Created once by `createSigner`, used by every call. */
interface SharedServices {
  settings: Settings;
  presign: Presigner;
  postSigner: PostSigner;
  writeReceipt: Call['writeReceipt'];
  sealerFor: SealerFactory;
}

async function handleCall(request: Request, shared: SharedServices, log: CallLog): Promise<unknown> {
  const { settings, sealerFor, ...signingServices } = shared;
  const action = actionNameFrom(parseUrl(request.url)?.pathname ?? '');
  if (!isAction(action)) throw unknownActionRefusal(action);
  log.action = action;
  expectJsonPost(request, action);
  expectOrigin(request, settings.origins);
  const principal = await authorizeCall(request, settings, action);
  log.principal = principal;
  await applyThrottle(settings, { request, action, principal });
  const body = await readJson(request, settings.bodyTimeoutMs);
  const credentials = await settings.credentials();
  const now = settings.now();
  const call = {
    ...signingTermsFor(settings, credentials, now),
    ...signingServices,
    settings,
    now,
    principal,
    sealer: await sealerFor(credentials),
    principalHash: principal === null ? null : await hashPrincipal(principal),
  };
  return ACTIONS[action](call, body);
}

/** `Retry-After` cannot be infinite. */
const MAX_RETRY_AFTER_S = 86_400;

/** @throws SignerRefusal 429 if the option `throttle` returns a delay */
async function applyThrottle(
  { throttle }: Settings,
  caller: Parameters<NonNullable<SignerOptions['throttle']>>[0],
): Promise<void> {
  const seconds = Math.min((await throttle?.(caller)) ?? 0, MAX_RETRY_AFTER_S);
  if (!(seconds > 0)) return;
  const message = 'Too many calls; try again after the seconds in Retry-After.';
  throw new SignerRefusal(429, 'too-many-calls', message, { 'retry-after': String(Math.ceil(seconds)) });
}

/** @throws SignerRefusal 401 for an anonymous call, unless `allowAnonymous` is set */
async function authorizeCall(
  request: Request,
  settings: Settings,
  action: keyof typeof ACTIONS,
): Promise<string | null> {
  const principal = checkPrincipal(await settings.authorize?.(request, action));
  if (principal === null && !settings.allowAnonymous)
    throw new SignerRefusal(401, 'unauthorized', 'Sign in to upload.');
  return principal;
}

/** @throws TypeError for an invalid ID; the message does not include the contents of objects */
function checkPrincipal(principal: unknown): string | null {
  if (principal === null || principal === undefined) return null;
  if (typeof principal === 'string' && principal !== '') return principal;
  // the IDs of two users may have been rounded to the same unsafe integer
  if (typeof principal === 'number' && Number.isSafeInteger(principal)) return String(principal);
  const found = principal === '' ? 'an empty string' : describeValue(principal);
  throw new TypeError(`authorize returned ${found}; it must return a non-empty string, a safe integer, or null`);
}

function describeValue(value: unknown): string {
  if (typeof value === 'boolean' || typeof value === 'number') return String(value);
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

type SealerFactory = (credentials: Credentials) => Promise<Sealer>;

/** Creates sealers from the option `secret`, or from a secret derived from the current credentials. */
function createSealerFactory(settings: Settings): SealerFactory {
  const { secrets } = settings;
  if (secrets) {
    const sealer = createSealer(secrets, settings);
    return async () => sealer;
  }
  let cached: { secretAccessKey: string; sealer: Promise<Sealer> } | null = null;
  return ({ secretAccessKey }) => {
    if (cached?.secretAccessKey !== secretAccessKey)
      cached = {
        secretAccessKey,
        sealer: deriveSecret(secretAccessKey).then((secret) => createSealer([secret], settings)),
      };
    return cached.sealer;
  };
}

const deriveSecret = async (secretAccessKey: string): Promise<string> =>
  hex(await (await hmacKey(utf8(secretAccessKey))).sign('mule-upload sealing secret'));
