/** Checks that the bucket's CORS rule allows what an upload sends, and exposes the headers that it reads. */
import type { Settings } from '../../options/settings.js';
import { COPY_GUARD, ONLY_IF_NEW } from '../../s3/operations.js';
import { corsRule, REQUIRED_HEADER, usefulHeaders } from './store-advice.js';
import { REQUEST_TIMEOUT_MS } from './store-probe.js';
import type { StoreProbe, StoreReply } from './store-probe.js';

const RULE = 'pages may upload (CORS)';

/** Returns the origins to check; one example stands for `*`. */
export function originsToCheck({ origins }: Settings): string[] {
  const listed = [...(origins ?? [])];
  return listed.includes('*') ? ['https://any.example'] : listed;
}

/** @param replies by origin of the page: the store's reply to a part that was sent with that origin */
export async function checkCors(probe: StoreProbe, replies: ReadonlyMap<string, StoreReply>): Promise<void> {
  await probe.attempt(RULE, async () => {
    if (replies.size === 0) {
      const fault = 'no origin is configured, so the CORS rule was not checked; list the origins of your pages';
      probe.report(RULE, fault, { isWarning: true });
    }
    for (const [origin, reply] of replies) await checkOrigin(probe, origin, reply);
  });
}

async function checkOrigin(probe: StoreProbe, origin: string, { headers }: StoreReply): Promise<void> {
  const advice = corsRule(probe.settings, [...(probe.settings.origins ?? [])]);
  const refused = await findRefusedRequests(probe, origin);
  probe.report(`pages of ${origin} may send every request of an upload (CORS)`, refused, { advice });
  if (refused !== null) return;
  const exposed = (headers.get('access-control-expose-headers') ?? '').toLowerCase().split(/\s*,\s*/);
  probe.report(
    'pages may read the ETag of a part',
    exposed.includes(REQUIRED_HEADER) ? null : 'ExposeHeaders lacks ETag: no upload can complete',
    { advice },
  );
  const missing = usefulHeaders(probe.settings).filter((name) => !exposed.includes(name));
  const fault = missing.length === 0 ? null : `ExposeHeaders lacks ${missing.join(', ')}`;
  probe.report('pages may read the other useful response headers', fault, { isWarning: true, advice });
}

/** Sends the preflights of a browser. @returns what the store refuses, or null */
async function findRefusedRequests({ settings, key }: StoreProbe, origin: string): Promise<string | null> {
  const { store, fetch: sendRequest } = settings;
  const refused: string[] = [];
  for (const [method, headers] of Object.entries(requestHeadersByMethod(settings))) {
    const response = await sendRequest(`${store.origin}${store.basePath}${key}`, {
      method: 'OPTIONS',
      headers: {
        origin,
        'access-control-request-method': method,
        ...(headers.length > 0 ? { 'access-control-request-headers': headers.join(',') } : {}),
      },
      signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
    });
    await response.body?.cancel();
    const allowed = response.headers.get('access-control-allow-origin');
    if (!response.ok || (allowed !== origin && allowed !== '*'))
      refused.push(headers.length > 0 ? `${method} with ${headers.join(', ')}` : method);
  }
  return refused.length === 0 ? null : `the bucket's CORS rule refuses ${refused.join('; ')}`;
}

/** Returns the methods of an upload, with the headers that a page sends. */
function requestHeadersByMethod({ checksums, policy, refusesUnsignedHeaders }: Settings): Record<string, string[]> {
  const acl = policy.defaultAcl === null ? [] : ['x-amz-acl'];
  const copyGuard = refusesUnsignedHeaders ? [] : Object.keys(COPY_GUARD);
  const condition = policy.overwrite ? [] : Object.keys(ONLY_IF_NEW);
  const checksumHeaders = checksums.map((name) => `x-amz-checksum-${name}`);
  const bodyHeaders = checksumHeaders.length > 0 ? ['x-amz-sdk-checksum-algorithm'] : [];
  const objectHeaders =
    checksumHeaders.length > 0 ? ['x-amz-checksum-algorithm', 'x-amz-checksum-type', 'x-amz-mp-object-size'] : [];
  return {
    PUT: ['content-type', ...condition, ...checksumHeaders, ...bodyHeaders, ...acl, ...copyGuard],
    POST: ['content-type', ...condition, ...checksumHeaders, ...objectHeaders, ...acl],
    GET: [],
    DELETE: [],
    HEAD: ['x-amz-checksum-mode'],
  };
}
