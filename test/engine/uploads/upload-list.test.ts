import { expect } from '@open-wc/testing';
import { MIN_PART_SIZE } from '../../../src/limits.js';
import { deny } from '../fake-signer.js';
import { refuse } from '../fake-store.js';
import { fileOf, Harness } from '../harness.js';

const PART = MIN_PART_SIZE;

describe('many files', () => {
  it('never have more requests in flight than the concurrency', async () => {
    const harness = new Harness({ concurrency: 3 });
    let inFlight = 0;
    let maxInFlight = 0;
    for (const operation of ['part', 'put', 'create', 'complete'] as const) {
      harness.store.always(operation, async (_request, proceed) => {
        maxInFlight = Math.max(maxInFlight, ++inFlight);
        const answer = await proceed();
        inFlight--;
        return answer;
      });
    }
    await harness.upload(
      ...Array.from({ length: 10 }, (_, index) => fileOf(index % 2 ? 10 : 3 * PART, `${index}.bin`, index)),
    );
    expect(harness.uploader.uploads.every(({ status }) => status === 'complete')).to.be.true;
    expect(maxInFlight).to.equal(3);
  });

  it('continue when one of them fails, and are reported together in mule-finish', async () => {
    const harness = new Harness();
    harness.store.next('put', refuse(400, 'InvalidArgument'));
    await harness.upload(fileOf(10, 'a.bin'), fileOf(10, 'b.bin', 2), fileOf(2 * PART, 'c.bin'));
    const [finish] = harness.detailsOf('mule-finish');
    expect(finish!.failed).to.have.length(1);
    expect(finish!.completed).to.have.length(2);
    expect(harness.detailsOf('mule-finish')).to.have.length(1);
    expect(harness.uploader.status).to.equal('failed');
  });

  it('reach full concurrency again once a busy store has recovered', async () => {
    const harness = new Harness();
    harness.store.next('put', refuse(503, 'SlowDown'));
    let inFlight = 0;
    let maxInFlight = 0;
    harness.store.always('put', async (_request, proceed) => {
      inFlight++;
      if (harness.store.count('put') > 60) maxInFlight = Math.max(maxInFlight, inFlight);
      // takes long enough for the requests in flight to reach the full concurrency
      await new Promise<void>((resolve) => harness.clock.setTimer(resolve, 1_000));
      const answer = await proceed();
      inFlight--;
      return answer;
    });
    await harness.upload(...Array.from({ length: 90 }, (_, index) => fileOf(10, `${index}.bin`)));
    expect(maxInFlight).to.be.at.least(5);
  });

  it('have a progress and a status in common', async () => {
    const harness = new Harness({ concurrency: 1 });
    expect(harness.uploader.status).to.equal('idle');
    harness.signer.always('get_init_signature', deny(401, null));
    await harness.uploader.add([fileOf(PART, 'a.bin'), fileOf(PART, 'b.bin', 2)]);
    await harness.until(() => harness.uploader.status === 'waiting');
    expect(harness.uploader.progress).to.include({ loaded: 0, total: 2 * PART, ratio: 0 });
    harness.uploader.pause();
    expect(harness.uploader.status).to.equal('paused');
    harness.uploader.abort(harness.uploadOf('b.bin').id);
    expect(harness.uploader.progress.total, 'without the aborted upload').to.equal(PART);
    harness.signer.always('get_init_signature', null);
    await harness.uploader.resume();
    await harness.finished();
    expect(harness.uploader.status).to.equal('complete');
    expect(harness.uploader.progress).to.include({ loaded: PART, total: PART, ratio: 1 });
  });
});
