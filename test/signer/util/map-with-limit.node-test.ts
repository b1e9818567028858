import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { mapWithLimit } from '../../../src/signer/util/map-with-limit.js';

describe('mapWithLimit', () => {
  it('returns the results in order, and works on at most as many items at a time', async () => {
    let atOnce = 0;
    let most = 0;
    const results = await mapWithLimit([5, 1, 4, 2, 3], 2, async (item) => {
      most = Math.max(most, ++atOnce);
      await sleep(item);
      atOnce -= 1;
      return item * 2;
    });
    assert.deepEqual(results, [10, 2, 8, 4, 6]);
    assert.equal(most, 2);
    assert.deepEqual(await mapWithLimit([], 2, async () => assert.fail('there is no item')), []);
  });

  it('rejects with the first error, and starts nothing more', async () => {
    const started: number[] = [];
    const work = async (item: number): Promise<void> => {
      started.push(item);
      await sleep(1);
      if (item === 2) throw new Error('two');
    };
    await assert.rejects(mapWithLimit([1, 2, 3, 4, 5, 6], 2, work), /two/);
    await sleep(10);
    assert.ok(started.length <= 4, started.join());
  });
});
