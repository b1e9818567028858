import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createMemoryTracker } from '../../../src/signer/index.js';
import { startField } from './field.js';
import type { Field } from './field.js';

describe('anonymous principals that request each other’s uploads from the tracker', () => {
  let field: Field;
  before(async () => {
    field = await startField({ authorize: undefined, allowAnonymous: true, tracker: createMemoryTracker() });
  });
  after(async () => {
    assert.deepEqual(field.faults, []);
    await field.stop();
  });

  it('find nothing: an anonymous caller resumes only by grant', async () => {
    const file = { filename: 'diary.txt', fingerprint: 'same-fingerprint' };
    const victim = field.person(null);
    const begun = await victim.begin(file);
    for (const state of ['started', undefined]) await victim.call('chunk_loaded', { ...begun, chunks: [1], state });
    const other = await field.person(null).init(file);
    assert.equal(other.upload_id, undefined);
    assert.equal(other.chunks, undefined);
    assert.notEqual(other.key, begun.key);
    const own = await victim.init({ ...file, ...begun });
    assert.equal(own.upload_id, begun.upload_id);
  });

  it('find no tracked upload of a signed-in user', async () => {
    const open = await startField({ allowAnonymous: true, tracker: createMemoryTracker() });
    const file = { fingerprint: 'f' };
    const begun = await open.person('ada').begin(file);
    await open.person('ada').call('chunk_loaded', { ...begun, chunks: [1] });
    assert.equal((await open.person(null).init(file)).upload_id, undefined);
    // IDs that look anonymous belong to a user
    for (const name of ['null', 'undefined', 'anonymous', '0'])
      assert.equal((await open.person(name).init(file)).upload_id, undefined);
    assert.equal((await open.person('ada').init(file)).upload_id, begun.upload_id);
    await open.stop();
  });
});
