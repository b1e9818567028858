import { expect } from '@open-wc/testing';
import { Scheduler } from '../../../src/engine/network/scheduler.js';
import type { SchedulerOptions } from '../../../src/engine/network/scheduler.js';
import { FakeClock, turn } from '../fake-clock.js';

const { signal } = new AbortController();

function setUp(options: Partial<SchedulerOptions> = {}) {
  const clock = new FakeClock();
  const settled: SchedulerOptions = { concurrency: 'auto', bandwidthLimit: Infinity, ...options };
  const scheduler = new Scheduler(clock, () => settled);
  const begun: string[] = [];
  const releases: Record<string, () => void> = {};
  const ask = (name: string, bytes = 0, owner = name[0]!): void => {
    void scheduler.acquireSlot(owner, bytes, signal).then((release) => {
      begun.push(name);
      releases[name] = release;
    });
  };
  return { clock, scheduler, begun, releases, ask, settled };
}

describe('slots', () => {
  it('limit the requests in flight, and allow the next when one ends', async () => {
    const { begun, releases, ask } = setUp({ concurrency: 2 });
    for (const name of ['a1', 'a2', 'a3', 'a4']) ask(name);
    await turn();
    expect(begun).to.deep.equal(['a1', 'a2']);
    releases.a1!();
    releases.a1!();
    await turn();
    expect(begun, 'given back once, however often that is said').to.deep.equal(['a1', 'a2', 'a3']);
  });

  it('are shared fairly between uploads', async () => {
    const { begun, releases, ask } = setUp({ concurrency: 3 });
    for (let count = 1; count <= 9; count++) ask(`a${count}`);
    await turn();
    ask('b1');
    ask('c1');
    await turn();
    releases.a1!();
    releases.a2!();
    await turn();
    expect(begun).to.deep.equal(['a1', 'a2', 'a3', 'b1', 'c1']);
  });

  it('are not waited for after an abort', async () => {
    const { scheduler, begun, releases, ask } = setUp({ concurrency: 1 });
    ask('a1');
    const controller = new AbortController();
    const left = scheduler.acquireSlot('b', 0, controller.signal).catch((reason: Error) => reason.name);
    ask('c1');
    controller.abort();
    expect(await left).to.equal('AbortError');
    expect(await scheduler.acquireSlot('b', 0, controller.signal).catch((reason: Error) => reason.name)).to.equal(
      'AbortError',
    );
    releases.a1!();
    await turn();
    expect(begun).to.deep.equal(['a1', 'c1']);
  });

  it('follow a change of the option', async () => {
    const { scheduler, begun, ask, settled } = setUp({ concurrency: 1 });
    for (const name of ['a1', 'a2', 'a3']) ask(name);
    await turn();
    settled.concurrency = 3;
    scheduler.dispatch();
    await turn();
    expect(begun).to.have.length(3);
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

  it('grow by one with each success at first, and slowly once the store was busy', () => {
    const { scheduler } = setUp();
    succeed(scheduler, 2);
    expect(scheduler.slots).to.equal(6);
    scheduler.recordCongestion();
    expect(scheduler.slots).to.equal(3);
    succeed(scheduler, 2);
    expect(scheduler.slots).to.equal(3);
    succeed(scheduler, 1);
    expect(scheduler.slots).to.equal(4);
  });

  it('are halved by congestion, once in a while, and never below one', async () => {
    const { clock, scheduler } = setUp();
    for (let times = 0; times < 4; times++) scheduler.recordCongestion();
    expect(scheduler.slots).to.equal(2);
    for (const slots of [1, 1, 1]) {
      await clock.advance(2_000);
      scheduler.recordCongestion();
      expect(scheduler.slots).to.equal(slots);
    }
    succeed(scheduler, 1_000);
    expect(scheduler.slots).to.equal(6);
  });

  it('shrink by one for a single failure among successes, by half for repeated ones', async () => {
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

  it('grow further over HTTP/2, and leave a connection to a signer on the same origin', () => {
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
    const { clock, begun, releases, ask } = setUp({ concurrency: 6, bandwidthLimit: 1_000 });
    for (let count = 1; count <= 5; count++) ask(`a${count}`, 2_000);
    const times: number[] = [];
    for (let second = 0; second <= 8; second++) {
      await clock.advance(second ? 1_000 : 0);
      for (const name of begun.slice(times.length)) {
        times.push(second);
        releases[name]!();
      }
    }
    expect(times).to.deep.equal([0, 2, 4, 6, 8]);
  });

  it('does not accumulate unused bandwidth', async () => {
    const { clock, begun, ask } = setUp({ concurrency: 6, bandwidthLimit: 1_000 });
    await clock.advance(60_000);
    for (const name of ['a1', 'a2', 'a3']) ask(name, 5_000);
    await clock.advance(1_000);
    expect(begun).to.deep.equal(['a1']);
  });

  it('applies at once when it is changed, to bytes sent before as well', async () => {
    const { clock, scheduler, begun, ask, settled } = setUp({ concurrency: 6, bandwidthLimit: 100 });
    for (const name of ['a1', 'a2', 'a3']) ask(name, 1_000);
    await turn();
    expect(begun).to.deep.equal(['a1']);
    settled.bandwidthLimit = 1_000;
    scheduler.dispatch();
    await clock.advance(1_000);
    expect(begun).to.deep.equal(['a1', 'a2']);
    settled.bandwidthLimit = 100;
    scheduler.dispatch();
    await clock.advance(9_000);
    expect(begun).to.have.length(2);
    await clock.advance(1_000);
    expect(begun).to.have.length(3);
  });

  it('ends at once when it is removed', async () => {
    const { scheduler, begun, ask, settled } = setUp({ concurrency: 6, bandwidthLimit: 1 });
    for (const name of ['a1', 'a2', 'a3']) ask(name, 5_000);
    await turn();
    expect(begun).to.have.length(1);
    settled.bandwidthLimit = Infinity;
    scheduler.dispatch();
    await turn();
    expect(begun).to.have.length(3);
  });
});
