import { expect } from '@open-wc/testing';
import { TrackerNotifier } from '../../../src/engine/signing/tracker-notifier.js';
import { deny, FakeSigner } from '../fake-signer.js';
import { FakeClock, nextTurn } from '../fake-clock.js';

function setUp() {
  const clock = new FakeClock();
  const signer = new FakeSigner(clock);
  const notifier = new TrackerNotifier({ signer, clock }, () => ({ key: 'k', upload_id: 'u', grant: 'g' }));
  const sent = () => signer.bodies('chunk_loaded').map(({ chunks, state }) => [state ?? 'parts', chunks.length]);
  return { clock, signer, notifier, sent };
}

describe('notifications to the tracker', () => {
  it('collect the parts of a few seconds', async () => {
    const { clock, signer, notifier, sent } = setUp();
    notifier.started();
    for (let part = 1; part <= 40; part++) notifier.stored(part);
    await clock.advance(5_000);
    expect(sent()).to.deep.equal([
      ['started', 0],
      ['parts', 40],
    ]);
    expect(signer.bodies('chunk_loaded')[1]).to.include({ key: 'k', upload_id: 'u', grant: 'g' });
  });

  it('have at most 500 parts each', async () => {
    const { clock, notifier, sent } = setUp();
    for (let part = 1; part <= 1_200; part++) notifier.stored(part);
    await clock.advance(5_000);
    expect(sent()).to.deep.equal([
      ['parts', 500],
      ['parts', 500],
      ['parts', 200],
    ]);
  });

  it('contain the parts of a notification that failed', async () => {
    const { clock, signer, notifier, sent } = setUp();
    signer.next('chunk_loaded', deny(503, null));
    notifier.stored(1);
    await clock.advance(3_000);
    notifier.stored(2);
    await clock.advance(3_000);
    expect(sent()).to.deep.equal([
      ['parts', 1],
      ['parts', 2],
    ]);
  });

  it('leave the pending parts to the last one', async () => {
    const { clock, notifier, sent } = setUp();
    notifier.stored(7);
    expect(notifier.pendingParts()).to.deep.equal([7]);
    await clock.advance(10_000);
    expect(sent()).to.deep.equal([]);
  });

  it('are sent at once before the page is left', async () => {
    const { notifier, sent } = setUp();
    notifier.stored(1);
    notifier.flush();
    await nextTurn();
    expect(sent()).to.deep.equal([['parts', 1]]);
  });
});
