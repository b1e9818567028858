import { expect } from '@open-wc/testing';
import { backoff, cancellableSleep, parseRetryAfter, sleep } from '../../../src/engine/util/timing.js';
import { FakeClock } from '../fake-clock.js';

describe('sleep', () => {
  it('ends after its delay or when its signal aborts, and leaves no timer behind', async () => {
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

describe('cancellableSleep', () => {
  it('ends when woken, and leaves no timer behind', async () => {
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

describe('the backoff', () => {
  it('has a ceiling of half a second that doubles up to 30 s', () => {
    const ceilings = [1, 2, 3, 4, 5, 6, 7, 8, 100, 10_000].map((level) => backoff(level, 1));
    expect(ceilings).to.deep.equal([500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000, 30_000]);
  });

  it('has full jitter: anything from 0 to the ceiling', () => {
    for (const random of [0, 0.001, 0.25, 0.5, 0.999]) {
      for (let level = 1; level < 20; level++) {
        expect(backoff(level, random)).to.be.closeTo(random * Math.min(30_000, 500 * 2 ** (level - 1)), 0.5);
      }
    }
  });
});

describe('Retry-After', () => {
  const now = Date.UTC(2026, 0, 1, 12);

  it('is read as seconds', () => {
    expect(parseRetryAfter('7', now)).to.equal(7_000);
    expect(parseRetryAfter(' 0 ', now)).to.equal(0);
  });

  it('is read as a date; a past one means now', () => {
    expect(parseRetryAfter('Thu, 01 Jan 2026 12:01:30 GMT', now)).to.equal(90_000);
    expect(parseRetryAfter('Thu, 01 Jan 2026 11:00:00 GMT', now)).to.equal(0);
  });

  it('is limited to one hour', () => {
    expect(parseRetryAfter('86400', now)).to.equal(3_600_000);
    expect(parseRetryAfter('Fri, 01 Jan 2027 12:00:00 GMT', now)).to.equal(3_600_000);
  });

  it('is null if it is missing or cannot be parsed', () => {
    for (const header of [null, '', 'soon']) expect(parseRetryAfter(header, now)).to.equal(null);
  });
});
