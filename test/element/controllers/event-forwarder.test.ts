import { expect } from '@open-wc/testing';
import { EventForwarder } from '../../../src/element/controllers/event-forwarder.js';
import { RenderScheduler } from '../../../src/element/controllers/render-scheduler.js';

/** Creates a forwarder of an element whose value changes at every update. */
function forwarderOf(): { forwarder: EventForwarder; changes: () => number } {
  let changes = 0;
  const scheduler = new RenderScheduler({ requestUpdate: () => {} });
  const hooks = { syncValue: () => true, onValueChange: () => void changes++, beforeForward: () => {} };
  return { forwarder: new EventForwarder(document.createElement('div'), hooks, scheduler), changes: () => changes };
}

describe('EventForwarder', () => {
  it('reports a changed value when files are added to a short list', () => {
    const { forwarder, changes } = forwarderOf();
    forwarder.updateSoon();
    expect(changes()).to.equal(1);
  });

  it('reports a changed value at the first addition to a long list, and later ones after an interval', () => {
    const { forwarder, changes } = forwarderOf();
    forwarder.expectFiles(100);
    forwarder.updateSoon();
    expect(changes()).to.equal(1);
    forwarder.uploadCount = 100;
    forwarder.updateSoon();
    expect(changes(), 'deferred').to.equal(1);
    forwarder.syncNow();
    expect(changes()).to.equal(2);
  });
});
