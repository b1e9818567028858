import { expect } from '@open-wc/testing';
import { MIN_PART_SIZE } from '../../../src/limits.js';
import { deny } from '../fake-signer.js';
import { loseResponse, refuse, dropConnection, stall } from '../fake-store.js';
import type { Behaviour } from '../fake-store.js';
import { FakeClock } from '../fake-clock.js';
import { fileOf, MemoryJournal, Harness } from '../harness.js';

const HOUR_MS = 3_600_000;
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

/** Counts the listeners on abort signals during `work`. */
async function countingListeners(work: (live: () => number) => Promise<void>): Promise<void> {
  const { addEventListener, removeEventListener } = EventTarget.prototype;
  const counts = new Map<EventTarget, Set<unknown>>();
  EventTarget.prototype.addEventListener = function (this: EventTarget, type, listener, options) {
    const target = this ?? globalThis;
    if (target instanceof AbortSignal && listener) {
      const ofTarget = counts.get(target) ?? new Set();
      ofTarget.add(listener);
      counts.set(target, ofTarget);
    }
    addEventListener.call(target, type, listener, options);
  };
  EventTarget.prototype.removeEventListener = function (this: EventTarget, type, listener, options) {
    const target = this ?? globalThis;
    counts.get(target)?.delete(listener);
    removeEventListener.call(target, type, listener, options);
  };
  // an aborted signal has called its listeners, and never calls them again
  const live = (): number => {
    let sum = 0;
    for (const [target, ofTarget] of counts) {
      if ((target as AbortSignal).aborted || !ofTarget.size) counts.delete(target);
      else sum += ofTarget.size;
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
  it('leave no timer, no further listener and no journal record after any hour', () =>
    countingListeners(async (listeners) => {
      const clock = new CountingClock();
      const journal = new MemoryJournal();
      const harness = new Harness({ concurrency: 3 }, { clock, journal });
      const { store, signer } = harness;
      signer.hasTracker = true;
      // signatures and grants expire during uploads
      signer.lifetimeMs = 60_000;
      const file = fileOf(4 * MIN_PART_SIZE);
      const faults: Behaviour[] = [
        refuse(503, 'SlowDown'),
        dropConnection,
        stall,
        loseResponse,
        refuse(403, 'AccessDenied'),
      ];
      const start = clock.now();
      const leftAfterHour: { timers: number; listeners: number; records: number; uploads: number; page: boolean }[] =
        [];
      for (let hour = 0; hour < HOURS; hour++) {
        store.next('part', ...faults);
        store.next('complete', faults[hour % faults.length]!);
        signer.next('get_all_signatures', deny(503, null));
        await harness.uploader.add([file, fileOf(1_000, `small ${hour}.txt`)]);
        await harness.until(() => store.count('part') > 0);
        expect([clock.live.size, listeners()].every(Boolean), 'timers and listeners during an upload').to.be.true;
        // the store is unreachable for half an hour, so that probes and waits begin and end
        store.isUp = false;
        await clock.advance(HOUR_MS / 2);
        store.isUp = true;
        harness.environment.handlers?.slept();
        await harness.finished();
        for (const { status } of harness.uploader.uploads) expect(status).to.equal('complete');
        harness.uploader.clear();
        await harness.settle();
        await clock.advance(start + (hour + 1) * HOUR_MS - clock.now());
        await harness.settle();
        leftAfterHour.push({
          timers: clock.live.size,
          listeners: listeners(),
          records: journal.records.size,
          uploads: harness.uploader.uploads.length,
          page: harness.environment.handlers !== null,
        });
        // empties the logs of the harness
        store.requests.length = signer.calls.length = harness.fired.length = 0;
      }
      expect(clock.now() - start).to.be.at.least(HOURS * HOUR_MS);
      const idle = { timers: 0, records: 0, uploads: 0, page: false };
      for (const left of leftAfterHour) expect(left).to.deep.equal({ ...idle, listeners: leftAfterHour[0]!.listeners });
      expect(leftAfterHour[0]!.listeners).to.be.at.most(2);
      harness.uploader.dispose();
      expect(clock.live.size).to.equal(0);
    }));
});
