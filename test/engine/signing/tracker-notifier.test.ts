import { expect } from '@open-wc/testing';
import { TrackerNotifier } from '../../../src/engine/signing/tracker-notifier.js';
import { deny, FakeSigner } from '../fake-signer.js';
import { FakeClock, turn } from '../fake-clock.js';

const { signal } = new AbortController();

function setUp() {
  const clock = new FakeClock();
  const signer = new FakeSigner(clock);
  const notices = new TrackerNotifier({ signer, clock }, () => ({ key: 'k', upload_id: 'u', grant: 'g' }), null);
  const said = () => signer.bodies('chunk_loaded').map(({ chunks, state }) => [state ?? 'parts', chunks.length]);
  return { clock, signer, notices, said };
}

describe('notifications to the tracker', () => {
  it('collect the parts of a few seconds', async () => {
    const { clock, signer, notices, said } = setUp();
    notices.started();
    for (let part = 1; part <= 40; part++) notices.stored(part);
    await clock.advance(5_000);
    expect(said()).to.deep.equal([
      ['started', 0],
      ['parts', 40],
    ]);
    expect(signer.bodies('chunk_loaded')[1]).to.include({ key: 'k', upload_id: 'u', grant: 'g' });
  });

  it('have at most 500 parts each', async () => {
    const { clock, notices, said } = setUp();
    for (let part = 1; part <= 1_200; part++) notices.stored(part);
    await clock.advance(5_000);
    expect(said()).to.deep.equal([
      ['parts', 500],
      ['parts', 500],
      ['parts', 200],
    ]);
  });

  it('repeat the parts of a failed one', async () => {
    const { clock, signer, notices, said } = setUp();
    signer.next('chunk_loaded', deny(503, null));
    notices.stored(1);
    await clock.advance(3_000);
    notices.stored(2);
    await clock.advance(3_000);
    expect(said()).to.deep.equal([
      ['parts', 1],
      ['parts', 2],
    ]);
  });

  it('end with completion, which returns the receipt', async () => {
    const { clock, notices, said } = setUp();
    notices.stored(7);
    expect(await notices.complete(signal)).to.equal('receipt of k');
    await clock.advance(10_000);
    expect(said()).to.deep.equal([['complete', 1]]);
  });

  it('never fail an upload', async () => {
    const { clock, signer, notices } = setUp();
    signer.always('chunk_loaded', deny(500, null));
    notices.started();
    notices.aborted();
    const receipt = notices.complete(signal);
    await clock.advance(60_000);
    expect(await receipt).to.equal(null);
  });

  it('are sent at once before the page is left', async () => {
    const { notices, said } = setUp();
    notices.stored(1);
    notices.flush();
    await turn();
    expect(said()).to.deep.equal([['parts', 1]]);
  });
});
