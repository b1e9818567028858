import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { PART, replay, startAttackHarness } from './attack-harness.js';
import type { AttackHarness } from './attack-harness.js';

describe('oversized parts', () => {
  let harness: AttackHarness;
  before(async () => {
    harness = await startAttackHarness({ policy: { maxSize: 20e6, posts: true } });
  });
  after(async () => {
    assert.deepEqual(harness.faults, []);
    await harness.stop();
  });

  it('get no signature for a length or a part number that the file does not have', async () => {
    const mallory = harness.signIn('mallory');
    const begun = await mallory.begin();
    const sizes = [2, 0, PART, 5 * 1024 ** 3, 2 ** 53, -1, 1.5, 1e308, '1', null, [1]];
    for (const size of sizes) {
      const answer = await mallory.call('get_chunk_signature', { ...begun, chunk: 3, size });
      assert.equal(answer.status, 400, JSON.stringify(size));
    }
    for (const chunk of [0, 4, 10_000, 10_001, -1, 2.5, '3', 2 ** 53, null]) {
      for (const size of [1, PART]) {
        assert.equal((await mallory.call('get_chunk_signature', { ...begun, chunk, size })).status, 400, `${chunk}`);
      }
      const all = { ...begun, size: 2 * PART + 1, part_size: PART, chunks: [chunk] };
      assert.equal((await mallory.call('get_all_signatures', all)).status, 400, `${chunk}`);
    }
    for (const change of [{ part_size: 2 * PART }, { size: 2 * PART + 2 }, { size: 5e12 }]) {
      const all = { ...begun, size: 2 * PART + 1, part_size: PART, chunks: [1], ...change };
      assert.equal((await mallory.call('get_all_signatures', all)).status, 400);
    }
  });

  it('are rejected by the store if they have another length than was signed', async () => {
    const mallory = harness.signIn('mallory');
    const begun = await mallory.begin();
    const { text } = await mallory.call('get_chunk_signature', { ...begun, chunk: 3, size: 1 });
    const { url } = JSON.parse(text) as { url: string };
    for (const body of ['', 'xx', 'x'.repeat(PART)]) assert.equal((await replay(url, body)).status, 403);
    assert.equal((await replay(url, 'x')).status, 200);
  });

  it('get no grant for a size beyond the policy, in any notation', async () => {
    const mallory = harness.signIn('mallory');
    for (const filesize of [20e6 + 1, 5e12]) assert.equal((await mallory.init({ filesize })).error?.code, 'too-big');
    for (const filesize of [-1, 1.5, '1', null, 2 ** 53, '1e3', true]) {
      const body = { files: [{ id: 'a', filename: 'a', filesize, content_type: '' }] };
      assert.equal((await mallory.call('get_init_signature', body)).status, 400, String(filesize));
    }
    assert.equal(
      (await mallory.call('get_init_signature', '{"files":[{"id":"a","filename":"a","filesize":1e999}]}')).status,
      400,
    );
  });

  it('get no renewal for another size', async () => {
    const mallory = harness.signIn('mallory');
    const begun = await mallory.begin();
    for (const filesize of [1, 20e6])
      assert.equal((await mallory.init({ ...begun, filesize })).error?.code, 'size-mismatch');
  });
});
