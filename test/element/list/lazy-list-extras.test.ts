import { expect } from '@open-wc/testing';
import type { LitElement } from 'lit';
import { LazyListExtras } from '../../../src/element/list/lazy-list-extras.js';

const hooks = { isEnabled: () => false, isListed: () => false, fileOf: () => null };

/** Creates a host that counts its updates. */
function createHost(): LitElement & { updates: number } {
  const host = Object.assign(document.createElement('div'), {
    updates: 0,
    addController() {},
    requestUpdate: () => host.updates++,
  });
  return host as unknown as LitElement & { updates: number };
}

/** Returns the number of rows that are rendered in a list of 200. */
const renderedRows = (extras: LazyListExtras): number =>
  extras.view.rowRanges
    .rangesOf(200)
    .filter(({ isRendered }) => isRendered)
    .reduce((sum, { begin, end }) => sum + end - begin, 0);

describe('LazyListExtras', () => {
  it('renders the first rows of a long list until it is loaded', async () => {
    const host = createHost();
    const extras = new LazyListExtras(host, hooks);
    expect(renderedRows(extras)).to.equal(20);
    expect(extras.view.rowRanges.heightOf({ begin: 20, end: 200 })).to.be.above(180 * 40);
    expect(extras.view.drawPartMap).to.equal(null);
    await extras.load();
    expect(host.updates).to.equal(1);
    expect(renderedRows(extras)).to.equal(20);
    expect(extras.view.drawPartMap!(Uint8Array.of(2)).stored).to.equal('M0 0.5h1');
    for (let time = 0; time < 3; time++) extras.addSpeed('a', 1);
    expect(extras.view.sparklinePath('a'), 'one sample so far').to.equal('');
  });

  it('renders all rows if it cannot be loaded, and waits before it tries again', async () => {
    let attempts = 0;
    const host = createHost();
    const extras = new LazyListExtras(host, hooks, () => {
      attempts++;
      return Promise.reject(new TypeError('offline'));
    });
    await extras.load();
    await extras.load();
    expect([attempts, host.updates]).to.deep.equal([1, 1]);
    expect(renderedRows(extras)).to.equal(200);
    expect(extras.view.sparklinePath('a')).to.equal('');
  });
});
