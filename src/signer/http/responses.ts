/** The signer's side of HTTP: what is let in, how a body is read, which pages may read the answer. */
import type { RefusalAnswer } from '../../protocol.js';
import type { SignerRefusal } from '../util/refusal.js';

/** Makes an answer that no cache keeps; null is 204. */
export function jsonResponse(body: unknown, cors: Record<string, string>): Response {
  const headers = { ...cors, 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' };
  return body === null ? new Response(null, { status: 204, headers }) : Response.json(body, { headers });
}

/** Makes the answer to a call that failed. */
export function refusalResponse(
  { status, code, message, headers }: SignerRefusal,
  cors: Record<string, string>,
): Response {
  const body: RefusalAnswer = { error: { code, message } };
  return Response.json(body, {
    status,
    headers: { ...cors, ...headers, 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' },
  });
}
