import { expect } from '@open-wc/testing';
import { SignerFault, StoreFault, TransportFault, UploadError } from '../../../src/engine/api/errors.js';
import { Reachability } from '../../../src/engine/network/reachability.js';
import { RestartRequired, RetryLoop } from '../../../src/engine/network/retry-loop.js';
import type { RetrierHost } from '../../../src/engine/network/retry-loop.js';
import { FakeStore } from '../fake-store.js';
import { FakeClock } from '../fake-clock.js';

const URL = 'https://store.test/a';

function setUp(changes: Partial<RetrierHost> = {}) {
  const clock = new FakeClock();
  const store = new FakeStore(clock);
  const reachability = new Reachability(URL, store, clock, new AbortController().signal, () => {});
  const delays: number[] = [];
  const errors: UploadError[] = [];
  const controller = new AbortController();
  const retrier = new RetryLoop({
    clock,
    fileName: 'a.bin',
    maxRetries: () => Infinity,
    reachability: () => reachability,
    isReadable: () => false,
    isSignerKnown: () => true,
    signerFailed: () => false,
    signerRecovered: () => {},
    hasSigned: () => false,
    serverTime: () => clock.now(),
    hasSpareConnection: () => true,
    slowDown: () => {},
    holdBack: () => {},
    lineCut: () => {},
    checkFile: async () => {},
    dropSignatures: () => {},
    renewGrant: async () => {},
    announce: ({ delay }) => delays.push(delay),
    complain: (error) => errors.push(error),
    changed: () => {},
    ...changes,
  });
  /** Fails in these ways, one each, and then succeeds. */
  const insist = (...failures: unknown[]): Promise<unknown> =>
    retrier
      .retry('part', 1, controller.signal, async ({ count: attempt }) => {
        if (attempt <= failures.length) throw failures[attempt - 1];
        return attempt;
      })
      .catch((error: unknown) => error);
  return { clock, store, retrier, delays, errors, controller, insist };
}

const times = <T>(count: number, one: T): T[] => Array.from({ length: count }, () => one);
const broken = new StoreFault(500, '', '');

