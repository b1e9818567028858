import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { callsFor, PART, startField } from './field.js';
import type { Field } from './field.js';

describe('an attack with keys that were never granted', () => {
  let field: Field;
  before(async () => {
    field = await startField();
  });
  after(async () => {
    assert.deepEqual(field.faults, []);
    await field.stop();
  });

  it('gets no signature for a key that init did not give, by any action', async () => {
    const mallory = field.person('mallory');
    const own = await mallory.begin();
    for (const key of ['private/accounts.csv', `${own.key}/../x`, `${own.key}x`, '', '/', 'uploads/']) {
      for (const [action, body] of callsFor(own)) {
        const answer = await mallory.call(action, { ...body, key });
        assert.ok([400, 403].includes(answer.status), `${action} ${key}: ${answer.text}`);
        assert.ok(!answer.text.includes('X-Amz-Signature'));
      }
    }
  });

  it('gets none without a grant', async () => {
    const mallory = field.person('mallory');
    const own = await mallory.begin();
    for (const [action, body] of callsFor({ ...own, grant: undefined as unknown as string }))
      assert.equal((await mallory.call(action, body)).code, 'grant-required', action);
  });

  it('gets no requested key from init if the policy does not allow it', async () => {
    const { key } = await field.person('mallory').init({ object_key: 'private/accounts.csv', filesize: PART });
    assert.match(key, /^uploads\/[0-9a-f]{32}\/film\.mp4$/);
  });

  it('gets nothing without a session', async () => {
    const answer = await field.person(null).call('get_init_signature', { files: [] });
    assert.deepEqual([answer.status, answer.code], [401, 'unauthorized']);
  });
});
