import { SignerRefusal } from '../util/refusal.js';

/** Returns the last segment of the path, which names the action. */
export const actionNameFrom = (pathname: string): string => pathname.split('/').filter(Boolean).at(-1) ?? '';

/** The refusal of a URL that names no action. */
export function unknownActionRefusal(segment: string): SignerRefusal {
  const fault =
    segment === '' ? 'The URL names no action' : `“${segment.slice(0, 100)}” is not an action of this signer`;
  const hint = "the last segment of the URL's path must be an action, such as get_init_signature";
  return new SignerRefusal(404, 'unknown-action', `${fault}: ${hint}.`);
}

/** The refusal of any method but POST. */
export function methodRefusal(action: string, method: string): SignerRefusal {
  const message = `${action} does not support ${method}; send JSON by POST.`;
  return new SignerRefusal(405, 'method-not-allowed', message, { allow: 'POST, OPTIONS' });
}

/** @throws SignerRefusal 405 for any method but POST, 415 for any body but JSON */
export function expectJsonPost(request: Request, action: string): void {
  if (request.method !== 'POST') throw methodRefusal(action, request.method);
  const type = request.headers.get('content-type')?.split(';')[0]?.trim().toLowerCase();
  if (type !== 'application/json') {
    throw new SignerRefusal(415, 'unsupported-media-type', 'The content type of the body must be application/json.');
  }
}
