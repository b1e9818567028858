import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { MAX_BODY_BYTES } from '../../../src/signer/http/json-body.js';
import { fileOf } from '../caller.js';
import { startAttackHarness } from './attack-harness.js';
import type { AttackHarness } from './attack-harness.js';

describe('10,000 files in a call', () => {
  let harness: AttackHarness;
  before(async () => {
    harness = await startAttackHarness();
  });
  after(async () => {
    assert.deepEqual(harness.faults, []);
    await harness.stop();
  });

  const createFiles = (count: number) =>
    Array.from({ length: count }, (_, id) => ({ id: String(id), filename: 'f', filesize: 1 }));

  it('are refused before any is validated, so that the browser halves the batch', async () => {
    const body = { files: createFiles(10_000) };
    assert.ok(JSON.stringify(body).length < MAX_BODY_BYTES);
    const answer = await harness.signIn('mallory').call('get_init_signature', body);
    assert.deepEqual([answer.status, answer.code], [413, 'too-many']);
    assert.equal((await harness.signIn('mallory').call('get_init_signature', { files: createFiles(101) })).status, 413);
    assert.equal((await harness.signIn('mallory').call('get_init_signature', { files: createFiles(100) })).status, 200);
  });

  it('are refused like any list of that length in another field', async () => {
    const zeros = Array.from({ length: 20_000 }, () => 0);
    const members = Object.fromEntries(zeros.map((_, index) => [`m${index}`, 0]));
    for (const params of [zeros, members, [[[zeros]]]]) {
      const answer = await harness.signIn('mallory').call('get_init_signature', { files: [fileOf({ params })] });
      assert.deepEqual([answer.status, answer.code], [413, 'too-many']);
    }
    const begun = await harness.signIn('mallory').begin();
    const all = { ...begun, size: 1, part_size: 1, chunks: Array.from({ length: 10_000 }, (_, index) => index + 1) };
    assert.equal((await harness.signIn('mallory').call('get_all_signatures', all)).status, 413);
  });

  it('are refused like params that are nested too deeply', async () => {
    let params: unknown = 0;
    for (let depth = 0; depth < 1_000; depth += 1) params = [params];
    const answer = await harness.signIn('mallory').call('get_init_signature', { files: [fileOf({ params })] });
    assert.deepEqual([answer.status, answer.code], [400, 'invalid-json']);
  });
});
