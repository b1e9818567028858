import { expect } from '@open-wc/testing';
import { Scheduler } from '../../../src/engine/network/scheduler.js';
import type { SchedulerOptions } from '../../../src/engine/network/scheduler.js';
import { FakeClock, nextTurn } from '../fake-clock.js';

const { signal } = new AbortController();

function setUp(options: Partial<SchedulerOptions> = {}) {
  const clock = new FakeClock();
  const currentOptions: SchedulerOptions = { concurrency: 'auto', bandwidthLimit: Infinity, ...options };
  const scheduler = new Scheduler(clock, () => currentOptions);
  const acquired: string[] = [];
  const releases: Record<string, () => void> = {};
  const requestSlot = (name: string, bytes = 0, owner = name[0]!): void => {
    void scheduler.acquireSlot(owner, bytes, signal).then((release) => {
      acquired.push(name);
      releases[name] = release;
    });
  };
  return { clock, scheduler, acquired, releases, requestSlot, currentOptions };
}

describe('slots', () => {
  it('limit the requests in flight, and allow the next when one ends', async () => {
    const { acquired, releases, requestSlot } = setUp({ concurrency: 2 });
    for (const name of ['a1', 'a2', 'a3', 'a4']) requestSlot(name);
    await nextTurn();
    expect(acquired).to.deep.equal(['a1', 'a2']);
    releases.a1!();
    releases.a1!();
    await nextTurn();
    expect(acquired, 'a second release of the same slot has no effect').to.deep.equal(['a1', 'a2', 'a3']);
  });

  it('are shared fairly between uploads', async () => {
    const { acquired, releases, requestSlot } = setUp({ concurrency: 3 });
    for (let count = 1; count <= 9; count++) requestSlot(`a${count}`);
    await nextTurn();
    requestSlot('b1');
    requestSlot('c1');
    await nextTurn();
    releases.a1!();
    releases.a2!();
    await nextTurn();
    expect(acquired).to.deep.equal(['a1', 'a2', 'a3', 'b1', 'c1']);
  });

  it('are not assigned to a request that was aborted', async () => {
    const { scheduler, acquired, releases, requestSlot } = setUp({ concurrency: 1 });
    requestSlot('a1');
    const controller = new AbortController();
    const left = scheduler.acquireSlot('b', 0, controller.signal).catch((reason: Error) => reason.name);
    requestSlot('c1');
    controller.abort();
    expect(await left).to.equal('AbortError');
    expect(await scheduler.acquireSlot('b', 0, controller.signal).catch((reason: Error) => reason.name)).to.equal(
      'AbortError',
    );
    releases.a1!();
    await nextTurn();
    expect(acquired).to.deep.equal(['a1', 'c1']);
  });

  it('change with the option `concurrency`', async () => {
    const { scheduler, acquired, requestSlot, currentOptions } = setUp({ concurrency: 1 });
    for (const name of ['a1', 'a2', 'a3']) requestSlot(name);
    await nextTurn();
    currentOptions.concurrency = 3;
    scheduler.dispatch();
    await nextTurn();
    expect(acquired).to.have.length(3);
  });
});

