import { expect } from '@open-wc/testing';
import { MIN_PART_SIZE } from '../../../src/limits.js';
import { deny } from '../fake-signer.js';
import { loseAnswer, refuse, silence, stall } from '../fake-store.js';
import type { Behaviour } from '../fake-store.js';
import { FakeClock } from '../fake-clock.js';
import { fileOf, MemoryJournal, Harness } from '../harness.js';

const HOUR = 3_600_000;
const HOURS = 12;

/** A clock that counts the timers that are set. */
class CountingClock extends FakeClock {
  readonly live = new Set<object>();

  override setTimer(callback: () => void, delay: number): () => void {
    const timer = {};
    this.live.add(timer);
    const cancel = super.setTimer(() => {
      this.live.delete(timer);
      callback();
    }, delay);
    return () => {
      this.live.delete(timer);
      cancel();
    };
  }
}

/** Counts listeners on signals and on the page during `work`; a listener for one event is removed with it. */
async function countingListeners(work: (live: () => number) => Promise<void>): Promise<void> {
  const { addEventListener, removeEventListener } = EventTarget.prototype;
  const counts = new Map<EventTarget, Set<unknown>>();
  EventTarget.prototype.addEventListener = function (this: EventTarget, type, listener, options) {
    const target = this ?? globalThis;
    if (target instanceof AbortSignal && listener) {
      const known = counts.get(target) ?? new Set();
      known.add(listener);
      counts.set(target, known);
    }
    addEventListener.call(target, type, listener, options);
  };
  EventTarget.prototype.removeEventListener = function (this: EventTarget, type, listener, options) {
    const target = this ?? globalThis;
    counts.get(target)?.delete(listener);
    removeEventListener.call(target, type, listener, options);
  };
  // an aborted signal calls its listeners once, and drops them
  const live = (): number => {
    let sum = 0;
    for (const [target, known] of counts) {
      if ((target as AbortSignal).aborted || !known.size) counts.delete(target);
      else sum += known.size;
    }
    return sum;
  };
  try {
    await work(live);
  } finally {
    Object.assign(EventTarget.prototype, { addEventListener, removeEventListener });
  }
}

describe('twelve hours of uploads and faults', () => {
  it('leave no timer, no listener and no record after each hour', () =>
    countingListeners(async (listeners) => {
      const clock = new CountingClock();
      const journal = new MemoryJournal();
      const harness = new Harness({ concurrency: 3 }, { clock, journal });
      const { store, signer } = harness;
      signer.tracked = true;
      // signatures and grants expire during uploads
      signer.life = 60_000;
      const file = fileOf(4 * MIN_PART_SIZE);
      const faults: Behaviour[] = [refuse(503, 'SlowDown'), silence, stall, loseAnswer, refuse(403, 'AccessDenied')];
      const start = clock.now();
      const seen: { timers: number; listeners: number; records: number; uploads: number; page: boolean }[] = [];
      for (let hour = 0; hour < HOURS; hour++) {
        store.next('part', ...faults);
        store.next('complete', faults[hour % faults.length]!);
        signer.next('get_all_signatures', deny(503, null));
        await harness.uploader.add([file, fileOf(1_000, `small ${hour}.txt`)]);
        await harness.until(() => store.count('part') > 0);
        expect([clock.live.size, listeners()].every(Boolean), 'the census counts').to.be.true;
        // the store is unreachable for half of the hour, so that probes and waits start and end
        store.isUp = false;
        await clock.advance(HOUR / 2);
        store.isUp = true;
        harness.environment.handlers?.slept();
        await harness.finished();
        for (const { status } of harness.uploader.uploads) expect(status).to.equal('complete');
        harness.uploader.clear();
        await harness.settle();
        await clock.advance(start + (hour + 1) * HOUR - clock.now());
        await harness.settle();
        seen.push({
          timers: clock.live.size,
          listeners: listeners(),
          records: journal.records.size,
          uploads: harness.uploader.uploads.length,
          page: harness.environment.handlers !== null,
        });
        // the harness's own records do not count
        store.seen.length = signer.calls.length = harness.fired.length = 0;
      }
      expect(clock.now() - start).to.be.at.least(HOURS * HOUR);
      const idle = { timers: 0, records: 0, uploads: 0, page: false };
      for (const one of seen) expect(one).to.deep.equal({ ...idle, listeners: seen[0]!.listeners });
      expect(seen[0]!.listeners).to.be.at.most(2);
      harness.uploader.dispose();
      expect(clock.live.size).to.equal(0);
    }));
});
