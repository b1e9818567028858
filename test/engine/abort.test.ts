import { expect } from '@open-wc/testing';
import { abortable, unlessAborted } from '../../src/engine/abort.js';

const never = new Promise<never>(() => {});
const outcomeOf = (promise: Promise<unknown>): Promise<unknown> => promise.catch((error: unknown) => error);

describe('work that a signal can stop', () => {
  it('gives its outcome, and does not listen to the signal any more', async () => {
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

  it('is stopped, and rejects for the signal’s own reason', async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    let stops = 0;
    const outcome = outcomeOf(abortable(controller.signal, () => () => stops++));
    controller.abort(reason);
    expect([await outcome, stops]).to.deep.equal([reason, 1]);
  });

  it('does not even begin where the signal is aborted', async () => {
    const reason = new Error('too late');
    let begins = 0;
    const outcome = abortable(AbortSignal.abort(reason), () => {
      begins++;
      return () => {};
    });
    expect([await outcomeOf(outcome), begins]).to.deep.equal([reason, 0]);
  });
});

describe('a promise that a signal can leave', () => {
  it('gives its outcome, or the signal’s reason where that comes first', async () => {
    const controller = new AbortController();
    const reason = new Error('left');
    expect(await unlessAborted(controller.signal, Promise.resolve(1))).to.equal(1);
    expect(await outcomeOf(unlessAborted(controller.signal, Promise.reject(reason)))).to.equal(reason);
    const left = outcomeOf(unlessAborted(controller.signal, never));
    controller.abort(reason);
    expect(await left).to.equal(reason);
  });
});
