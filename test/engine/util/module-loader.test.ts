import { expect } from '@open-wc/testing';
import { ModuleLoader } from '../../../src/engine/util/module-loader.js';
import { pageTimers } from '../../../src/engine/util/page-timers.js';
import { FakeClock } from '../fake-clock.js';

/** Returns a loader whose module cannot be loaded until `release()`, and the number of its requests. */
function setUp(): { loader: ModuleLoader<string>; release: () => void; requests: () => number } {
  let isDown = true;
  let count = 0;
  const loader = new ModuleLoader(() => {
    count++;
    return isDown ? Promise.reject(new TypeError('offline')) : Promise.resolve('module');
  }, pageTimers);
  return { loader, release: () => (isDown = false), requests: () => count };
}

const nextFailure = (loader: ModuleLoader<string>): Promise<void> =>
  new Promise((resolve) => loader.onFailure(resolve));
/** Lets the loader begin its delay, which it does after it has called its listeners. */
const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));

describe('ModuleLoader', () => {
  it('requests a module once for all callers, and not before one needs it', async () => {
    const { loader, release, requests } = setUp();
    release();
    expect([loader.loaded, requests()]).to.deep.equal([null, 0]);
    expect(await Promise.all([loader.load(), loader.load()])).to.deep.equal(['module', 'module']);
    expect([await loader.load(), requests(), loader.failures]).to.deep.equal(['module', 1, 0]);
  });

  it('requests it again after a failure, by itself', async () => {
    const { loader, release, requests } = setUp();
    const loading = loader.load();
    await nextFailure(loader);
    expect([requests(), loader.failures]).to.deep.equal([1, 1]);
    expect(loader.retryAt).to.be.above(Date.now() - 1);
    release();
    expect([await loading, requests(), loader.failures]).to.deep.equal(['module', 2, 0]);
    expect([loader.loaded, loader.retryAt]).to.deep.equal(['module', null]);
  });

  it('requests it again if nothing answers', async () => {
    const clock = new FakeClock();
    const answers = [new Promise<string>(() => {}), Promise.resolve('module')];
    const loader = new ModuleLoader(() => answers.shift()!, clock);
    const loading = loader.load();
    await clock.advance(30_000);
    await turn();
    expect([loader.failures, loader.loaded]).to.deep.equal([1, null]);
    await clock.advance(1_000);
    expect(await loading).to.equal('module');
  });

  for (const [name, wake] of [
    ['on retryNow()', (loader: ModuleLoader<string>) => loader.retryNow()],
    ['when the browser is online again', () => globalThis.dispatchEvent(new Event('online'))],
  ] as const)
    it(`requests it again at once ${name}, whatever the delay`, async () => {
      const { loader, release } = setUp();
      const loading = loader.load();
      // without a wake-up, six failures would take a minute
      for (let failures = 1; failures <= 6; failures++) {
        await nextFailure(loader);
        await turn();
        if (failures === 6) release();
        wake(loader);
      }
      expect(await loading).to.equal('module');
    });

  it('calls listeners after each failure, and none once it is loaded', async () => {
    const { loader, release } = setUp();
    const heard: number[] = [];
    loader.onFailure(() => heard.push(loader.failures));
    const loading = loader.load();
    await nextFailure(loader);
    await turn();
    loader.retryNow();
    await nextFailure(loader);
    await turn();
    release();
    loader.retryNow();
    await loading;
    loader.onFailure(() => heard.push(NaN));
    expect(heard).to.deep.equal([1, 2]);
  });
});
