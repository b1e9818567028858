import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createMemoryTracker } from '../../../src/signer/index.js';
import { DAY_MS } from '../caller.js';
import { callsFor, startAttackHarness } from './attack-harness.js';
import type { AttackHarness } from './attack-harness.js';

const clock = { now: Date.now() };

describe('replay across principals', () => {
  let harness: AttackHarness;
  before(async () => {
    harness = await startAttackHarness({ allowAnonymous: true, tracker: createMemoryTracker(), now: () => clock.now });
  });
  after(async () => {
    assert.deepEqual(harness.faults, []);
    await harness.stop();
  });

  it('of a grant is refused for another user, signed in or not', async () => {
    for (const [owner, thief] of [
      ['ada', 'mallory'],
      ['ada', null],
      [null, 'mallory'],
      ['ada', 'Ada'],
      ['ada', 'ada\u00a0'],
    ] as const) {
      const begun = await harness.signIn(owner).begin();
      for (const [action, body] of [
        ...callsFor(begun),
        ['chunk_loaded', { ...begun, chunks: [1], state: 'aborted' }] as const,
      ]) {
        const answer = await harness.signIn(thief).call(action, body);
        assert.deepEqual([answer.status, answer.code], [403, 'principal-mismatch'], `${owner} ${thief} ${action}`);
      }
      assert.equal((await harness.signIn(thief).init(begun)).error?.code, 'principal-mismatch');
    }
  });

  it('does not renew an expired grant, except for its principal and within renewalTime', async () => {
    const begun = await harness.signIn('ada').begin();
    clock.now += 8 * DAY_MS;
    assert.equal((await harness.signIn('ada').call('get_list_signature', begun)).code, 'grant-expired');
    assert.equal((await harness.signIn('mallory').init(begun)).error?.code, 'principal-mismatch');
    assert.equal((await harness.signIn('ada').init(begun)).error, undefined);
    clock.now += 23 * DAY_MS;
    assert.equal((await harness.signIn('ada').init(begun)).error?.code, 'grant-expired');
  });
});