describe('automatic slots', () => {
  const succeed = (scheduler: Scheduler, count: number): void => {
    for (let times = 0; times < count; times++) scheduler.recordSuccess();
  };

  it('start at 4 and grow to 6', () => {
    const { scheduler } = setUp();
    expect(scheduler.slots).to.equal(4);
    succeed(scheduler, 1_000);
    expect(scheduler.slots).to.equal(6);
  });

  it('grow by one with each success at first, and more slowly after the store was busy', () => {
    const { scheduler } = setUp();
    succeed(scheduler, 2);
    expect(scheduler.slots).to.equal(6);
    // fewer successes than slots since the last slot was added: halved
    scheduler.recordCongestion();
    expect(scheduler.slots).to.equal(3);
    succeed(scheduler, 2);
    expect(scheduler.slots).to.equal(3);
    succeed(scheduler, 1);
    expect(scheduler.slots).to.equal(4);
  });

  it('are halved by congestion, at most once a second, and never below one', async () => {
    const { clock, scheduler } = setUp();
    for (let times = 0; times < 4; times++) scheduler.recordCongestion();
    expect(scheduler.slots).to.equal(2);
    for (let congestions = 0; congestions < 3; congestions++) {
      await clock.advance(2_000);
      scheduler.recordCongestion();
      expect(scheduler.slots).to.equal(1);
    }
    succeed(scheduler, 1_000);
    expect(scheduler.slots).to.equal(6);
  });

  it('shrink by one at a congestion after at least as many successes as slots, by half at the next', async () => {
    const { clock, scheduler } = setUp();
    succeed(scheduler, 1_000);
    scheduler.recordCongestion();
    expect(scheduler.slots).to.equal(5);
    await clock.advance(2_000);
    scheduler.recordCongestion();
    expect(scheduler.slots).to.equal(2);
  });

  it('do not grow if parts are slow, and shrink if they are very slow', () => {
    const { scheduler } = setUp();
    scheduler.recordPartDuration(30_000);
    succeed(scheduler, 1_000);
    expect(scheduler.slots).to.equal(4);
    for (let times = 0; times < 10; times++) scheduler.recordPartDuration(90_000);
    expect(scheduler.slots).to.equal(2);
    scheduler.recordPartDuration(1_000);
    succeed(scheduler, 1_000);
    expect(scheduler.slots).to.equal(6);
  });

  it('grow further over HTTP/2, and leave one connection for a signer on the same origin', () => {
    const { scheduler } = setUp();
    scheduler.updateConnection({ protocol: 'h2', isSignerOrigin: true });
    succeed(scheduler, 1_000);
    expect(scheduler.slots).to.equal(12);
    scheduler.updateConnection({ protocol: 'http/1.1', isSignerOrigin: true });
    expect(scheduler.slots).to.equal(5);
    scheduler.updateConnection({ protocol: undefined, isSignerOrigin: false });
    succeed(scheduler, 1_000);
    expect(scheduler.slots).to.equal(6);
  });

  it('stay at the number that the page has set', () => {
    const { scheduler } = setUp({ concurrency: 3 });
    scheduler.recordCongestion();
    expect(scheduler.slots).to.equal(3);
    succeed(scheduler, 1_000);
    expect(scheduler.slots).to.equal(3);
  });
});

describe('the bandwidth limit', () => {
  it('delays requests so that their bytes stay below it', async () => {
    const { clock, acquired, releases, requestSlot } = setUp({ concurrency: 6, bandwidthLimit: 1_000 });
    for (let count = 1; count <= 5; count++) requestSlot(`a${count}`, 2_000);
    const times: number[] = [];
    for (let second = 0; second <= 8; second++) {
      await clock.advance(second ? 1_000 : 0);
      for (const name of acquired.slice(times.length)) {
        times.push(second);
        releases[name]!();
      }
    }
    expect(times).to.deep.equal([0, 2, 4, 6, 8]);
  });

  it('does not accumulate unused bandwidth', async () => {
    const { clock, acquired, requestSlot } = setUp({ concurrency: 6, bandwidthLimit: 1_000 });
    await clock.advance(60_000);
    for (const name of ['a1', 'a2', 'a3']) requestSlot(name, 5_000);
    await clock.advance(1_000);
    expect(acquired).to.deep.equal(['a1']);
  });

  it('applies at once when it is changed, also to the bytes that were sent before', async () => {
    const { clock, scheduler, acquired, requestSlot, currentOptions } = setUp({ concurrency: 6, bandwidthLimit: 100 });
    for (const name of ['a1', 'a2', 'a3']) requestSlot(name, 1_000);
    await nextTurn();
    expect(acquired).to.deep.equal(['a1']);
    currentOptions.bandwidthLimit = 1_000;
    scheduler.dispatch();
    await clock.advance(1_000);
    expect(acquired).to.deep.equal(['a1', 'a2']);
    currentOptions.bandwidthLimit = 100;
    scheduler.dispatch();
    await clock.advance(9_000);
    expect(acquired).to.have.length(2);
    await clock.advance(1_000);
    expect(acquired).to.have.length(3);
  });

  it('delays no request any longer once it is removed', async () => {
    const { scheduler, acquired, requestSlot, currentOptions } = setUp({ concurrency: 6, bandwidthLimit: 1 });
    for (const name of ['a1', 'a2', 'a3']) requestSlot(name, 5_000);
    await nextTurn();
    expect(acquired).to.have.length(1);
    currentOptions.bandwidthLimit = Infinity;
    scheduler.dispatch();
    await nextTurn();
    expect(acquired).to.have.length(3);
  });
});
