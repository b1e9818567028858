import { expect } from '@open-wc/testing';
import { systemClock } from '../../../src/engine/browser/system-clock.js';

describe('the system clock', () => {
  it('has two clocks, random numbers, and timers that can be cancelled', async () => {
    expect(systemClock.now()).to.be.closeTo(Date.now(), 1_000);
    const before = systemClock.monotonic();
    let hasFired = false;
    const cancel = systemClock.setTimer(() => (hasFired = true), 0);
    cancel();
    await new Promise<void>((resolve) => systemClock.setTimer(resolve, 5));
    expect(hasFired).to.be.false;
    expect(systemClock.monotonic()).to.be.above(before);
    expect(systemClock.random()).to.be.within(0, 1);
  });
});
