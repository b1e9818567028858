import { expect } from '@open-wc/testing';
import { BrowserPage } from '../../../src/engine/browser/page-environment.js';
import { FakeClock } from '../fake-clock.js';

const clock = new FakeClock();
const environment = new BrowserPage(clock);

describe('the browser page', () => {
  /** Listens, and records the names of the handlers that are called. */
  function listen(warnsBeforeLeaving = true): { calls: string[]; stop: () => void } {
    const calls: string[] = [];
    const record = (what: string) => () => calls.push(what);
    const stop = environment.listen(
      {
        online: record('online'),
        offline: record('offline'),
        wake: record('wake'),
        slept: record('slept'),
        hide: record('hide'),
        show: record('show'),
        leave: (event) => {
          calls.push('leave');
          event.preventDefault();
        },
      },
      warnsBeforeLeaving,
    );
    return { calls, stop };
  }

  it('reports connectivity, visibility and unloading until it stops listening', () => {
    const { calls, stop } = listen();
    const leave = new Event('beforeunload', { cancelable: true });
    const dispatchAll = (): void => {
      for (const type of ['online', 'offline', 'pagehide', 'pageshow']) window.dispatchEvent(new Event(type));
      window.dispatchEvent(leave);
      for (const type of ['freeze', 'resume', 'visibilitychange']) document.dispatchEvent(new Event(type));
    };
    dispatchAll();
    stop();
    dispatchAll();
    expect(calls).to.deep.equal(['online', 'offline', 'hide', 'show', 'leave', 'hide', 'show', 'wake']);
    expect(leave.defaultPrevented).to.be.true;
  });

  it('does not listen for beforeunload if it does not ask for confirmation', () => {
    const { calls, stop } = listen(false);
    window.dispatchEvent(new Event('beforeunload', { cancelable: true }));
    stop();
    expect(calls).to.be.empty;
  });

  it('detects that the device slept, because the wall clock is ahead of the monotonic one', async () => {
    const { calls, stop } = listen();
    await clock.advance(60_000);
    expect(calls, 'no call while both clocks advance together').to.be.empty;
    clock.sleepFor(8 * 3_600_000);
    await clock.advance(5_000);
    expect(calls).to.deep.equal(['slept']);
    await clock.advance(60_000);
    expect(calls, 'one call').to.have.length(1);
    stop();
    expect(clock.nextDelay, 'no timer is left').to.equal(null);
  });

  it('reports whether the browser is online', () => {
    expect(environment.online).to.equal(navigator.onLine);
  });
});
