import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createMemoryTracker } from '../../../src/signer/index.js';
import { startAttackHarness } from './attack-harness.js';
import type { AttackHarness } from './attack-harness.js';

describe('anonymous principals that request each other’s uploads from the tracker', () => {
  let harness: AttackHarness;
  before(async () => {
    harness = await startAttackHarness({ authorize: undefined, allowAnonymous: true, tracker: createMemoryTracker() });
  });
  after(async () => {
    assert.deepEqual(harness.faults, []);
    await harness.stop();
  });

  it('find no upload: an anonymous caller resumes only by its grant', async () => {
    const file = { filename: 'diary.txt', fingerprint: 'same-fingerprint' };
    const victim = harness.signIn(null);
    const begun = await victim.begin(file);
    for (const state of ['started', undefined]) await victim.call('chunk_loaded', { ...begun, chunks: [1], state });
    const other = await harness.signIn(null).init(file);
    assert.equal(other.upload_id, undefined);
    assert.equal(other.chunks, undefined);
    assert.notEqual(other.key, begun.key);
    const own = await victim.init({ ...file, ...begun });
    assert.equal(own.upload_id, begun.upload_id);
  });

  it('find no tracked upload of a signed-in user', async () => {
    const withUsers = await startAttackHarness({ allowAnonymous: true, tracker: createMemoryTracker() });
    const file = { fingerprint: 'f' };
    const begun = await withUsers.signIn('ada').begin(file);
    await withUsers.signIn('ada').call('chunk_loaded', { ...begun, chunks: [1] });
    assert.equal((await withUsers.signIn(null).init(file)).upload_id, undefined);
    // these names look anonymous, but belong to signed-in users
    for (const name of ['null', 'undefined', 'anonymous', '0'])
      assert.equal((await withUsers.signIn(name).init(file)).upload_id, undefined);
    assert.equal((await withUsers.signIn('ada').init(file)).upload_id, begun.upload_id);
    await withUsers.stop();
  });
});
