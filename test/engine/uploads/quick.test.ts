import { expect } from '@open-wc/testing';
import { MIN_PART_SIZE } from '../../../src/limits.js';
import type { Uploader } from '../../../src/engine/uploader.js';
import type { Ports } from '../../../src/engine/ports.js';
import { ModuleLoader } from '../../../src/engine/util/module-loader.js';
import { FakeClock } from '../fake-clock.js';
import type { MemoryFileStore, MemoryJournal } from '../harness.js';
import { fileOf, Harness } from '../harness.js';

const NAME = 'a.bin';
const recordIds = ({ journal }: Harness): string[] => [...(journal as MemoryJournal).records.keys()];

/** Advances the fake clock in steps; each step leaves time for pending real work. */
async function advanceInSteps(harness: Harness, milliseconds: number): Promise<void> {
  for (let elapsedMs = 0; elapsedMs < milliseconds; elapsedMs += 250) {
    await harness.clock.advance(250);
    await harness.settle();
  }
}

/** Waits until a condition holds, without advancing the fake clock. */
async function pollUntil(isMet: () => boolean): Promise<void> {
  while (!isMet()) await new Promise((resolve) => setTimeout(resolve, 1));
}

/** Advances the clock at each reading, so that the engine lists only a few files in each task. */
function listSlowly({ clock }: Harness): void {
  const now = clock.monotonic.bind(clock);
  let reads = 0;
  clock.monotonic = () => now() + 3 * reads++;
}

/** Creates a harness that lists files slowly. */
async function harnessThatListsSlowly(): Promise<Harness> {
  const harness = new Harness();
  await harness.uploader.ready;
  listSlowly(harness);
  return harness;
}

/** Adds the same small file in two tabs within a second. The tab that acquires the lock sends it. */
async function startInTwoTabs(
  first: Harness,
  operation: 'put' | 'part',
): Promise<{ second: Harness; release: () => void }> {
  const second = first.otherTab();
  const release = first.store.hold(operation);
  const file = fileOf(1_000_000);
  await Promise.all([first.uploader.add([file]), second.uploader.add([file])]);
  await advanceInSteps(first, 4_000);
  const waiting = [first, second].filter((tab) => tab.uploadOf(NAME).waitingFor === 'tab');
  expect(waiting).to.have.length(1);
  return { second, release };
}

describe('a small file that is added in two tabs within a second', () => {
  it('is one object, and no page load lists it again', async () => {
    const first = new Harness();
    const { second, release } = await startInTwoTabs(first, 'put');
    release();
    await advanceInSteps(first, 4_000);
    for (const tab of [first, second]) expect(tab.uploadOf(NAME).status).to.equal('complete');
    expect(recordIds(first)).to.be.empty;
    expect((first.fileStore as MemoryFileStore).kept.size).to.equal(0);
    first.uploader.dispose();
    const later = second.reload();
    await later.uploader.ready;
    expect(later.uploader.uploads).to.be.empty;
  });

  it('leaves no unfinished multipart upload if the signer grants only parts', async () => {
    const first = new Harness();
    first.signer.maxSingleRequestBytes = 0;
    const { second, release } = await startInTwoTabs(first, 'part');
    release();
    await advanceInSteps(first, 4_000);
    for (const tab of [first, second]) expect(tab.uploadOf(NAME).status).to.equal('complete');
    expect(first.store.uploads.size).to.equal(0);
    expect(recordIds(first)).to.be.empty;
  });
});

describe('a small file whose upload the signer’s tracker names to a second tab before that tab has the lock', () => {
  for (const isAborted of [false, true])
    it(`does not lose its multipart upload${isAborted ? ' if the second tab aborts' : ''}`, async () => {
      const first = new Harness();
      const { signer, store } = first;
      signer.maxSingleRequestBytes = 0;
      const release = store.hold('part');
      const file = fileOf(1_000_000);
      await first.uploader.add([file]);
      await pollUntil(() => store.count('part') === 1);
      await advanceInSteps(first, 500);
      const [uploadId] = store.uploads.keys();
      signer.trackedUploads.set(NAME, { upload_id: uploadId!, key: `files/${NAME}`, part_size: MIN_PART_SIZE });
      const second = first.otherTab();
      await second.uploader.add([file]);
      await advanceInSteps(first, 750);
      await pollUntil(() => second.uploadOf(NAME).status === 'uploading');
      expect(second.uploadOf(NAME)).to.include({ uploadId });
      if (isAborted) second.uploader.abort();
      await advanceInSteps(first, 3_000);
      release();
      await advanceInSteps(first, 4_000);
      expect(first.uploadOf(NAME)).to.include({ status: 'complete', uploadId });
      expect(second.uploadOf(NAME).status).to.equal(isAborted ? 'aborted' : 'complete');
      expect([store.count('create'), store.count('abort')]).to.deep.equal([1, 0]);
    });
});

