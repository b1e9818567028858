import { expect } from '@open-wc/testing';
import { BrowserPage } from '../../../src/engine/browser/page-environment.js';
import { FakeClock } from '../fake-clock.js';

const clock = new FakeClock();
const environment = new BrowserPage(clock);

describe('the browser page', () => {
  /** Listens, and writes down what is told. */
  function listen(asksToLeave = true): { told: string[]; stop: () => void } {
    const told: string[] = [];
    const tell = (what: string) => () => told.push(what);
    const stop = environment.listen(
      {
        online: tell('online'),
        offline: tell('offline'),
        wake: tell('wake'),
        slept: tell('slept'),
        hide: tell('hide'),
        show: tell('show'),
        leave: (event) => {
          told.push('leave');
          event.preventDefault();
        },
      },
      asksToLeave,
    );
    return { told, stop };
  }

  it('reports connectivity, visibility and unloading until it stops listening', () => {
    const { told, stop } = listen();
    const leave = new Event('beforeunload', { cancelable: true });
    const play = (): void => {
      for (const type of ['online', 'offline', 'pagehide', 'pageshow']) window.dispatchEvent(new Event(type));
      window.dispatchEvent(leave);
      for (const type of ['freeze', 'resume', 'visibilitychange']) document.dispatchEvent(new Event(type));
    };
    play();
    stop();
    play();
    expect(told).to.deep.equal(['online', 'offline', 'hide', 'show', 'leave', 'hide', 'show', 'wake']);
    expect(leave.defaultPrevented).to.be.true;
  });

  it('does not listen for beforeunload where it is not needed', () => {
    const { told, stop } = listen(false);
    window.dispatchEvent(new Event('beforeunload', { cancelable: true }));
    stop();
    expect(told).to.be.empty;
  });

  it('detects by the wall clock that the device slept', async () => {
    const { told, stop } = listen();
    await clock.advance(60_000);
    expect(told, 'a clock that just runs').to.be.empty;
    clock.sleepFor(8 * 3_600_000);
    await clock.advance(5_000);
    expect(told).to.deep.equal(['slept']);
    await clock.advance(60_000);
    expect(told, 'told once').to.have.length(1);
    stop();
    expect(clock.nextDelay, 'no timer is left').to.equal(null);
  });

  it('reports whether the browser is online', () => {
    expect(environment.online).to.equal(navigator.onLine);
  });
});
