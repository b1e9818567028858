import { expect } from '@open-wc/testing';
import { MIN_PART_SIZE } from '../../../src/limits.js';
import { fileOf, Harness } from '../harness.js';

const FILES = Array.from({ length: 30 }, (_, index) => fileOf(1_000 + index, `${index}.bin`));

/** Adds many small files, of which a few are being sent. */
async function startUploads(): Promise<{ harness: Harness; release: () => void }> {
  const harness = new Harness({ concurrency: 1 });
  const release = harness.store.hold('put');
  await harness.uploader.add(FILES);
  await harness.until(() => harness.store.count('put') > 0);
  expect(harness.detailsOf('mule-start')).to.have.length.below(FILES.length);
  return { harness, release };
}

const ids = ({ uploader }: Harness): string[] => uploader.uploads.map(({ id }) => id);

describe('queued files', () => {
  const ACTIONS: Record<string, (harness: Harness) => void> = {
    'pause()': ({ uploader }) => uploader.pause(),
    'pause(id) of one after the other': (harness) => ids(harness).forEach((id) => harness.uploader.pause(id)),
    'abort()': ({ uploader }) => uploader.abort(),
    'abort(id) of one after the other': (harness) => ids(harness).forEach((id) => harness.uploader.abort(id)),
    'detach()': ({ uploader }) => void uploader.detach(),
    'another scope': ({ uploader }) => uploader.configure({ scope: 'another' }),
  };
  for (const [name, act] of Object.entries(ACTIONS)) {
    it(`do not start while all uploads are stopped by ${name}`, async () => {
      const { harness, release } = await startUploads();
      const started = harness.detailsOf('mule-start').length;
      act(harness);
      await harness.settle();
      release();
      await harness.settle();
      expect(harness.detailsOf('mule-start')).to.have.length(started);
      expect(harness.uploader.status).to.be.oneOf(['paused', 'idle']);
    });
  }

  it('start when one that is sent has been aborted', async () => {
    const { harness, release } = await startUploads();
    const started = harness.detailsOf('mule-start').length;
    harness.uploader.abort(harness.uploader.uploads[0]!.id);
    await harness.settle();
    expect(harness.detailsOf('mule-start')).to.have.length(started + 1);
    release();
    await harness.finished();
    expect(harness.store.objects.size).to.be.within(FILES.length - 1, FILES.length);
  });

  it('do not start after dispose()', async () => {
    const { harness, release } = await startUploads();
    const started = harness.detailsOf('mule-start').length;
    harness.uploader.abort(harness.uploader.uploads[0]!.id);
    harness.uploader.dispose();
    await harness.settle();
    release();
    expect(harness.detailsOf('mule-start')).to.have.length(started);
  });

  it('are neither asked about nor signed if a listener of mule-add aborts or pauses them', async () => {
    const harness = new Harness();
    const asked: string[] = [];
    harness.uploader.addEventListener('mule-before-upload', ({ detail }) => void asked.push(detail.upload.name));
    harness.uploader.addEventListener('mule-add', ({ detail: { upload } }) => {
      if (upload.name === '1.bin') harness.uploader.abort(upload.id);
      if (upload.name === '2.bin') harness.uploader.pause(upload.id);
    });
    await harness.uploader.add(FILES.slice(0, 4));
    await harness.until(() => harness.store.objects.size === 2);
    await harness.settle();
    expect(asked.sort()).to.deep.equal(['0.bin', '3.bin']);
    expect(harness.uploader.status).to.equal('paused');
  });

  it('start beside uploads that another tab sends', async () => {
    const files = ['1.bin', '2.bin', '3.bin'].map((name) => fileOf(3 * MIN_PART_SIZE, name));
    const first = new Harness({ concurrency: 2 });
    first.store.hold('part');
    await first.uploader.add(files.slice(0, 2));
    await first.until(() => first.uploader.uploads.every(({ status }) => status === 'uploading'));
    const second = first.otherTab({ concurrency: 2 });
    await second.uploader.add(files);
    await second.until(() => second.uploadOf('3.bin').status === 'uploading');
    expect(second.uploadOf('1.bin').waitingFor).to.equal('tab');
    expect(second.uploadOf('2.bin').waitingFor).to.equal('tab');
    for (const { uploader } of [first, second]) uploader.dispose();
  });

  it('do not wait for the end of a huge file that was added before them if they are small', async () => {
    for (const concurrency of [1, 2, 4]) {
      const harness = new Harness({ concurrency });
      // each part takes some time
      harness.store.always('part', async (_request, proceed) => {
        await new Promise<void>((resolve) => harness.clock.setTimer(resolve, 1_000));
        return proceed();
      });
      let partsBeforeSmallFile = Infinity;
      harness.uploader.addEventListener('mule-complete', ({ detail }) => {
        if (detail.upload.name === 'small.bin') partsBeforeSmallFile = harness.store.count('part');
      });
      await harness.uploader.add([fileOf(30 * MIN_PART_SIZE, 'huge.bin'), fileOf(10, 'small.bin')]);
      await harness.finished();
      expect(partsBeforeSmallFile, `parts sent before the small file was done, ${concurrency} slots`).to.be.below(15);
    }
  });
});
