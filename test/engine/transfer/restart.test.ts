import { expect } from '@open-wc/testing';
import { MIN_PART_SIZE } from '../../../src/limits.js';
import { refuse } from '../fake-store.js';
import { fileOf, Harness } from '../harness.js';

const PART = MIN_PART_SIZE;
const NAME = 'a.bin';

describe('an upload that waits to restart', () => {
  it('restarts at once when the user retries', async () => {
    const harness = new Harness();
    harness.store.next('complete', refuse(409, 'ConditionalRequestConflict'));
    await harness.uploader.add([fileOf(2 * PART)]);
    // the clock stands still, so that the wait does not end by itself
    await harness.untilStill(() => harness.uploadOf(NAME).status === 'waiting');
    const { waitingFor, retryAt } = harness.uploadOf(NAME);
    expect(waitingFor).to.equal('store');
    expect(retryAt).to.be.above(harness.clock.now());
    expect(harness.store.count('create')).to.equal(1);
    harness.uploader.retry();
    await harness.untilStill(() => harness.store.count('create') === 2, 'the second multipart upload');
    expect(retryAt, 'the wait would still go on').to.be.above(harness.clock.now());
    await harness.finished();
    expect(harness.uploadOf(NAME)).to.include({ status: 'complete', waitingFor: null, retryAt: null });
  });
});
