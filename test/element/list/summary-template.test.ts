import { expect } from '@open-wc/testing';
import { fileOf, harness, rendered, shadowQuery, until } from '../harness.js';

describe('the summary', () => {
  it('counts no failed upload in bytes, and in the progress bar', async () => {
    const { element, store } = await harness();
    store.answer = 'refuse';
    await element.add(fileOf('failed.txt', 'x'.repeat(900)));
    await until(() => element.uploads[0]!.status === 'failed');
    store.answer = 'hold';
    await element.add([new File(['y'.repeat(100)], 'running.txt')]);
    await until(() => element.uploads[1]!.loaded === 50);
    await rendered(element);
    const total = shadowQuery(element, '[part=total]')!;
    await until(() => Number(total.getAttribute('aria-valuenow')) > 0);
    expect(total.getAttribute('aria-valuenow')).to.equal('50');
    expect(shadowQuery(element, '.totals')!.textContent).to.contain('50 byte').and.to.contain('of 100 byte');
    expect(element.progress.total, 'the public totals').to.equal(1_010);
    element.abort();
  });
});
