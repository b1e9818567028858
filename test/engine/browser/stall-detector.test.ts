import { expect } from '@open-wc/testing';
import { StallDetector } from '../../../src/engine/browser/stall-detector.js';
import { FakeClock } from '../fake-clock.js';

const HOURS = 3_600_000;

/** Watches on a clock of its own; `stalls` says for how long nothing had moved. */
function watch(patience: number) {
  const clock = new FakeClock();
  const stalls: number[] = [];
  return { clock, stalls, watch: new StallDetector(clock, patience, (stillFor) => stalls.push(stillFor)) };
}

describe('the stall watch', () => {
  it('tells once when nothing moved for so long, and not before', async () => {
    const { clock, stalls, watch: one } = watch(30_000);
    await clock.advance(29_000);
    one.recordProgress();
    await clock.advance(29_999);
    expect(stalls).to.be.empty;
    await clock.advance(1);
    expect(stalls).to.deep.equal([30_000]);
    await clock.advance(HOURS);
    expect(stalls).to.have.length(1);
    expect(clock.nextDelay).to.equal(null);
  });

  it('calls back again where it is extended, and is as patient as before once something moves', async () => {
    const { clock, stalls, watch: one } = watch(30_000);
    await clock.advance(30_000);
    one.extend(60_000);
    await clock.advance(59_999);
    expect(stalls).to.deep.equal([30_000]);
    await clock.advance(1);
    expect(stalls).to.deep.equal([30_000, 90_000]);
    one.extend(600_000);
    one.recordProgress();
    await clock.advance(30_000);
    expect(stalls).to.deep.equal([30_000, 90_000, 30_000]);
  });

  it('gives ten seconds to what was in flight when the machine slept, however patient it is otherwise', async () => {
    const { clock, stalls, watch: one } = watch(600_000);
    clock.sleepFor(8 * HOURS);
    one.onWakeFromSleep();
    await clock.advance(9_999);
    expect(stalls).to.be.empty;
    // another look at the clock buys no time
    one.onWakeFromSleep();
    await clock.advance(1);
    expect(stalls).to.have.length(1);
  });

  it('is patient again with what moves after the machine slept', async () => {
    const { clock, stalls, watch: one } = watch(30_000);
    one.onWakeFromSleep();
    await clock.advance(5_000);
    one.recordProgress();
    await clock.advance(29_999);
    expect(stalls).to.be.empty;
    await clock.advance(1);
    expect(stalls).to.have.length(1);
  });

  it('hears what has moved while the page was kept busy before it calls anything still', async () => {
    const { clock, stalls, watch: one } = watch(30_000);
    clock.keepBusyFor(34_000);
    await clock.advance(3_999);
    expect(stalls).to.be.empty;
    one.recordProgress();
    await clock.advance(30_000);
    expect(stalls).to.deep.equal([30_000]);
  });

  it('waits ten seconds at most once a busy page is through', async () => {
    const { clock, stalls } = watch(30_000);
    clock.keepBusyFor(60_000);
    await clock.advance(9_999);
    expect(stalls).to.be.empty;
    await clock.advance(1);
    expect(stalls).to.deep.equal([70_000]);
  });

  it('leaves no timer when stopped, nor begins again when hurried', async () => {
    const { clock, stalls, watch: one } = watch(30_000);
    one.stop();
    one.onWakeFromSleep();
    expect(clock.nextDelay).to.equal(null);
    await clock.advance(HOURS);
    expect(stalls).to.be.empty;
  });
});
