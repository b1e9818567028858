/** Rules about HTTP: methods, content types, malformed bodies, and pages of other origins. */
import { ensure, shorten } from './conformance-caller.js';
import type { ConformanceRun, Rule } from './conformance-run.js';

export const HTTP_RULES: readonly Rule[] = [
  { rule: 'only JSON is accepted: another content type is answered with 415', check: acceptsOnlyJson },
  { rule: 'only POST is accepted', check: acceptsOnlyPost },
  { rule: 'invalid JSON is answered with a 4xx and {"error": {"code", "message"}}', check: refusesMalformedBodies },
  { rule: 'pages of unlisted origins cannot call with the user’s cookies', check: refusesForeignOrigins },
];

/** The domain is reserved (RFC 2606), so no signer lists it. */
const UNLISTED_ORIGIN = 'https://conformance.invalid';

async function acceptsOnlyJson({ caller }: ConformanceRun): Promise<void> {
  for (const type of ['text/plain', 'application/x-www-form-urlencoded']) {
    const headers = { 'content-type': type };
    const { status } = await caller.post('get_init_signature', JSON.stringify({ files: [caller.createFile()] }), {
      headers,
    });
    ensure(
      status === 415,
      `a body of type ${type} was answered with ${status}; it must be 415, because forms of other sites can send it`,
    );
  }
}

async function acceptsOnlyPost({ caller }: ConformanceRun): Promise<void> {
  const { status, text } = await caller.post('get_init_signature', '', { method: 'GET' });
  ensure(/^4/.test(String(status)), `GET was answered with ${status}; it must be a 4xx: ${shorten(text)}`);
}

async function refusesMalformedBodies({ caller }: ConformanceRun): Promise<void> {
  const deep = `{"files": ${'['.repeat(100_000)}${']'.repeat(100_000)}}`;
  for (const body of ['', '{', '[]', 'null', '{"files": 7}', '{"files": []}', '{"files": [{}]}', deep])
    await caller.expectRefusal('get_init_signature', body, `the body ${shorten(body)}`);
}

/** @see https://fetch.spec.whatwg.org/#http-cors-protocol */
async function refusesForeignOrigins({ caller }: ConformanceRun): Promise<void> {
  const body = { files: [caller.createFile({ filename: 'origin.bin' })] };
  for (const origin of [UNLISTED_ORIGIN, 'null']) {
    const preflight = await caller.send('get_init_signature', '', {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'content-type' },
    });
    const answer = await caller.send('get_init_signature', body, { headers: { origin } });
    for (const { headers } of [preflight, answer]) {
      const allowed = headers.get('access-control-allow-origin');
      const isOpen = allowed === origin || allowed === '*';
      ensure(
        !isOpen || headers.get('access-control-allow-credentials') !== 'true',
        `Access-Control-Allow-Origin is ${allowed} with Access-Control-Allow-Credentials for a page of ${origin}: `
          + 'list only the origins of your own pages',
      );
    }
    await Promise.all([preflight.arrayBuffer(), answer.arrayBuffer()]);
  }
}