describe('a step that fails', () => {
  it('is tried again after a backoff that doubles up to 30 s, for ever', async () => {
    const { clock, delays, insist } = setUp();
    clock.chance = 1;
    const outcome = insist(...times(100, broken));
    await clock.advance(3_600_000);
    expect(await outcome).to.equal(101);
    expect(delays.slice(0, 8)).to.deep.equal([500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
    expect(delays.at(-1)).to.equal(30_000);
  });

  it('begins with a short wait again once something went well', async () => {
    const { clock, retrier, delays, insist } = setUp();
    clock.chance = 1;
    const outcome = insist(...times(9, broken));
    await clock.advance(40_000);
    retrier.progressed();
    await clock.advance(120_000);
    expect(await outcome).to.equal(10);
    expect(delays.slice(-2)).to.deep.equal([500, 1_000]);
  });

  it('is tried again at once when the user says so, and not when merely the line is back', async () => {
    const { clock, retrier, insist } = setUp();
    clock.chance = 1;
    let isOver = false;
    const outcome = insist(...times(3, new StoreFault(503, '', '', '3000'))).finally(() => (isOver = true));
    for (let tries = 0; tries < 3; tries++) {
      await clock.advance(0);
      retrier.retryNow(false);
      await clock.advance(0);
      expect(isOver).to.be.false;
      expect(retrier.wait).to.include({ for: 'store' });
      retrier.retryNow(true);
    }
    expect(await outcome).to.equal(4);
  });

  it('ends at once with its signal, whatever it waits for', async () => {
    for (const failure of [
      broken,
      new StoreFault(503, '', '', '3600'),
      new SignerFault(401, null, ''),
      new SignerFault(503, null, ''),
      new TransportFault('network', 'cut', 'PUT', URL),
    ]) {
      const { clock, store, retrier, controller, insist } = setUp();
      store.isUp = false;
      const outcome = insist(failure, failure);
      await clock.advance(0);
      expect(retrier.isBusy, String(failure)).to.be.false;
      controller.abort();
      expect(await outcome).to.have.property('name', 'AbortError');
      expect([retrier.isBusy, retrier.waiting, retrier.wait]).to.deep.equal([false, 0, null]);
    }
  });

  it('ends with the verdict where there is one', async () => {
    const { insist } = setUp();
    expect(await insist(new StoreFault(400, 'InvalidArgument', 'bad')))
      .to.be.instanceOf(UploadError)
      .and.include({
        code: 'store-refused',
        phase: 'part',
        status: 400,
      });
    expect(await insist(new StoreFault(404, 'NoSuchUpload', '')))
      .to.be.instanceOf(RestartRequired)
      .and.include({ to: 'gone' });
  });

  it('looks at the file first when a part got no answer', async () => {
    const changed = new UploadError('file-changed', 'changed');
    const { insist } = setUp({ checkFile: () => Promise.reject(changed) });
    expect(await insist(new TransportFault('network', 'cut', 'PUT', URL))).to.equal(changed);
  });

  it('complains of a store that is blocked once until something goes well', async () => {
    const { clock, errors, insist } = setUp();
    const outcome = insist(...times(9, new TransportFault('network', 'cut', 'PUT', URL)));
    await clock.advance(600_000);
    expect(await outcome).to.equal(10);
    expect(errors.map(({ code }) => code)).to.deep.equal(['store-blocked']);
  });

  it('has a grant renewed as often as it grows old in between, and begins afresh where renewing is no help', async () => {
    const old = new SignerFault(403, 'grant-expired', '');
    const keys = new StoreFault(403, 'InvalidAccessKeyId', '');
    const { clock, insist } = setUp({ hasSigned: () => true });
    const outcome = insist(old, keys, old, keys, old, keys);
    await clock.advance(600_000);
    expect(await outcome).to.equal(7);
    expect(await setUp().insist(old, old))
      .to.be.instanceOf(RestartRequired)
      .and.include({ to: 'restart' });
  });

  it('says that a sign-in has run out at the second login page of all steps, and tries on by itself', async () => {
    const { clock, retrier, errors, insist } = setUp();
    const page = (): SignerFault => new SignerFault(200, null, 'a web page', null, { kind: 'sign-in' });
    const first = insist(page());
    await clock.advance(0);
    expect(errors).to.be.empty;
    const second = insist(page(), page());
    await clock.advance(0);
    expect(errors.map(({ code, retryable }) => [code, retryable])).to.deep.equal([['unauthorized', true]]);
    // new headers are tried at once
    retrier.authorize();
    await clock.advance(60_000);
    expect([await first, await second]).to.deep.equal([2, 3]);
    expect(errors).to.have.length(1);
  });

  it('says at the first failure what the page itself blocks, and tries on', async () => {
    const { clock, store, errors, insist } = setUp();
    const outcome = insist(...times(4, new TransportFault('blocked', 'connect-src blocks it', 'PUT', URL)));
    await clock.advance(0);
    expect(errors.map(({ code }) => code)).to.deep.equal(['store-blocked']);
    await clock.advance(60_000);
    expect(await outcome).to.equal(5);
    expect([errors.length, store.probes]).to.deep.equal([1, 0]);
  });

  it('drops a request without a sign of life only where it is overdue and the store answers', async () => {
    const { clock, store, retrier, controller } = setUp();
    expect(await retrier.isLost(URL, true, controller.signal)).to.be.true;
    expect(await retrier.isLost(URL, false, controller.signal)).to.be.false;
    store.isUp = false;
    let isLost: boolean | null = null;
    void retrier.isLost(URL, true, controller.signal).then((verdict) => (isLost = verdict));
    await clock.advance(60_000);
    expect(retrier.wait).to.include({ for: 'network' });
    store.isUp = true;
    await clock.advance(3_000);
    expect(isLost, 'what was on its way may still arrive').to.equal(null);
    await clock.advance(10_000);
    expect(isLost).to.equal(true);
    expect(retrier.wait).to.equal(null);
  });

  it('waits for a store that may take minutes, and drops the request once it has acted', async () => {
    const { clock, retrier, controller } = setUp();
    let hasActed = false;
    let isLost: boolean | null = null;
    void retrier.isLost(URL, false, controller.signal, async () => hasActed).then((verdict) => (isLost = verdict));
    await clock.advance(300_000);
    expect(isLost).to.equal(null);
    expect(retrier.wait).to.include({ for: 'store' });
    hasActed = true;
    await clock.advance(30_000);
    expect(isLost).to.equal(true);
  });

  it('complains once of many steps that wait for the user to sign in, and lets all go on together', async () => {
    const { clock, retrier, errors, insist } = setUp();
    const outcomes = [1, 2, 3].map(() => insist(new SignerFault(401, null, '')));
    await clock.advance(3_600_000);
    expect(errors.map(({ code }) => code)).to.deep.equal(['unauthorized']);
    retrier.authorize();
    expect(await Promise.all(outcomes)).to.deep.equal([2, 2, 2]);
  });
});
