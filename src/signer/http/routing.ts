import { SignerRefusal } from '../util/refusal.js';

/** Names the action: the path's last segment. */
export const actionNameFrom = (pathname: string): string => pathname.split('/').filter(Boolean).at(-1) ?? '';

/** Makes the refusal of a URL that names no action; it names what stands in the action's place, shortened. */
export function unknownActionRefusal(segment: string): SignerRefusal {
  const fault = segment === '' ? 'The URL names no action' : `“${segment.slice(0, 100)}” is no action of this signer`;
  const hint = "an action, such as get_init_signature, is the last segment of the URL's path";
  return new SignerRefusal(404, 'unknown-action', `${fault}: ${hint}.`);
}

/** Makes the refusal of an action called by any method but POST. */
export function methodRefusal(action: string, method: string): SignerRefusal {
  const message = `POST JSON to ${action}; it takes no ${method}.`;
  return new SignerRefusal(405, 'method-not-allowed', message, { allow: 'POST, OPTIONS' });
}

/** @throws SignerRefusal 405 for any method but POST, 415 for any body but JSON */
export function expectJsonPost(request: Request, action: string): void {
  if (request.method !== 'POST') throw methodRefusal(action, request.method);
  const type = request.headers.get('content-type')?.split(';')[0]?.trim().toLowerCase();
  if (type !== 'application/json') {
    throw new SignerRefusal(415, 'unsupported-media-type', 'The body has to be application/json.');
  }
}
