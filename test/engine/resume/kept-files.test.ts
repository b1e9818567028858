import { expect } from '@open-wc/testing';
import { MIN_PART_SIZE } from '../../../src/limits.js';
import type { MemoryJournal, MemoryFileStore } from '../harness.js';
import { fileOf, hashOf, Harness } from '../harness.js';

const PART = MIN_PART_SIZE;
const NAME = 'a.bin';

const statusesOf = ({ uploader }: Harness): string[] => uploader.uploads.map(({ status }) => status);

describe('a small file', () => {
  it('is stored as a whole, even while it is queued, and resumes automatically', async () => {
    const harness = new Harness({ concurrency: 1 });
    const release = harness.store.hold('put');
    const files = ['a', 'b', 'c', 'd'].map((name) => fileOf(100, name));
    await harness.uploader.add(files);
    await harness.until(() => (harness.fileStore as MemoryFileStore).kept.size === 4);
    await harness.settle();
    const next = harness.reload();
    release();
    await next.finished();
    expect(statusesOf(next)).to.deep.equal(['complete', 'complete', 'complete', 'complete']);
    for (const file of files)
      expect(await hashOf(next.store.objects.get(`files/${file.name}`)?.body)).to.equal(await hashOf(file));
    expect([(next.fileStore as MemoryFileStore).kept.size, (next.journal as MemoryJournal).records.size]).to.deep.equal(
      [0, 0],
    );
  });

  it('keeps its object key, and still waits for start()', async () => {
    const options = { autostart: false, objectKey: 'x/' };
    const harness = new Harness(options);
    await harness.uploader.add([fileOf(10, 'a'), fileOf(10, 'b')]);
    await harness.until(() => (harness.journal as MemoryJournal).records.size === 2);
    const next = harness.reload(options);
    await next.until(() => statusesOf(next).join() === 'queued,queued');
    await next.settle();
    expect(next.signer.calls).to.be.empty;
    next.uploader.start();
    await next.finished();
    expect([...next.store.objects.keys()].sort()).to.deep.equal(['x/a', 'x/b']);
  });

  it('is not stored if it is uploaded within a second, too large, or aborted', async () => {
    const harness = new Harness();
    const { kept } = harness.fileStore as MemoryFileStore;
    await harness.upload(fileOf(100, 'quick'));
    const release = harness.store.hold('part');
    await harness.uploader.add([fileOf(9 * 1024 ** 2, 'large')]);
    await harness.until(() => harness.store.count('part') > 0);
    await harness.clock.advance(5_000);
    await harness.settle();
    expect(kept.size).to.equal(0);
    harness.uploader.abort();
    release();
    await harness.uploader.add([fileOf(6 * 1024 ** 2, 'aborted')]);
    harness.store.hold('part');
    await harness.until(() => kept.size === 1);
    harness.uploader.abort();
    await harness.until(() => kept.size === 0);
  });

  it('is ignored by other tabs while its page is open, and resumed by another tab after that page has closed', async () => {
    const harness = new Harness({ concurrency: 1 });
    const release = harness.store.hold('put');
    await harness.uploader.add(['a', 'b', 'c', 'd'].map((name) => fileOf(100, name)));
    await harness.until(() => (harness.journal as MemoryJournal).records.size === 4);
    harness.uploader.pause();
    await harness.settle();
    const other = harness.otherTab();
    await other.uploader.ready;
    expect(other.uploader.uploads).to.be.empty;
    harness.uploader.dispose();
    await harness.settle();
    const third = harness.otherTab();
    release();
    await third.finished();
    expect(statusesOf(third)).to.deep.equal(['complete', 'complete', 'complete', 'complete']);
  });

  for (const end of ['complete', 'paused'] as const) {
    it(`is not sent by another tab whose signer answers late, when its upload is ${end}`, async () => {
      const earlier = new Harness();
      earlier.signer.principal = 'ada';
      earlier.store.hold('put');
      await earlier.uploader.add([fileOf(100)]);
      await earlier.untilStill(() => earlier.store.count('put') === 1);
      await earlier.until(() => (earlier.journal as MemoryJournal).records.size === 1);
      earlier.uploader.dispose();
      await earlier.settle();
      let answer!: () => void;
      const mayAnswer = new Promise<void>((resolve) => (answer = resolve));
      earlier.signer.next('get_init_signature', async (proceed) => {
        await mayAnswer;
        return proceed();
      });
      const calls = earlier.signer.count('get_init_signature');
      const late = earlier.otherTab();
      void late.uploader.ready;
      await late.until(() => late.signer.count('get_init_signature') > calls);
      const tab = earlier.otherTab();
      void tab.uploader.ready;
      const requests = tab.store.count('put');
      await tab.until(() => tab.store.count('put') > requests);
      if (end === 'complete') tab.store.always('put', null);
      tab.uploader.pause();
      if (end === 'complete') await tab.uploader.resume();
      await tab.until(() => tab.uploadOf(NAME).status === end);
      await tab.settle();
      const sent = tab.store.count('put');
      answer();
      await late.settle();
      expect(late.uploader.uploads).to.be.empty;
      expect(late.store.count('put')).to.equal(sent);
      late.uploader.dispose();
      tab.uploader.dispose();
    });
  }

  it('is stored only once its owner is known', async () => {
    const harness = new Harness({ scope: '', signer: `https://signer.test/${Math.random()}` });
    let isAsked = false;
    harness.signer.next('get_init_signature', () => {
      isAsked = true;
      return new Promise(() => {});
    });
    await harness.uploader.add([fileOf(100)]);
    await harness.until(() => isAsked);
    await harness.clock.advance(5_000);
    await harness.settle();
    expect((harness.fileStore as MemoryFileStore).kept.size).to.equal(0);
    harness.store.hold('put');
    harness.uploader.pause();
    await harness.uploader.resume();
    await harness.until(() => (harness.fileStore as MemoryFileStore).kept.size === 1);
    harness.uploader.dispose();
  });

  it('is not stored with recover="off"', async () => {
    const harness = new Harness({ recover: 'off' });
    harness.store.hold('put');
    await harness.uploader.add([fileOf(100)]);
    await harness.clock.advance(5_000);
    await harness.settle();
    expect((harness.fileStore as MemoryFileStore).kept.size).to.equal(0);
    harness.uploader.dispose();
  });

  it('is deleted at sign-out, with its record', async () => {
    const harness = new Harness();
    harness.store.hold('put');
    await harness.uploader.add([fileOf(100)]);
    await harness.until(() => (harness.journal as MemoryJournal).records.size === 1);
    const next = harness.reload();
    await next.uploader.ready;
    await next.uploader.forget();
    expect([(next.fileStore as MemoryFileStore).kept.size, (next.journal as MemoryJournal).records.size]).to.deep.equal(
      [0, 0],
    );
    expect(next.uploader.uploads).to.be.empty;
  });
});

describe('an upload that was found', () => {
  it('shows the progress that the store reports, and none if the store cannot be reached', async () => {
    const file = fileOf(6 * PART);
    const earlier = new Harness({ concurrency: 2 });
    await earlier.interrupt(file, 4);
    const harness = earlier.reload();
    await harness.until(() => harness.uploader.uploads[0]?.loaded === 4 * PART);
    expect(harness.uploadOf(NAME).parts).to.include({ done: 4, total: 6 });
    expect(harness.uploader.progress).to.include({ total: 0, loaded: 0 });
    harness.uploader.dispose();
    harness.store.always('list', () => Promise.reject(new Error('no connection')));
    const tabWithoutList = harness.otherTab();
    await tabWithoutList.uploader.ready;
    await tabWithoutList.settle();
    expect(tabWithoutList.uploadOf(NAME)).to.include({ loaded: 0, status: 'needs-file', error: null });
    expect(tabWithoutList.detailsOf('mule-retry')).to.be.empty;
  });
});
