import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { AccessEntry } from '../../../src/signer/index.js';
import { createCaller, CREDENTIALS, fileOf, NOW } from '../caller.js';

describe('the rate limit hook', () => {
  it('refuses callers with 429 by principal and action, before their body is read', async () => {
    const hookCalls: string[] = [];
    const caller = createCaller({
      throttle: async ({ request, action, principal }) => {
        hookCalls.push(`${principal} ${action} ${request.headers.get('x-forwarded-for')} ${request.bodyUsed}`);
        return principal === 'bob' ? 1.2 : 0;
      },
    });
    const headers = { 'x-forwarded-for': '192.0.2.1' };
    assert.equal((await caller.post('get_init_signature', { files: [fileOf()] }, headers)).status, 200);
    caller.user = 'bob';
    const refused = await caller.post('get_init_signature', '{', headers);
    assert.equal(refused.status, 429);
    assert.equal(refused.headers.get('retry-after'), '2');
    assert.deepEqual(hookCalls, ['ada get_init_signature 192.0.2.1 false', 'bob get_init_signature 192.0.2.1 false']);
  });

  it('is not called for unauthorized callers', async () => {
    const caller = createCaller({ throttle: () => assert.fail('called') });
    caller.user = null;
    assert.equal(await caller.refusal('get_init_signature', {}), '401 unauthorized');
  });

  it('allows a call if it returns no positive number', async () => {
    for (const result of [null, undefined, 0, -1, NaN]) await createCaller({ throttle: () => result }).init();
  });
});

describe('the access log', () => {
  it('is called once for each call, with principal, action, result and duration', async () => {
    const entries: AccessEntry[] = [];
    const caller = createCaller({ log: (entry) => entries.push(entry), policy: { maxSize: 200e6 } });
    await caller.post('get_init_signature', { files: [fileOf(), fileOf({ id: 'b', filesize: 300e6 })] });
    caller.user = null;
    await caller.post('get_init_signature', {}, { origin: 'https://page.example' });
    await caller.post('nothing', {});
    assert.ok(entries.every(({ duration }) => duration >= 0));
    assert.deepEqual(
      entries.map((entry) => ({ ...entry, duration: 0 })),
      [
        { action: 'get_init_signature', status: 200, code: null, refused: ['too-big'], principal: 'ada', origin: null },
        {
          action: 'get_init_signature',
          status: 401,
          code: 'unauthorized',
          refused: [],
          principal: null,
          origin: 'https://page.example',
        },
        { action: null, status: 404, code: 'unknown-action', refused: [], principal: null, origin: null },
      ].map((entry) => ({ ...entry, time: NOW, method: 'POST', duration: 0 })),
    );
  });

  it('receives no key, name, grant, signature or secret', async () => {
    const entries: AccessEntry[] = [];
    const caller = createCaller({ log: (entry) => entries.push(entry), secret: 'sealing-secret-text' });
    const { key, grant } = await caller.init({ filename: 'private-diary.txt' });
    await caller.post('get_head_signature', { key, grant: `${grant}x` });
    const text = JSON.stringify(entries);
    for (const secret of [key, grant, 'diary', CREDENTIALS.secretAccessKey, 'sealing-secret', 'X-Amz'])
      assert.ok(!text.includes(secret), secret);
  });

  it('does not affect the answer if it throws, and onError receives the error', async () => {
    const errors: unknown[] = [];
    const log = () => {
      throw new Error('disk full');
    };
    const caller = createCaller({ log, onError: (error) => errors.push(error) });
    assert.equal((await caller.post('get_init_signature', { files: [fileOf()] })).status, 200);
    assert.equal((errors[0] as Error).message, 'disk full');
  });
});
