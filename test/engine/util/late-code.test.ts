import { expect } from '@open-wc/testing';
import { LateCode } from '../../../src/engine/util/late-code.js';
import { FakeClock } from '../fake-clock.js';

const tick = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));

describe('LateCode', () => {
  function setUp(...answers: (() => Promise<string>)[]) {
    const clock = new FakeClock();
    const lifetime = new AbortController();
    let requests = 0;
    const code = new LateCode(() => answers[requests++]!(), clock, lifetime.signal);
    return { clock, lifetime, code, requests: () => requests };
  }
  const fails = (): Promise<string> => Promise.reject(new TypeError('failed to fetch'));
  const answers = (): Promise<string> => Promise.resolve('code');

  it('requests nothing until it is asked to, and then once', async () => {
    const { code, requests } = setUp(answers);
    expect([code.loaded, requests()]).to.deep.equal([null, 0]);
    expect(await Promise.all([code.load(), code.load()])).to.deep.equal(['code', 'code']);
    expect([code.loaded, requests()]).to.deep.equal(['code', 1]);
  });

  it('requests it again after failures, until it is there', async () => {
    const { code, clock, requests } = setUp(fails, fails, answers);
    const loading = code.load();
    for (let failures = 1; failures <= 2; failures++) {
      await tick();
      expect([code.loaded, requests()]).to.deep.equal([null, failures]);
      await clock.advance(clock.nextDelay ?? 0);
    }
    expect(await loading).to.equal('code');
  });

  it('requests it at once when the network may be back', async () => {
    const { code, clock } = setUp(fails, answers);
    const loading = code.load();
    await tick();
    const failedAt = clock.monotonic();
    code.retryNow();
    expect(await loading).to.equal('code');
    expect(clock.monotonic()).to.equal(failedAt);
  });

  it('requests it again if nothing answers', async () => {
    const { code, clock, requests } = setUp(() => new Promise(() => {}), answers);
    const loading = code.load();
    await clock.advance(15_000);
    await tick();
    await clock.advance(30_000);
    expect(await loading).to.equal('code');
    expect(requests()).to.equal(2);
  });

  it('ends with its lifetime', async () => {
    const { code, lifetime, requests } = setUp(fails);
    const loading = code.load().catch((error: Error) => error.name);
    await tick();
    lifetime.abort();
    expect(await loading).to.equal('AbortError');
    expect(requests()).to.equal(1);
  });
});
