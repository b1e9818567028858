import { expect } from '@open-wc/testing';
import { webLocks } from '../../../src/engine/browser/cross-tab.js';

const newName = (): string => `lock ${Math.random()}`;
const { signal } = new AbortController();

describe('the lock of an upload', () => {
  it('has one holder at a time', async () => {
    const name = newName();
    const release = await webLocks.tryAcquire(name);
    expect(release).to.be.a('function');
    expect(await webLocks.tryAcquire(name)).to.equal(null);
    release!();
    const releaseAgain = await webLocks.acquire(name, signal);
    releaseAgain();
  });

  it('is free at once for the page that has just released it', async () => {
    const name = newName();
    for (let times = 0; times < 20; times++) {
      const release = await webLocks.tryAcquire(name);
      expect(release).to.be.a('function');
      release!();
    }
  });

  it('is acquired by the next caller that waits for it', async () => {
    const name = newName();
    const release = (await webLocks.tryAcquire(name))!;
    let isAcquired = false;
    const waiting = webLocks.acquire(name, signal).then((releaseNext) => {
      isAcquired = true;
      releaseNext();
    });
    expect(isAcquired).to.be.false;
    release();
    await waiting;
    expect(isAcquired).to.be.true;
  });

  it('is not acquired by a caller whose signal has aborted', async () => {
    const name = newName();
    const release = (await webLocks.tryAcquire(name))!;
    const controller = new AbortController();
    const waiting = webLocks.acquire(name, controller.signal).catch((reason: Error) => reason.name);
    controller.abort();
    expect(await waiting).to.equal('AbortError');
    release();
  });

  it('is reported as held', async () => {
    const [held, free] = [newName(), newName()];
    const release = (await webLocks.tryAcquire(held))!;
    expect([...(await webLocks.held([held, free]))]).to.deep.equal([held]);
    release();
  });
});

describe('a page whose locks are refused', () => {
  it('uploads without locks, because parts are idempotent', async () => {
    const { request } = LockManager.prototype;
    // a sandboxed frame without an origin rejects lock requests
    LockManager.prototype.request = () => Promise.reject(new DOMException('denied', 'SecurityError'));
    try {
      expect(await webLocks.tryAcquire(newName())).to.be.a('function');
      expect(await webLocks.acquire(newName(), signal)).to.be.a('function');
    } finally {
      LockManager.prototype.request = request;
    }
  });
});
