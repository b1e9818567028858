import { expect } from '@open-wc/testing';
import { browserEnvironment } from '../../src/engine/environment.js';

describe('the page around', () => {
  it('tells of the line, of coming back and of leaving, until nobody listens any more', () => {
    const told: string[] = [];
    const stop = browserEnvironment.listen({
      online: () => told.push('online'),
      offline: () => told.push('offline'),
      wake: () => told.push('wake'),
      leave: (event) => {
        told.push('leave');
        event.preventDefault();
      },
    });
    const leave = new Event('beforeunload', { cancelable: true });
    const play = (): void => {
      for (const type of ['online', 'offline', 'pageshow']) window.dispatchEvent(new Event(type));
      window.dispatchEvent(leave);
      document.dispatchEvent(new Event('resume'));
    };
    play();
    stop();
    play();
    expect(told).to.deep.equal(['online', 'offline', 'wake', 'leave', 'wake']);
    expect(leave.defaultPrevented).to.be.true;
  });

  it('knows whether there is a line', () => {
    expect(browserEnvironment.online).to.equal(navigator.onLine);
  });
});
