import { expect } from '@open-wc/testing';
import { Reachability } from '../../../src/engine/network/reachability.js';
import { FakeStore } from '../fake-store.js';
import { FakeClock } from '../fake-clock.js';

function setUp() {
  const clock = new FakeClock();
  const store = new FakeStore(clock);
  const changes: boolean[] = [];
  const lifetime = new AbortController();
  const reachability = new Reachability('https://store.test/a', store, clock, lifetime.signal, (isReachable) =>
    changes.push(isReachable),
  );
  return { clock, store, changes, lifetime, reachability };
}

describe('the probe of a store', () => {
  it('is sent only after a request without an answer, and one at a time', async () => {
    const { clock, store, changes, reachability } = setUp();
    await clock.advance(60_000);
    expect(store.probes).to.equal(0);
    const answers = await Promise.all([reachability.check(), reachability.check(), reachability.check()]);
    expect(answers).to.deep.equal([true, true, true]);
    expect([store.probes, changes.length]).to.deep.equal([1, 0]);
  });

  it('detects the end of an outage within an eighth of its length, or within 0.3 s if it was short', async () => {
    for (const randomValue of [0, 0.5, 0.999]) {
      for (const outageMs of [300, 1_000, 5_000, 20_000, 40_000]) {
        const { clock, store, reachability } = setUp();
        clock.randomValue = randomValue;
        store.isUp = false;
        await reachability.check();
        await clock.advance(outageMs);
        store.isUp = true;
        await clock.advance(Math.max(300, outageMs / 8));
        expect(reachability.isReachable, `${outageMs} ms`).to.be.true;
      }
    }
  });

  it('is repeated about every 3 s for ten minutes, then at most every 30 s', async () => {
    for (const randomValue of [0, 0.5, 0.999]) {
      const { clock, store, reachability } = setUp();
      clock.randomValue = randomValue;
      store.isUp = false;
      await reachability.check();
      await clock.advance(600_000);
      expect(store.probes).to.be.within(200, 350);
      const before = store.probes;
      await clock.advance(600_000);
      expect(store.probes - before).to.be.within(20, 31);
    }
  });

  it('resolves all waits when the store is reachable again, and reports that once', async () => {
    const { clock, store, changes, reachability } = setUp();
    store.isUp = false;
    await reachability.check();
    const { signal } = new AbortController();
    let resolvedCount = 0;
    for (let count = 0; count < 3; count++) void reachability.whenReachable(signal).then(() => resolvedCount++);
    await clock.advance(10_000);
    expect([resolvedCount, reachability.isReachable]).to.deep.equal([0, false]);
    store.isUp = true;
    await clock.advance(3_000);
    expect([resolvedCount, reachability.isReachable]).to.deep.equal([3, true]);
    expect(changes).to.deep.equal([false, true]);
    const { probes } = store;
    await clock.advance(60_000);
    expect(store.probes).to.equal(probes);
  });

  it('is not repeated after another request got a response', async () => {
    const { clock, store, reachability } = setUp();
    store.isUp = false;
    await reachability.check();
    reachability.recordAnswer();
    const { probes } = store;
    await clock.advance(600_000);
    expect(store.probes).to.equal(probes);
    await reachability.whenReachable(new AbortController().signal);
  });

  it('is sent at once on probeNow()', async () => {
    const { clock, store, reachability } = setUp();
    store.isUp = false;
    await reachability.check();
    await clock.advance(1_000_000);
    store.isUp = true;
    reachability.probeNow();
    await clock.advance(0);
    expect(reachability.isReachable).to.be.true;
  });

  it('is not repeated after the uploader is disposed', async () => {
    const { clock, store, lifetime, reachability } = setUp();
    store.isUp = false;
    await reachability.check();
    lifetime.abort();
    await clock.advance(600_000);
    expect(store.probes).to.be.at.most(2);
  });

  it('ends the wait whose signal aborts, and no other wait', async () => {
    const { clock, store, reachability } = setUp();
    store.isUp = false;
    await reachability.check();
    const controller = new AbortController();
    const stopped = reachability.whenReachable(controller.signal).catch((reason: Error) => reason.name);
    const other = reachability.whenReachable(new AbortController().signal);
    controller.abort();
    expect(await stopped).to.equal('AbortError');
    expect(await reachability.whenReachable(controller.signal).catch((reason: Error) => reason.name)).to.equal(
      'AbortError',
    );
    store.isUp = true;
    await clock.advance(3_000);
    await other;
  });
});
