import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createHmac } from 'node:crypto';
import { CREDENTIALS } from '../caller.js';
import { callsFor, replay, startAttackHarness } from './attack-harness.js';
import type { AttackHarness } from './attack-harness.js';

describe('an attack with keys for the whole bucket', () => {
  let harness: AttackHarness;
  before(async () => {
    harness = await startAttackHarness({ secret: 'sealing-secret-0123456789' });
  });
  after(async () => {
    assert.deepEqual(harness.faults, []);
    await harness.stop();
  });

  /** Returns the keys of Signature Version 4, from the secret access key to the signing key. */
  const derivedKeys = (day: string): Buffer[] => {
    const keys = [Buffer.from(`AWS4${CREDENTIALS.secretAccessKey}`)];
    for (const step of [day, 'us-east-1', 's3', 'aws4_request'])
      keys.push(createHmac('sha256', keys.at(-1)!).update(step).digest());
    return keys;
  };

  it('finds neither secret nor derived key in any response, in any encoding', async () => {
    const mallory = harness.signIn('mallory');
    const begun = await mallory.begin();
    const answers = [JSON.stringify(begun)];
    for (const [action, body] of [...callsFor(begun), ['get_init_signature', {}] as const])
      answers.push((await mallory.call(action, body)).text);
    const day = new Date().toISOString().slice(0, 10).replaceAll('-', '');
    const secrets = [
      ...derivedKeys(day),
      Buffer.from(CREDENTIALS.secretAccessKey),
      Buffer.from('sealing-secret-0123456789'),
    ];
    const text = answers.join('\n');
    const decoded = text.replace(/[\w-]{20,}/g, (word) => Buffer.from(word, 'base64url').toString('latin1'));
    for (const secret of secrets) {
      for (const form of ['hex', 'base64', 'base64url', 'latin1'] as const) {
        assert.ok(!text.includes(secret.toString(form)) && !decoded.includes(secret.toString(form)));
      }
    }
  });

  it('cannot use a signature for another key, method, part, upload, length or time', async () => {
    const mallory = harness.signIn('mallory');
    const begun = await mallory.begin();
    const { text } = await mallory.call('get_chunk_signature', { ...begun, chunk: 3, size: 1 });
    const { url } = JSON.parse(text) as { url: string };
    const sendChanged = async (search: string, replacement: string, method = 'PUT', body = 'x') => {
      assert.ok(url.includes(search), search);
      return (await replay({ method, url: url.replace(search, replacement) }, method === 'PUT' ? body : undefined))
        .status;
    };
    assert.equal(await sendChanged('film.mp4', 'other.mp4'), 403);
    assert.equal(await sendChanged('partNumber=3', 'partNumber=4'), 403);
    assert.equal(await sendChanged('uploadId=', 'uploadId=x'), 403);
    assert.equal(await sendChanged('X-Amz-Expires=3600', 'X-Amz-Expires=604800'), 403);
    assert.equal(await sendChanged('content-length%3Bhost', 'host'), 403);
    assert.equal(await sendChanged('x', 'x', 'DELETE'), 403);
    assert.equal(await sendChanged('x', 'x', 'GET'), 403);
    assert.equal(await sendChanged('x', 'x', 'PUT', 'xx'), 403);
    assert.equal(await sendChanged('x', 'x', 'PUT'), 200);
  });
});
