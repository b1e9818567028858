import { expect } from '@open-wc/testing';
import { StallDetector } from '../../../src/engine/browser/stall-detector.js';
import { FakeClock } from '../fake-clock.js';

const HOURS = 3_600_000;

/** Creates a detector with its own clock; `stalls` has the milliseconds without progress, one entry per report. */
function watch(timeoutMs: number) {
  const clock = new FakeClock();
  const stalls: number[] = [];
  return { clock, stalls, watch: new StallDetector(clock, timeoutMs, (stillFor) => stalls.push(stillFor)) };
}

describe('the stall detector', () => {
  it('reports once, after the timeout without progress', async () => {
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

  it('reports again after an extension, which ends with the next progress', async () => {
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

  it('waits only ten seconds after the device slept', async () => {
    const { clock, stalls, watch: one } = watch(600_000);
    clock.sleepFor(8 * HOURS);
    one.onWakeFromSleep();
    await clock.advance(9_999);
    expect(stalls).to.be.empty;
    // checking again does not extend the limit
    one.onWakeFromSleep();
    await clock.advance(1);
    expect(stalls).to.have.length(1);
  });

  it('waits the full timeout again after progress', async () => {
    const { clock, stalls, watch: one } = watch(30_000);
    one.onWakeFromSleep();
    await clock.advance(5_000);
    one.recordProgress();
    await clock.advance(29_999);
    expect(stalls).to.be.empty;
    await clock.advance(1);
    expect(stalls).to.have.length(1);
  });

  it('waits for queued progress events after the main thread was busy', async () => {
    const { clock, stalls, watch: one } = watch(30_000);
    clock.keepBusyFor(34_000);
    await clock.advance(3_999);
    expect(stalls).to.be.empty;
    one.recordProgress();
    await clock.advance(30_000);
    expect(stalls).to.deep.equal([30_000]);
  });

  it('waits ten seconds at most after the main thread was busy', async () => {
    const { clock, stalls } = watch(30_000);
    clock.keepBusyFor(60_000);
    await clock.advance(9_999);
    expect(stalls).to.be.empty;
    await clock.advance(1);
    expect(stalls).to.deep.equal([70_000]);
  });

  it('leaves no timer when stopped, even when the device wakes', async () => {
    const { clock, stalls, watch: one } = watch(30_000);
    one.stop();
    one.onWakeFromSleep();
    expect(clock.nextDelay).to.equal(null);
    await clock.advance(HOURS);
    expect(stalls).to.be.empty;
  });
});
