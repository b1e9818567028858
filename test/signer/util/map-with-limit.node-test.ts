import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { mapWithLimit } from '../../../src/signer/util/map-with-limit.js';

describe('mapWithLimit', () => {
  it('returns the results in order, and processes no more items at a time than the limit', async () => {
    let inProgress = 0;
    let maxInProgress = 0;
    const results = await mapWithLimit([5, 1, 4, 2, 3], 2, async (item) => {
      maxInProgress = Math.max(maxInProgress, ++inProgress);
      await sleep(item);
      inProgress -= 1;
      return item * 2;
    });
    assert.deepEqual(results, [10, 2, 8, 4, 6]);
    assert.equal(maxInProgress, 2);
    assert.deepEqual(await mapWithLimit([], 2, async () => assert.fail('there is no item')), []);
  });

  it('rejects with the first error, and starts no further item', async () => {
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
