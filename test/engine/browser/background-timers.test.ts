import { expect } from '@open-wc/testing';
import { BackgroundTimers } from '../../../src/engine/browser/background-timers.js';
import { TimerWorker } from '../../../src/engine/browser/timer-worker.js';

/** Returns timers that use a worker while the page is hidden. */
function createTimers(): BackgroundTimers {
  const timers = new BackgroundTimers();
  timers.useWorker(TimerWorker);
  return timers;
}

const wait = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Makes the page visible or hidden. */
function setVisible(isVisible: boolean): void {
  Object.defineProperty(document, 'visibilityState', { value: isVisible ? 'visible' : 'hidden', configurable: true });
  document.dispatchEvent(new Event('visibilitychange'));
}

/** Counts the workers that are started during `work`. @param createWorker replaces the Worker constructor */
async function countingWorkers(
  work: (workers: { started: number; live: number }) => Promise<void>,
  createWorker?: () => Worker,
): Promise<void> {
  const { Worker: Original } = globalThis;
  const workers = { started: 0, live: 0 };
  globalThis.Worker = function (url: string) {
    workers.started++;
    const worker = createWorker ? createWorker() : new Original(url);
    workers.live++;
    const { terminate } = worker;
    worker.terminate = () => {
      workers.live--;
      terminate.call(worker);
    };
    return worker;
  } as unknown as typeof Worker;
  try {
    await work(workers);
  } finally {
    globalThis.Worker = Original;
    setVisible(true);
  }
}

describe('a timer', () => {
  it('does not fire at once if its delay is longer than browsers support', async () => {
    const timers = createTimers();
    const fired: number[] = [];
    const cancels = [Infinity, 2 ** 31].map((delay) => timers.set(() => fired.push(delay), delay));
    await new Promise<void>((resolve) => timers.set(resolve, 20));
    expect(fired).to.be.empty;
    for (const cancel of cancels) cancel();
  });

  it('fires once, when due, and starts no worker while the page is visible', () =>
    countingWorkers(async (workers) => {
      setVisible(true);
      const timers = createTimers();
      const fired: string[] = [];
      timers.set(() => fired.push('late'), 60);
      timers.set(() => fired.push('soon'), 10);
      await wait(150);
      expect(fired).to.deep.equal(['soon', 'late']);
      expect(workers.started).to.equal(0);
    }));

  it('also runs in a worker while the page is hidden, and fires only once', () =>
    countingWorkers(async (workers) => {
      setVisible(true);
      const timers = createTimers();
      let fired = 0;
      timers.set(() => fired++, 300);
      setVisible(false);
      expect(workers).to.deep.equal({ started: 1, live: 1 });
      timers.set(() => fired++, 10);
      await wait(500);
      expect(fired).to.equal(2);
      expect(workers.started, 'one worker for all timers').to.equal(1);
    }));

  it('that was set before runs in the worker too once its code is loaded in a hidden page', () =>
    countingWorkers(async (workers) => {
      setVisible(false);
      const timers = new BackgroundTimers();
      const fired = new Promise<void>((resolve) => timers.set(resolve, 50));
      expect(workers.started).to.equal(0);
      timers.useWorker(TimerWorker);
      expect(workers).to.deep.equal({ started: 1, live: 1 });
      await fired;
    }));

  it('fires on time even if the page’s own timers are throttled', () =>
    countingWorkers(async () => {
      setVisible(false);
      const { setTimeout: original } = globalThis;
      // browsers throttle the timers of a hidden page
      globalThis.setTimeout = ((callback: () => void, delay: number) =>
        original(callback, delay + 60_000)) as typeof setTimeout;
      try {
        await new Promise<void>((resolve) => createTimers().set(resolve, 10));
      } finally {
        globalThis.setTimeout = original;
      }
    }));

  it('does not fire after it was cancelled, visible or hidden', () =>
    countingWorkers(async () => {
      for (const isVisible of [true, false]) {
        setVisible(isVisible);
        let fired = 0;
        createTimers().set(() => fired++, 10)();
        await wait(50);
        expect(fired).to.equal(0);
      }
    }));

  it('starts no worker if a visible page is left, which fires pagehide first', () =>
    countingWorkers(async (workers) => {
      setVisible(true);
      const cancel = createTimers().set(() => {}, 60_000);
      window.dispatchEvent(new Event('pagehide'));
      setVisible(false);
      expect(workers.started).to.equal(0);
      window.dispatchEvent(new Event('pageshow'));
      expect(workers.live, 'the page is back, and still hidden').to.equal(1);
      cancel();
    }));

  it('terminates the worker when the page is shown or unloaded', () =>
    countingWorkers(async (workers) => {
      const timers = createTimers();
      const cancel = timers.set(() => {}, 60_000);
      setVisible(false);
      setVisible(true);
      expect(workers.live).to.equal(0);
      setVisible(false);
      window.dispatchEvent(new Event('pagehide'));
      expect(workers).to.deep.equal({ started: 2, live: 0 });
      timers.set(() => {}, 10)();
      expect(workers.live, 'no worker is started after pagehide').to.equal(0);
      window.dispatchEvent(new Event('pageshow'));
      expect(workers.live).to.equal(1);
      cancel();
      await Promise.resolve();
    }));
});

describe('a timer whose worker a policy blocks', () => {
  it('fires as a timer of the page, and no other worker is started', async () => {
    const throwSecurityError = (): Worker => {
      throw new DOMException('denied', 'SecurityError');
    };
    await countingWorkers(async (workers) => {
      setVisible(false);
      const timers = createTimers();
      let fired = 0;
      timers.set(() => fired++, 10);
      timers.set(() => fired++, 20);
      await wait(100);
      expect(fired).to.equal(2);
      expect(workers.started).to.equal(1);
    }, throwSecurityError);
  });

  it('does the same if the browser reports the block later', async () => {
    const { Worker: Original } = globalThis;
    await countingWorkers(
      async (workers) => {
        setVisible(false);
        const timers = createTimers();
        let fired = 0;
        timers.set(() => fired++, 50);
        await wait(200);
        timers.set(() => fired++, 10);
        await wait(100);
        expect(fired).to.equal(2);
        expect(workers).to.deep.equal({ started: 1, live: 0 });
      },
      () => {
        const worker = new Original('data:text/javascript,');
        queueMicrotask(() => worker.dispatchEvent(new ErrorEvent('error')));
        return worker;
      },
    );
  });
});
