/** Creates the signer's responses, which no cache stores. */
import type { RefusalAnswer } from '../../protocol.js';
import type { SignerRefusal } from '../util/refusal.js';

/** Creates the response of a successful call: 200, or 204 for null. */
export function jsonResponse(body: unknown, cors: Record<string, string>): Response {
  const headers = { ...cors, 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' };
  return body === null ? new Response(null, { status: 204, headers }) : Response.json(body, { headers });
}

/** Creates the response of a refused call. */
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
