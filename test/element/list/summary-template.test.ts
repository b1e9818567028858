import { expect } from '@open-wc/testing';
import type { UploadSnapshot, UploadStatus } from '../../../src/engine/api/types.js';
import { fileOf, createHarness, untilRendered, shadowQuery, until } from '../harness.js';

describe('the summary', () => {
  it('counts no failed upload in its bytes and its progress bar', async () => {
    const { element, store } = await createHarness();
    store.behaviour = 'refuse';
    await element.add(fileOf('failed.txt', 'x'.repeat(900)));
    await until(() => element.uploads[0]!.status === 'failed');
    store.behaviour = 'hold';
    await element.add([new File(['y'.repeat(100)], 'running.txt')]);
    await until(() => element.uploads[1]!.loaded === 50);
    await untilRendered(element);
    const total = shadowQuery(element, '[part=total]')!;
    await until(() => Number(total.getAttribute('aria-valuenow')) > 0);
    expect(total.getAttribute('aria-valuenow')).to.equal('50');
    expect(shadowQuery(element, '.totals')!.textContent).to.contain('50 byte').and.to.contain('of 100 byte');
    expect(element.progress.total, 'the public progress, which includes failed uploads').to.equal(1_010);
    element.abort();
  });

  it('has the colour of waiting if all uploads wait for the connection, or for their files', async () => {
    const { element, store, uploader } = await createHarness();
    store.behaviour = 'hold';
    await element.add(['a.txt', 'b.txt'].map((name) => new File(['x'.repeat(100)], name)));
    await until(() => element.uploads.every(({ loaded }) => loaded === 50));
    const uploading = uploader.uploads;
    const listed = (status: UploadStatus): UploadSnapshot[] => uploading.map((upload) => ({ ...upload, status }));
    for (const [uploaderStatus, status] of [
      ['waiting', 'waiting'],
      ['idle', 'needs-file'],
    ] as const) {
      Object.defineProperties(uploader, {
        uploads: { configurable: true, get: () => listed(status) },
        status: { configurable: true, get: () => uploaderStatus },
      });
      uploader.dispatchEvent(new CustomEvent('mule-network', { detail: { online: true } }));
      await until(() => shadowQuery(element, '[part=total]')?.dataset.total === 'waiting');
      expect(getComputedStyle(shadowQuery(element, '[part=total] .bar')!).backgroundColor).to.equal(
        getComputedStyle(shadowQuery(element, '[part=bar]')!).backgroundColor,
      );
    }
    uploader.abort();
  });
});
