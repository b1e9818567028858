import { expect } from '@open-wc/testing';
import { MIN_PART_SIZE } from '../../../src/limits.js';
import { fileOf, Stand } from '../harness.js';

/** Screen locks as the browser gives them, and takes them away from a hidden page. */
class PlayedWakeLock {
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

  /** The page is hidden: the browser lets go by itself. */
  takeAway(): void {
    for (const sentinel of this.held) (sentinel as EventTarget & { end(): void }).end();
  }
}

describe('keep-awake', () => {
  let played: PlayedWakeLock;

  beforeEach(() => {
    played = new PlayedWakeLock();
    Object.defineProperty(navigator, 'wakeLock', { value: played, configurable: true });
  });

  afterEach(() => {
    Reflect.deleteProperty(navigator, 'wakeLock');
  });

  async function begin(stand: Stand): Promise<() => void> {
    const release = stand.store.hold('part');
    await stand.uploader.add([fileOf(2 * MIN_PART_SIZE)]);
    await stand.until(() => stand.store.count('part') > 0);
    await stand.settle();
    return release;
  }

  it('keeps the screen on while uploading, and no longer', async () => {
    const stand = new Stand({ keepAwake: true });
    const release = await begin(stand);
    expect(played.held.size).to.equal(1);
    release();
    await stand.finished();
    await stand.settle();
    expect(played.held.size).to.equal(0);
    expect(played.requests).to.equal(1);
  });

  it('takes the lock again when the page was hidden', async () => {
    const stand = new Stand({ keepAwake: true });
    const release = await begin(stand);
    played.takeAway();
    expect(played.held.size).to.equal(0);
    stand.environment.handlers!.wake();
    await stand.settle();
    expect(played.held.size).to.equal(1);
    release();
    await stand.finished();
    await stand.settle();
    expect(played.held.size).to.equal(0);
  });

  it('lets go while paused, and holds one at most however fast it is wanted again', async () => {
    const stand = new Stand({ keepAwake: true });
    const release = await begin(stand);
    stand.uploader.pause();
    await stand.settle();
    expect(played.held.size).to.equal(0);
    for (let times = 0; times < 5; times++) {
      await stand.uploader.resume();
      stand.uploader.pause();
    }
    await stand.uploader.resume();
    await stand.settle();
    expect(played.held.size).to.equal(1);
    release();
    await stand.finished();
    await stand.settle();
    expect(played.held.size).to.equal(0);
  });

  it('does not matter where it is refused, and is not taken where nobody wants it', async () => {
    played.isRefused = true;
    const stand = new Stand({ keepAwake: true });
    (await begin(stand))();
    await stand.finished();
    expect(stand.of('a.bin').status).to.equal('complete');
    const before = played.requests;
    const other = new Stand();
    (await begin(other))();
    await other.finished();
    expect(played.requests).to.equal(before);
  });

  it('is left to the tab that sends, and so is the question before leaving', async () => {
    const file = fileOf(4 * MIN_PART_SIZE);
    const first = new Stand();
    const release = first.store.hold('part');
    await first.uploader.add([file]);
    await first.until(() => first.store.count('part') > 0);
    const second = first.otherTab({ keepAwake: true });
    await second.uploader.add([file]);
    await second.until(() => second.of('a.bin').waitingFor === 'tab');
    await second.settle();
    expect(played.held.size).to.equal(0);
    const isAsked = (stand: Stand): boolean => {
      const event = new Event('beforeunload', { cancelable: true });
      stand.environment.handlers!.leave(event);
      return event.defaultPrevented;
    };
    expect([isAsked(first), isAsked(second)]).to.deep.equal([true, false]);
    release();
    await first.finished();
    await second.finished();
  });
});
