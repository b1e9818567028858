import { expect } from '@open-wc/testing';
import { StallDetector } from '../../../src/engine/browser/stall-detector.js';
import { FakeClock } from '../fake-clock.js';

const HOUR_MS = 3_600_000;

/** Creates a detector with its own clock. `stalls` lists its reports, each with the milliseconds without progress. */
function setUp(timeoutMs: number) {
  const clock = new FakeClock();
  const stalls: number[] = [];
  return { clock, stalls, detector: new StallDetector(clock, timeoutMs, (stillFor) => stalls.push(stillFor)) };
}

describe('the stall detector', () => {
  it('reports once, after the timeout without progress', async () => {
    const { clock, stalls, detector } = setUp(30_000);
    await clock.advance(29_000);
    detector.recordProgress();
    await clock.advance(29_999);
    expect(stalls).to.be.empty;
    await clock.advance(1);
    expect(stalls).to.deep.equal([30_000]);
    await clock.advance(HOUR_MS);
    expect(stalls).to.have.length(1);
    expect(clock.nextDelay).to.equal(null);
  });

  it('reports again after an extension; the next progress ends the extension', async () => {
    const { clock, stalls, detector } = setUp(30_000);
    await clock.advance(30_000);
    detector.extend(60_000);
    await clock.advance(59_999);
    expect(stalls).to.deep.equal([30_000]);
    await clock.advance(1);
    expect(stalls).to.deep.equal([30_000, 90_000]);
    detector.extend(600_000);
    detector.recordProgress();
    await clock.advance(30_000);
    expect(stalls).to.deep.equal([30_000, 90_000, 30_000]);
  });

  it('waits only ten seconds after the device slept', async () => {
    const { clock, stalls, detector } = setUp(600_000);
    clock.sleepFor(8 * HOUR_MS);
    detector.onWakeFromSleep();
    await clock.advance(9_999);
    expect(stalls).to.be.empty;
    // a second wake-up does not extend the limit
    detector.onWakeFromSleep();
    await clock.advance(1);
    expect(stalls).to.have.length(1);
  });

  it('waits the full timeout again after progress', async () => {
    const { clock, stalls, detector } = setUp(30_000);
    detector.onWakeFromSleep();
    await clock.advance(5_000);
    detector.recordProgress();
    await clock.advance(29_999);
    expect(stalls).to.be.empty;
    await clock.advance(1);
    expect(stalls).to.have.length(1);
  });

  it('waits for queued progress events after the main thread was busy', async () => {
    const { clock, stalls, detector } = setUp(30_000);
    clock.keepBusyFor(34_000);
    await clock.advance(3_999);
    expect(stalls).to.be.empty;
    detector.recordProgress();
    await clock.advance(30_000);
    expect(stalls).to.deep.equal([30_000]);
  });

  it('waits ten seconds at most after the main thread was busy', async () => {
    const { clock, stalls } = setUp(30_000);
    clock.keepBusyFor(60_000);
    await clock.advance(9_999);
    expect(stalls).to.be.empty;
    await clock.advance(1);
    expect(stalls).to.deep.equal([70_000]);
  });

  it('leaves no timer after stop(), even if the device then wakes', async () => {
    const { clock, stalls, detector } = setUp(30_000);
    detector.stop();
    detector.onWakeFromSleep();
    expect(clock.nextDelay).to.equal(null);
    await clock.advance(HOUR_MS);
    expect(stalls).to.be.empty;
  });
});
