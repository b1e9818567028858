import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { callsFor, PART, startAttackHarness } from './attack-harness.js';
import type { AttackHarness } from './attack-harness.js';

describe('an attack with keys that were never granted', () => {
  let harness: AttackHarness;
  before(async () => {
    harness = await startAttackHarness();
  });
  after(async () => {
    assert.deepEqual(harness.faults, []);
    await harness.stop();
  });

  it('gets no signature for a key that init has not granted, by any action', async () => {
    const mallory = harness.signIn('mallory');
    const own = await mallory.begin();
    for (const key of ['private/accounts.csv', `${own.key}/../x`, `${own.key}x`, '', '/', 'uploads/']) {
      for (const [action, body] of callsFor(own)) {
        const answer = await mallory.call(action, { ...body, key });
        assert.ok([400, 403].includes(answer.status), `${action} ${key}: ${answer.text}`);
        assert.ok(!answer.text.includes('X-Amz-Signature'));
      }
    }
  });

  it('gets no signature without a grant', async () => {
    const mallory = harness.signIn('mallory');
    const own = await mallory.begin();
    for (const [action, body] of callsFor({ ...own, grant: undefined as unknown as string }))
      assert.equal((await mallory.call(action, body)).code, 'grant-required', action);
  });

  it('gets no requested key from init if the policy does not allow it', async () => {
    const { key } = await harness.signIn('mallory').init({ object_key: 'private/accounts.csv', filesize: PART });
    assert.match(key, /^uploads\/[0-9a-f]{32}\/film\.mp4$/);
  });

  it('gets no signature if the caller is not signed in', async () => {
    const answer = await harness.signIn(null).call('get_init_signature', { files: [] });
    assert.deepEqual([answer.status, answer.code], [401, 'unauthorized']);
  });
});