describe('a second tab that stops its attempt to send a small file', () => {
  it('ends that attempt before it takes over the file, even if the user resumes the upload in the meantime', async () => {
    const first = new Harness();
    const { signer, store } = first;
    signer.maxSingleRequestBytes = 0;
    const releasePart = store.hold('part');
    const file = fileOf(1_000_000);
    await first.uploader.add([file]);
    await advanceInSteps(first, 2_000);
    const releaseCreate = store.hold('create');
    const second = first.otherTab();
    await second.uploader.add([file]);
    await advanceInSteps(first, 2_000);
    second.uploader.pause();
    await second.uploader.resume();
    await advanceInSteps(first, 1_000);
    first.uploader.dispose();
    await advanceInSteps(first, 1_000);
    releaseCreate();
    await advanceInSteps(first, 2_000);
    releasePart();
    await advanceInSteps(first, 4_000);
    expect(second.uploadOf(NAME)).to.include({ status: 'complete', uploadId: 'upload-1' });
    expect(store.uploads.size).to.equal(0);
    expect(recordIds(first)).to.be.empty;
  });

  it('does not end its next attempt if the deferred code is loaded later than that attempt begins', async () => {
    const first = new Harness();
    const { store, journal, fileStore } = first;
    const release = store.hold('put');
    const file = fileOf(1_000_000);
    await first.uploader.add([file]);
    await advanceInSteps(first, 1_250);
    let finishLoading = (): void => {};
    const code = new Promise(
      (resolve) => (finishLoading = () => resolve(import('../../../src/engine/deferred-code.js'))),
    );
    const ports = { journal, fileStore, deferredCode: new ModuleLoader(() => code, first.clock) } as Partial<Ports>;
    const second = new Harness({}, ports, first);
    await second.uploader.add([file]);
    await advanceInSteps(first, 1_500);
    second.uploader.pause();
    await second.uploader.resume();
    first.uploader.dispose();
    await advanceInSteps(first, 1_000);
    finishLoading();
    await advanceInSteps(first, 1_000);
    release();
    await advanceInSteps(first, 4_000);
    expect(second.uploadOf(NAME)).to.include({ status: 'complete', error: null });
    expect(store.objects.size).to.equal(1);
  });
});

describe('a small file that another tab sends', () => {
  /** Opens a tab that sends a file, and a tab that waits for it. */
  async function openTwoTabs(): Promise<{ first: Harness; second: Harness; release: () => void }> {
    const first = new Harness();
    const release = first.store.hold('put');
    const file = fileOf(1_000_000);
    await first.uploader.add([file]);
    await advanceInSteps(first, 1_500);
    const second = first.otherTab();
    await second.uploader.add([file]);
    await advanceInSteps(first, 6_000);
    expect(second.uploadOf(NAME).waitingFor).to.equal('tab');
    return { first, second, release };
  }

  it('is not sent again by a later page load if the waiting tab was closed', async () => {
    const { first, second, release } = await openTwoTabs();
    second.uploader.dispose();
    release();
    await advanceInSteps(first, 3_000);
    expect(first.uploadOf(NAME).status).to.equal('complete');
    const later = first.reload();
    await later.uploader.ready;
    expect(later.uploader.uploads).to.be.empty;
  });

  it('is not sent again by a later page load if the waiting tab has completed it', async () => {
    const { first, second, release } = await openTwoTabs();
    first.uploader.dispose();
    await advanceInSteps(second, 1_000);
    release();
    await advanceInSteps(second, 3_000);
    expect(second.uploadOf(NAME).status).to.equal('complete');
    const later = second.reload();
    await later.uploader.ready;
    expect(later.uploader.uploads).to.be.empty;
  });

  it('is listed after a reload if the tab that waited has taken it over', async () => {
    const { first, second } = await openTwoTabs();
    first.uploader.dispose();
    await advanceInSteps(second, 4_000);
    const later = second.reload();
    await later.uploader.ready;
    await advanceInSteps(later, 1_000);
    expect(later.uploader.uploads).to.have.length(1);
    expect(later.uploadOf(NAME).status).to.equal('uploading');
    later.uploader.dispose();
  });
});

describe('files added before the engine is loaded', () => {
  it('are not sent if the user pauses them, even if the engine starts the first while it adds the last', async () => {
    const harness = new Harness();
    listSlowly(harness);
    let isAdded = false;
    const files = Array.from({ length: 60 }, (_, index) => fileOf(10, `${index}.bin`));
    void harness.uploader.add(files).then(() => (isAdded = true));
    harness.uploader.pause();
    await harness.until(() => isAdded);
    await advanceInSteps(harness, 1_000);
    expect(harness.uploader.uploads.map(({ status }) => status)).to.deep.equal(files.map(() => 'paused'));
    expect(harness.detailsOf('mule-start')).to.be.empty;
    expect(harness.signer.calls).to.be.empty;
    await harness.uploader.resume();
    await harness.finished();
    expect(harness.store.objects.size).to.equal(60);
  });

  it('are not sent if the user aborts them while the engine compares them with unfinished uploads', async () => {
    const earlier = new Harness();
    await earlier.interrupt(fileOf(11_000_000, 'unfinished.bin'), 1);
    const harness = earlier.reload();
    const file = fileOf(11_000_000);
    const slice = file.slice.bind(file);
    const reads: (() => void)[] = [];
    // the disk is slow: each read waits
    file.slice = (...range) => {
      const blob = slice(...range);
      const { arrayBuffer } = blob;
      blob.arrayBuffer = () => new Promise<void>((resolve) => reads.push(resolve)).then(() => arrayBuffer.call(blob));
      return blob;
    };
    void harness.uploader.add([file]);
    await harness.until(() => reads.length > 0);
    harness.uploader.abort(harness.uploadOf(NAME).id);
    file.slice = slice;
    for (const read of reads) read();
    await advanceInSteps(harness, 1_000);
    expect(harness.uploadOf(NAME).status).to.equal('aborted');
    expect(
      harness.signer
        .bodies('get_init_signature')
        .at(-1)!
        .files.map(({ filename }) => filename),
    ).to.deep.equal(['unfinished.bin']);
    harness.uploader.dispose();
  });
});

