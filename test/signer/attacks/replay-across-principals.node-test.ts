import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createMemoryTracker } from '../../../src/signer/index.js';
import { DAY } from '../caller.js';
import { callsFor, startField } from './field.js';
import type { Field } from './field.js';

const clock = { now: Date.now() };

describe('replay across principals', () => {
  let field: Field;
  before(async () => {
    field = await startField({ allowAnonymous: true, tracker: createMemoryTracker(), now: () => clock.now });
  });
  after(async () => {
    assert.deepEqual(field.faults, []);
    await field.stop();
  });

  it('uses no grant of another user, with or without a session', async () => {
    for (const [owner, thief] of [
      ['ada', 'mallory'],
      ['ada', null],
      [null, 'mallory'],
      ['ada', 'Ada'],
      ['ada', 'ada\u00a0'],
    ] as const) {
      const begun = await field.person(owner).begin();
      for (const [action, body] of [
        ...callsFor(begun),
        ['chunk_loaded', { ...begun, chunks: [1], state: 'aborted' }] as const,
      ]) {
        const answer = await field.person(thief).call(action, body);
        assert.deepEqual([answer.status, answer.code], [403, 'principal-mismatch'], `${owner} ${thief} ${action}`);
      }
      assert.equal((await field.person(thief).init(begun)).error?.code, 'principal-mismatch');
    }
  });

  it('renews an expired grant only for its principal, within renewalTime', async () => {
    const begun = await field.person('ada').begin();
    clock.now += 8 * DAY;
    assert.equal((await field.person('ada').call('get_list_signature', begun)).code, 'grant-expired');
    assert.equal((await field.person('mallory').init(begun)).error?.code, 'principal-mismatch');
    assert.equal((await field.person('ada').init(begun)).error, undefined);
    clock.now += 23 * DAY;
    assert.equal((await field.person('ada').init(begun)).error?.code, 'grant-expired');
  });
});
