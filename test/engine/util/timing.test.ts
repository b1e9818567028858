import { expect } from '@open-wc/testing';
import { cancellableSleep, sleep, systemClock } from '../../../src/engine/util/timing.js';
import { FakeClock } from '../fake-clock.js';

describe('the machine’s clock', () => {
  it('has both times, chance, and timers that can be cancelled', async () => {
    expect(systemClock.now()).to.be.closeTo(Date.now(), 1_000);
    const before = systemClock.monotonic();
    let isRung = false;
    const cancel = systemClock.setTimer(() => (isRung = true), 0);
    cancel();
    await new Promise<void>((resolve) => systemClock.setTimer(resolve, 5));
    expect(isRung).to.be.false;
    expect(systemClock.monotonic()).to.be.above(before);
    expect(systemClock.random()).to.be.within(0, 1);
  });
});

describe('sleep', () => {
  it('ends after its time, or with its signal, and leaves no timer behind', async () => {
    const clock = new FakeClock();
    const controller = new AbortController();
    let isOver = false;
    void sleep(clock, 1_000, controller.signal).then(() => (isOver = true));
    await clock.advance(999);
    expect(isOver).to.be.false;
    await clock.advance(1);
    expect(isOver).to.be.true;
    const reason = new Error('enough');
    const early = sleep(clock, 1_000, controller.signal).catch((error: Error) => error);
    controller.abort(reason);
    expect(await early).to.equal(reason);
    expect(await sleep(clock, 1_000, controller.signal).catch((error: Error) => error)).to.equal(reason);
    expect(clock.nextDelay).to.equal(null);
  });
});

describe('a nap', () => {
  it('is over when it is woken, then or before its time, and leaves no timer behind', async () => {
    const clock = new FakeClock();
    const { signal } = new AbortController();
    const { over, wake } = cancellableSleep(clock, 1_000, signal);
    expect(clock.nextDelay).to.equal(1_000);
    wake();
    await over;
    expect(clock.nextDelay).to.equal(null);
    wake();
    const reason = new Error('too late');
    const never = cancellableSleep(clock, 1_000, AbortSignal.abort(reason));
    never.wake();
    expect(await never.over.catch((error: unknown) => error)).to.equal(reason);
  });
});
