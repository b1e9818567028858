import { ACTIONS, isAction } from './actions.js';
import { hex, hmac, importHmacKey, markOf, utf8 } from './bytes.js';
import { termsOf } from './call.js';
import { createSealer } from './grant.js';
import type { Sealer } from './grant.js';
import {
  actionNameOf,
  answer,
  corsHeaders,
  expectJsonPost,
  expectOrigin,
  preflight,
  readJson,
  refuse,
  unknownAction,
} from './http.js';
import { settle } from './options.js';
import type { Settings, SignerOptions } from './options.js';
import { createPresigner } from './presign.js';
import type { Credentials, Presigner } from './presign.js';
import { SignerRefusal } from './refusal.js';

export type { SignerOptions } from './options.js';
export type { Policy } from './policy.js';
export type { Credentials } from './presign.js';
export type { FoundUpload, MemoryTrackerOptions, TrackedUpload, Tracker } from './tracker.js';
export { createMemoryTracker } from './tracker.js';

/**
 * Makes the signer: a function from a fetch-standard `Request` for `{signer}/{action}` to its `Response`, for any
 * runtime with WebCrypto. Faults of its own, and of the functions given, it answers with a bare 500.
 * @throws TypeError naming the option and its value
 */
export function createSigner(options: SignerOptions): (request: Request) => Promise<Response> {
  const settings = settle(options);
  const presign = createPresigner(settings.store, settings.region);
  const sealerFor = createSealers(settings);

  return async (request) => {
    const cors = corsHeaders(request, settings.origins);
    if (request.method === 'OPTIONS') return preflight(request, cors);
    try {
      return answer(await perform(request, settings, presign, sealerFor), cors);
    } catch (error) {
      if (error instanceof SignerRefusal) return refuse(error, cors);
      settings.onError(error);
      return refuse(new SignerRefusal(500, 'internal', 'The signer failed; try again later.'), cors);
    }
  };
}

async function perform(
  request: Request,
  settings: Settings,
  presign: Presigner,
  sealerFor: SealerFor,
): Promise<unknown> {
  const action = actionNameOf(new URL(request.url).pathname);
  if (!isAction(action)) throw unknownAction(action);
  expectJsonPost(request, action);
  expectOrigin(request, settings.origins);
  const principal = await identify(request, settings, action);
  const body = await readJson(request);
  const credentials = await settings.credentials();
  const now = settings.now();
  const call = {
    ...termsOf(settings, credentials, now),
    settings,
    presign,
    now,
    principal,
    sealer: await sealerFor(credentials),
    principalMark: principal === null ? null : await markOf(`mule-upload principal\n${principal}`),
  };
  return ACTIONS[action](call, body);
}

/** @throws SignerRefusal 401 for nobody, where nobody may upload */
async function identify(request: Request, settings: Settings, action: keyof typeof ACTIONS): Promise<string | null> {
  const principal = principalFrom(await settings.authorize?.(request, action));
  if (principal === null && !settings.allowAnonymous)
    throw new SignerRefusal(401, 'unauthorized', 'Sign in to upload.');
  return principal;
}

/** @throws TypeError for what can be nobody's id; of an object it tells no more than that it is one */
function principalFrom(given: unknown): string | null {
  if (given === null || given === undefined) return null;
  if (typeof given === 'string' && given !== '') return given;
  // above that, two people's ids may have been rounded to one
  if (typeof given === 'number' && Number.isSafeInteger(given)) return String(given);
  const named = given === '' ? 'an empty text' : nameOf(given);
  throw new TypeError(`authorize gave ${named}; it has to give a text that is not empty, a safe integer, or null`);
}

function nameOf(value: unknown): string {
  if (typeof value === 'boolean' || typeof value === 'number') return String(value);
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

type SealerFor = (credentials: Credentials) => Promise<Sealer>;

/** A sealer by the secrets given, or by one derived from the credentials in use. */
function createSealers({ secrets, bucket }: Settings): SealerFor {
  if (secrets) {
    const sealer = createSealer(secrets, bucket);
    return async () => sealer;
  }
  let last: { from: string; sealer: Promise<Sealer> } | null = null;
  return ({ secretAccessKey: from }) => {
    if (last?.from !== from)
      last = { from, sealer: derivedSecret(from).then((secret) => createSealer([secret], bucket)) };
    return last.sealer;
  };
}

const derivedSecret = async (secretAccessKey: string): Promise<string> =>
  hex(await hmac(await importHmacKey(utf8(secretAccessKey)), 'mule-upload sealing secret'));
