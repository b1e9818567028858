import { expect } from '@open-wc/testing';
import { MIN_PART_SIZE } from '../../../src/limits.js';
import { fileOf, Harness } from '../harness.js';

/** A fake of the browser's screen wake locks, which are released when the page is hidden. */
class FakeWakeLock {
  readonly held = new Set<EventTarget>();
  requests = 0;
  isRefused = false;

  async request(): Promise<EventTarget & { release(): Promise<void> }> {
    this.requests++;
    await Promise.resolve();
    if (this.isRefused) throw new DOMException('no', 'NotAllowedError');
    const end = (): void => {
      sentinel.released = true;
      if (this.held.delete(sentinel)) sentinel.dispatchEvent(new Event('release'));
    };
    const sentinel = Object.assign(new EventTarget(), { released: false, release: async () => end(), end });
    this.held.add(sentinel);
    return sentinel;
  }

  /** Hides the page: the browser then releases the lock. */
  releaseAll(): void {
    for (const sentinel of this.held) (sentinel as EventTarget & { end(): void }).end();
  }
}

describe('keep-awake', () => {
  let wakeLock: FakeWakeLock;

  beforeEach(() => {
    wakeLock = new FakeWakeLock();
    Object.defineProperty(navigator, 'wakeLock', { value: wakeLock, configurable: true });
  });

  afterEach(() => {
    Reflect.deleteProperty(navigator, 'wakeLock');
  });

  async function startUpload(harness: Harness): Promise<() => void> {
    const release = harness.store.hold('part');
    await harness.uploader.add([fileOf(2 * MIN_PART_SIZE)]);
    await harness.until(() => harness.store.count('part') > 0);
    await harness.settle();
    return release;
  }

  it('keeps the screen on only while uploading', async () => {
    const harness = new Harness({ keepAwake: true });
    const release = await startUpload(harness);
    expect(wakeLock.held.size).to.equal(1);
    release();
    await harness.finished();
    await harness.settle();
    expect(wakeLock.held.size).to.equal(0);
    expect(wakeLock.requests).to.equal(1);
  });

  it('requests the lock again after the page was hidden', async () => {
    const harness = new Harness({ keepAwake: true });
    const release = await startUpload(harness);
    wakeLock.releaseAll();
    expect(wakeLock.held.size).to.equal(0);
    harness.environment.handlers!.wake();
    await harness.settle();
    expect(wakeLock.held.size).to.equal(1);
    release();
    await harness.finished();
    await harness.settle();
    expect(wakeLock.held.size).to.equal(0);
  });

  it('releases the lock while paused, and holds one at most', async () => {
    const harness = new Harness({ keepAwake: true });
    const release = await startUpload(harness);
    harness.uploader.pause();
    await harness.settle();
    expect(wakeLock.held.size).to.equal(0);
    for (let times = 0; times < 5; times++) {
      await harness.uploader.resume();
      harness.uploader.pause();
    }
    await harness.uploader.resume();
    await harness.settle();
    expect(wakeLock.held.size).to.equal(1);
    release();
    await harness.finished();
    await harness.settle();
    expect(wakeLock.held.size).to.equal(0);
  });

  it('uploads if the lock is refused, and requests none without the option', async () => {
    wakeLock.isRefused = true;
    const harness = new Harness({ keepAwake: true });
    (await startUpload(harness))();
    await harness.finished();
    expect(harness.uploadOf('a.bin').status).to.equal('complete');
    const before = wakeLock.requests;
    const other = new Harness();
    (await startUpload(other))();
    await other.finished();
    expect(wakeLock.requests).to.equal(before);
  });

  it('holds the lock, and asks before the page is left, only in the tab that sends', async () => {
    const file = fileOf(4 * MIN_PART_SIZE);
    const first = new Harness();
    const release = first.store.hold('part');
    await first.uploader.add([file]);
    await first.until(() => first.store.count('part') > 0);
    const second = first.otherTab({ keepAwake: true });
    await second.uploader.add([file]);
    await second.until(() => second.uploadOf('a.bin').waitingFor === 'tab');
    await second.settle();
    expect(wakeLock.held.size).to.equal(0);
    const isAsked = (harness: Harness): boolean => {
      const event = new Event('beforeunload', { cancelable: true });
      harness.environment.handlers!.leave(event);
      return event.defaultPrevented;
    };
    expect([isAsked(first), isAsked(second)]).to.deep.equal([true, false]);
    release();
    await first.finished();
    await second.finished();
  });
});
