import { expect } from '@open-wc/testing';
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

/** Creates a harness whose clock advances at each reading, so that the engine lists only a few files in each task. */
async function harnessThatListsSlowly(): Promise<Harness> {
  const harness = new Harness();
  await harness.uploader.ready;
  const { clock } = harness;
  const now = clock.monotonic.bind(clock);
  let reads = 0;
  clock.monotonic = () => now() + 3 * reads++;
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
    let answer = (): void => {};
    signer.next('get_init_signature', (proceed) => new Promise((resolve) => (answer = () => resolve(proceed()))));
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
