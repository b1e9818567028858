/** Calls a signer in any runtime as a page does, and compares its signatures with those of the signer in Node. */
import assert from 'node:assert/strict';
import type { AllAnswer, InitAnswer, SignedAnswer } from '../../../src/protocol.js';
import { uploadPart } from '../../../src/signer/s3/operations.js';
import { createPresigner } from '../../../src/signer/s3/presign.js';
import { locateStore } from '../../../src/signer/s3/store-address.js';
import { CREDENTIALS, fileOf, queryOf } from '../caller.js';

const SIZE = 100e6;

/** Returns the time of a signed URL, in epoch milliseconds. */
function timeOf(url: string): number {
  const stamp = queryOf(url)['X-Amz-Date']!;
  return Date.parse(stamp.replace(/^(\d{4})(\d\d)(\d\dT\d\d)(\d\d)(\d\dZ)$/, '$1-$2-$3:$4:$5'));
}

/**
 * Calls a signer over HTTP, as a page and as other clients do.
 * @param base URL of a signer for the bucket `films` at Amazon; it identifies users by `x-user`, and its option origins
 *   lists https://page.example
 */
export async function callEverything(base: string): Promise<void> {
  const post = (action: string, body: unknown, headers: Record<string, string> = {}) =>
    fetch(`${base}/${action}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-user': 'ada', origin: 'https://page.example', ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
  const call = async <T>(action: string, body: unknown): Promise<T> => {
    const response = await post(action, body);
    assert.equal(response.status, 200, await response.clone().text());
    assert.equal(response.headers.get('access-control-allow-origin'), 'https://page.example');
    assert.equal(response.headers.get('cache-control'), 'no-store');
    return (await response.json()) as T;
  };

  const file = fileOf({ filename: 'Übung “1”.mp4', filesize: SIZE });
  const { files } = await call<InitAnswer>('get_init_signature', { files: [file] });
  const { key, grant, part_size } = files[0] as { key: string; grant: string; part_size: number };
  assert.match(key, /^uploads\/[\da-f]{32}\/Übung “1”\.mp4$/);
  const reference = { key, grant, upload_id: 'an/id+of=s3' };
  const { url } = await call<SignedAnswer>('get_chunk_signature', { ...reference, chunk: 2, size: part_size });
  const presign = createPresigner(locateStore({ bucket: 'films', region: 'us-east-1' }), 'us-east-1');
  const terms = { credentials: CREDENTIALS, now: timeOf(url), lifetimeS: 3_600 };
  assert.equal(url, (await presign(uploadPart(key, reference.upload_id, 2, part_size), terms)).url);
  const chunks = Array.from({ length: 11 }, (_, index) => index + 1);
  const all = await call<AllAnswer>('get_all_signatures', { ...reference, size: SIZE, part_size, chunks });
  assert.equal(Object.keys(all.chunks).length, 11);

  const statusOf = async (body: unknown, headers: Record<string, string>) =>
    (await post('get_chunk_signature', body, headers)).status;
  const validBody = { ...reference, chunk: 2, size: part_size };
  assert.equal(await statusOf({ ...validBody, size: part_size + 1 }, {}), 400);
  assert.equal(await statusOf(validBody, { 'x-user': 'mallory' }), 403);
  assert.equal(await statusOf(validBody, { origin: 'https://evil.example' }), 403);
  assert.equal(await statusOf(JSON.stringify(validBody), { 'content-type': 'text/plain' }), 415);
  const preflight = await fetch(`${base}/get_init_signature`, {
    method: 'OPTIONS',
    headers: {
      origin: 'https://page.example',
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'content-type',
    },
  });
  assert.equal(preflight.status, 204);
  assert.equal(preflight.headers.get('access-control-allow-headers'), 'content-type');
}