describe('files added in a page', () => {
  it('are all listed if the page has its own global variable `scheduler`', async () => {
    const harness = await harnessThatListsSlowly();
    const former = Object.getOwnPropertyDescriptor(globalThis, 'scheduler');
    Object.defineProperty(globalThis, 'scheduler', { value: {}, configurable: true, writable: true });
    try {
      let added: Awaited<ReturnType<Uploader['add']>> | null = null;
      void harness.uploader
        .add(Array.from({ length: 40 }, (_, index) => fileOf(10, `${index}.bin`)))
        .then((all) => (added = all));
      await harness.until(() => added !== null);
      expect(added).to.have.length(40);
    } finally {
      if (former) Object.defineProperty(globalThis, 'scheduler', former);
      else Reflect.deleteProperty(globalThis, 'scheduler');
    }
  });

  it('cause one mule-finish for all, even if the first are stored before the last are listed', async () => {
    const harness = await harnessThatListsSlowly();
    const files = Array.from({ length: 60 }, (_, index) => fileOf(10, `${index}.bin`));
    let isAdded = false;
    void harness.uploader.add(files).then(() => (isAdded = true));
    await harness.until(() => isAdded && harness.detailsOf('mule-finish').length > 0);
    await harness.finished();
    expect(harness.detailsOf('mule-finish').map(({ completed }) => completed.length)).to.deep.equal([60]);
  });

  it('count only once in the progress after a change to another scope and back', async () => {
    const harness = new Harness({ scope: 'A' });
    const release = harness.store.hold('part');
    await harness.uploader.add([fileOf(7_000_000)]);
    await advanceInSteps(harness, 4_000);
    harness.uploader.configure({ scope: 'B' });
    await harness.uploader.ready;
    harness.uploader.configure({ scope: 'A' });
    await harness.uploader.ready;
    await harness.settle();
    expect(harness.uploader.progress.total).to.equal(7_000_000);
    release();
    await harness.finished();
    expect(harness.uploader.progress).to.include({ loaded: 7_000_000, total: 7_000_000, ratio: 1 });
  });

  it('are aborted on the store if the signer has created their multipart upload when the user aborts', async () => {
    const harness = new Harness();
    const { signer, store } = harness;
    signer.hasTracker = true;
    signer.startUpload = (key) => {
      store.uploads.set('created-by-signer', { key, parts: new Map() });
      return 'created-by-signer';
    };
    let answer!: () => void;
    const mayAnswer = new Promise<void>((resolve) => (answer = resolve));
    signer.next('get_init_signature', (proceed) => mayAnswer.then(proceed));
    await harness.uploader.add([fileOf(12_000_000)]);
    await harness.settle();
    harness.uploader.abort();
    answer();
    await advanceInSteps(harness, 3_000);
    expect(store.uploads.size).to.equal(0);
  });
});

describe('without the code that is loaded after the first request', () => {
  const withoutDeferredCode = (): Partial<Ports> => {
    const clock = new FakeClock();
    const deferredCode = new ModuleLoader(() => Promise.reject(new Error('404')), clock);
    return { clock, deferredCode } as Partial<Ports>;
  };

  it('a small file completes, and its notification is sent alone', async () => {
    const harness = new Harness({}, withoutDeferredCode());
    harness.signer.hasTracker = true;
    await harness.uploader.add([fileOf(1_000)]);
    await harness.finished();
    expect(harness.uploadOf(NAME)).to.include({ status: 'complete' });
    expect(harness.uploadOf(NAME).receipt).to.be.a('string');
  });

  it('a file in parts waits, and an error says that code of the page is missing', async () => {
    const harness = new Harness({}, withoutDeferredCode());
    await harness.uploader.add([fileOf(11_000_000)]);
    await harness.until(() => harness.detailsOf('mule-error').length > 0);
    expect(harness.uploadOf(NAME)).to.include({ status: 'waiting', waitingFor: 'network' });
    expect(harness.detailsOf('mule-error')[0]!.error).to.include({ code: 'engine-not-loaded', retryable: true });
  });
});
