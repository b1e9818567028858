import { expect } from '@open-wc/testing';
import { abortable, withChildController, withTimeout, unlessAborted } from '../../../src/engine/util/abort.js';
import { FakeClock } from '../fake-clock.js';

const never = new Promise<never>(() => {});
const outcomeOf = (promise: Promise<unknown>): Promise<unknown> => promise.catch((error: unknown) => error);

describe('abortable', () => {
  it('returns the result, and stops listening to the signal', async () => {
    const controller = new AbortController();
    let stops = 0;
    const begin = (resolve: (value: number) => void): (() => void) => {
      resolve(1);
      return () => stops++;
    };
    expect(await abortable(controller.signal, begin)).to.equal(1);
    controller.abort();
    expect(stops).to.equal(0);
  });

  it('stops the work, and rejects with the signal’s reason', async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    let stops = 0;
    const outcome = outcomeOf(abortable(controller.signal, () => () => stops++));
    controller.abort(reason);
    expect([await outcome, stops]).to.deep.equal([reason, 1]);
  });

  it('does not start if the signal is aborted', async () => {
    const reason = new Error('too late');
    let begins = 0;
    const outcome = abortable(AbortSignal.abort(reason), () => {
      begins++;
      return () => {};
    });
    expect([await outcomeOf(outcome), begins]).to.deep.equal([reason, 0]);
  });
});

describe('unlessAborted', () => {
  it('returns the result, or rejects with the signal’s reason if that comes first', async () => {
    const controller = new AbortController();
    const reason = new Error('stop');
    expect(await unlessAborted(controller.signal, Promise.resolve(1))).to.equal(1);
    expect(await outcomeOf(unlessAborted(controller.signal, Promise.reject(reason)))).to.equal(reason);
    const outcome = outcomeOf(unlessAborted(controller.signal, never));
    controller.abort(reason);
    expect(await outcome).to.equal(reason);
  });
});

describe('withChildController', () => {
  it('aborts the child with the signal’s reason, and never the signal with the child', async () => {
    const controller = new AbortController();
    const reason = new Error('stop');
    const wait = (child: AbortController): Promise<never> => unlessAborted(child.signal, never);
    const abortedByParent = outcomeOf(withChildController(controller.signal, wait));
    const abortedAlone = outcomeOf(
      withChildController(controller.signal, (child) => {
        child.abort('only the child');
        return wait(child);
      }),
    );
    expect([await abortedAlone, controller.signal.aborted]).to.deep.equal(['only the child', false]);
    controller.abort(reason);
    expect(await abortedByParent).to.equal(reason);
    expect(await outcomeOf(withChildController(controller.signal, () => Promise.resolve(1)))).to.equal(reason);
  });

  it('stops listening to the signal at the end', async () => {
    const controller = new AbortController();
    let child: AbortController | null = null;
    await withChildController(controller.signal, (created) => {
      child = created;
      return Promise.resolve();
    });
    controller.abort();
    expect(child!.signal.aborted).to.equal(false);
  });
});

describe('withTimeout', () => {
  it('returns the result, and leaves no timer behind', async () => {
    const clock = new FakeClock();
    expect(await withTimeout(clock, 1_000, undefined, () => Promise.resolve(1))).to.equal(1);
    expect(clock.nextDelay).to.equal(null);
  });

  it('rejects after the timeout, even if the work ignores its signal', async () => {
    const clock = new FakeClock();
    let workSignal: AbortSignal | undefined;
    const outcome = outcomeOf(
      withTimeout(clock, 1_000, new AbortController().signal, (signal) => ((workSignal = signal), never)),
    );
    await clock.advance(999);
    expect(workSignal!.aborted).to.equal(false);
    await clock.advance(1);
    expect(workSignal!.aborted).to.equal(true);
    expect(await outcome).to.include({ name: 'AbortError' });
  });

  it('rejects with the signal’s reason, and does not start if it is aborted', async () => {
    const clock = new FakeClock();
    const controller = new AbortController();
    const reason = new Error('paused');
    const outcome = outcomeOf(withTimeout(clock, 1_000, controller.signal, () => never));
    controller.abort(reason);
    expect(await outcome).to.equal(reason);
    expect(clock.nextDelay).to.equal(null);
    let begins = 0;
    const late = withTimeout(clock, 1_000, controller.signal, () => (begins++, never));
    expect([await outcomeOf(late), begins]).to.deep.equal([reason, 0]);
  });
});
