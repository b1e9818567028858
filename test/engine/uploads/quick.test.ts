import { expect } from '@open-wc/testing';
import { MIN_PART_SIZE } from '../../../src/limits.js';
import type { Uploader } from '../../../src/engine/uploader.js';
import type { Ports } from '../../../src/engine/ports.js';
import { ModuleLoader } from '../../../src/engine/util/module-loader.js';
import { FakeClock } from '../fake-clock.js';
import type { MemoryFileStore, MemoryJournal } from '../harness.js';
import { fileOf, Harness } from '../harness.js';

const NAME = 'a.bin';
const recordsOf = ({ journal }: Harness): string[] => [...(journal as MemoryJournal).records.keys()];

/** Advances the clock in steps, each with time for real work. */
async function pass(harness: Harness, milliseconds: number): Promise<void> {
  for (let at = 0; at < milliseconds; at += 250) {
    await harness.clock.advance(250);
    await harness.settle();
  }
}

/** Lets the clock run while the page lists files, so that each task lists only a few. */
function runWhileListing({ clock }: Harness): void {
  const now = clock.monotonic.bind(clock);
  let reads = 0;
  clock.monotonic = () => now() + 3 * reads++;
}

/** Returns a page whose clock runs while it lists files. */
async function listingSlowly(): Promise<Harness> {
  const harness = new Harness();
  await harness.uploader.ready;
  runWhileListing(harness);
  return harness;
}

/** Two tabs begin the same small file within a second: the first one to take the lock sends it. */
async function beginTwice(
  first: Harness,
  operation: 'put' | 'part',
): Promise<{ second: Harness; release: () => void }> {
  const second = first.otherTab();
  const release = first.store.hold(operation);
  const file = fileOf(1_000_000);
  await Promise.all([first.uploader.add([file]), second.uploader.add([file])]);
  await pass(first, 4_000);
  const waiting = [first, second].filter((tab) => tab.of(NAME).waitingFor === 'tab');
  expect(waiting).to.have.length(1);
  return { second, release };
}

describe('a small file that two tabs began within a second', () => {
  it('is one object, and no page load lists it again', async () => {
    const first = new Harness();
    const { second, release } = await beginTwice(first, 'put');
    release();
    await pass(first, 4_000);
    for (const tab of [first, second]) expect(tab.of(NAME).status).to.equal('complete');
    expect(recordsOf(first)).to.be.empty;
    expect((first.fileStore as MemoryFileStore).kept.size).to.equal(0);
    first.uploader.dispose();
    const later = second.reload();
    await later.uploader.ready;
    expect(later.uploader.uploads).to.be.empty;
  });

  it('leaves no multipart upload behind if the signer asks for parts', async () => {
    const first = new Harness();
    first.signer.wholeUpTo = 0;
    const { second, release } = await beginTwice(first, 'part');
    release();
    await pass(first, 4_000);
    for (const tab of [first, second]) expect(tab.of(NAME).status).to.equal('complete');
    expect(first.store.uploads.size).to.equal(0);
    expect(recordsOf(first)).to.be.empty;
  });
});

describe('a small file that the signer’s tracker resumes in a second tab, before that has the lock', () => {
  for (const isAborted of [false, true])
    it(`does not lose its multipart upload${isAborted ? ' if the second tab aborts' : ''}`, async () => {
      const first = new Harness();
      const { signer, store } = first;
      signer.wholeUpTo = 0;
      const release = store.hold('part');
      const file = fileOf(1_000_000);
      await first.uploader.add([file]);
      await pass(first, 500);
      const [uploadId] = store.uploads.keys();
      signer.known.set(NAME, { upload_id: uploadId!, key: `files/${NAME}`, part_size: MIN_PART_SIZE });
      const second = first.otherTab();
      await second.uploader.add([file]);
      await pass(first, 750);
      expect(second.of(NAME)).to.include({ uploadId, status: 'uploading' });
      if (isAborted) second.uploader.abort();
      await pass(first, 3_000);
      release();
      await pass(first, 4_000);
      expect(first.of(NAME)).to.include({ status: 'complete', uploadId });
      expect(second.of(NAME).status).to.equal(isAborted ? 'aborted' : 'complete');
      expect([store.count('create'), store.count('abort')]).to.deep.equal([1, 0]);
    });
});

describe('a second tab that gives up a small file', () => {
  it('has given it up before it takes the file over, though it is resumed meanwhile', async () => {
    const first = new Harness();
    const { signer, store } = first;
    signer.wholeUpTo = 0;
    const releasePart = store.hold('part');
    const file = fileOf(1_000_000);
    await first.uploader.add([file]);
    await pass(first, 2_000);
    const releaseCreate = store.hold('create');
    const second = first.otherTab();
    await second.uploader.add([file]);
    await pass(first, 2_000);
    second.uploader.pause();
    await second.uploader.resume();
    await pass(first, 1_000);
    first.uploader.dispose();
    await pass(first, 1_000);
    releaseCreate();
    await pass(first, 2_000);
    releasePart();
    await pass(first, 4_000);
    expect(second.of(NAME)).to.include({ status: 'complete', uploadId: 'upload-1' });
    expect(store.uploads.size).to.equal(0);
    expect(recordsOf(first)).to.be.empty;
  });

  it('does not end its next attempt when the code for that is loaded late', async () => {
    const first = new Harness();
    const { store, journal, fileStore } = first;
    const release = store.hold('put');
    const file = fileOf(1_000_000);
    await first.uploader.add([file]);
    await pass(first, 1_250);
    let load = (): void => {};
    const code = new Promise((resolve) => (load = () => resolve(import('../../../src/engine/deferred-code.js'))));
    const late = { journal, fileStore, deferredCode: new ModuleLoader(() => code, first.clock) } as Partial<Ports>;
    const second = new Harness({}, late, first);
    await second.uploader.add([file]);
    await pass(first, 1_500);
    second.uploader.pause();
    await second.uploader.resume();
    first.uploader.dispose();
    await pass(first, 1_000);
    load();
    await pass(first, 1_000);
    release();
    await pass(first, 4_000);
    expect(second.of(NAME)).to.include({ status: 'complete', error: null });
    expect(store.objects.size).to.equal(1);
  });
});

describe('a small file that another tab sends', () => {
  /** A tab that sends a file, and one that waits for it. */
  async function tabs(): Promise<{ first: Harness; second: Harness; release: () => void }> {
    const first = new Harness();
    const release = first.store.hold('put');
    const file = fileOf(1_000_000);
    await first.uploader.add([file]);
    await pass(first, 1_500);
    const second = first.otherTab();
    await second.uploader.add([file]);
    await pass(first, 6_000);
    expect(second.of(NAME).waitingFor).to.equal('tab');
    return { first, second, release };
  }

  it('is not sent again by a later page load if the waiting tab was closed', async () => {
    const { first, second, release } = await tabs();
    second.uploader.dispose();
    release();
    await pass(first, 3_000);
    expect(first.of(NAME).status).to.equal('complete');
    const later = first.reload();
    await later.uploader.ready;
    expect(later.uploader.uploads).to.be.empty;
  });

  it('is not sent again by a later page load if the waiting tab has completed it', async () => {
    const { first, second, release } = await tabs();
    first.uploader.dispose();
    await pass(second, 1_000);
    release();
    await pass(second, 3_000);
    expect(second.of(NAME).status).to.equal('complete');
    const later = second.reload();
    await later.uploader.ready;
    expect(later.uploader.uploads).to.be.empty;
  });

  it('is listed after a reload if the tab that waited has taken it over', async () => {
    const { first, second } = await tabs();
    first.uploader.dispose();
    await pass(second, 4_000);
    const later = second.reload();
    await later.uploader.ready;
    await pass(later, 1_000);
    expect(later.uploader.uploads).to.have.length(1);
    expect(later.of(NAME).status).to.equal('uploading');
    later.uploader.dispose();
  });
});

describe('files added before the engine is loaded', () => {
  it('are not sent if they are paused, though the first of many start while the last are added', async () => {
    const harness = new Harness();
    runWhileListing(harness);
    let isAdded = false;
    const files = Array.from({ length: 60 }, (_, index) => fileOf(10, `${index}.bin`));
    void harness.uploader.add(files).then(() => (isAdded = true));
    harness.uploader.pause();
    await harness.until(() => isAdded);
    await pass(harness, 1_000);
    expect(harness.uploader.uploads.map(({ status }) => status)).to.deep.equal(files.map(() => 'paused'));
    expect(harness.all('mule-start')).to.be.empty;
    expect(harness.signer.calls).to.be.empty;
    await harness.uploader.resume();
    await harness.finished();
    expect(harness.store.objects.size).to.equal(60);
  });

  it('are not sent if they are aborted while the engine compares them with unfinished uploads', async () => {
    const before = new Harness();
    await before.interrupt(fileOf(11_000_000, 'unfinished.bin'), 1);
    const harness = before.reload();
    const file = fileOf(11_000_000);
    const slice = file.slice.bind(file);
    const reads: (() => void)[] = [];
    // as on a slow disk
    file.slice = (...range) => {
      const blob = slice(...range);
      const { arrayBuffer } = blob;
      blob.arrayBuffer = () => new Promise<void>((resolve) => reads.push(resolve)).then(() => arrayBuffer.call(blob));
      return blob;
    };
    void harness.uploader.add([file]);
    await harness.until(() => reads.length > 0);
    harness.uploader.abort(harness.of(NAME).id);
    file.slice = slice;
    for (const read of reads) read();
    await pass(harness, 1_000);
    expect(harness.of(NAME).status).to.equal('aborted');
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
  it('are all listed if the page has something else by the name of the browser’s scheduler', async () => {
    const harness = await listingSlowly();
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

  it('end with one mule-finish, once all are added, though the first are stored before the last are listed', async () => {
    const harness = await listingSlowly();
    const files = Array.from({ length: 60 }, (_, index) => fileOf(10, `${index}.bin`));
    let isAdded = false;
    void harness.uploader.add(files).then(() => (isAdded = true));
    await harness.until(() => isAdded && harness.all('mule-finish').length > 0);
    await harness.finished();
    expect(harness.all('mule-finish').map(({ completed }) => completed.length)).to.deep.equal([60]);
  });

  it('count once after their owner has left and returned', async () => {
    const harness = new Harness({ scope: 'A' });
    const release = harness.store.hold('part');
    await harness.uploader.add([fileOf(7_000_000)]);
    await pass(harness, 4_000);
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

  it('are aborted on the store if the signer had begun them when the user aborted', async () => {
    const harness = new Harness();
    const { signer, store } = harness;
    signer.tracked = true;
    signer.startUpload = (key) => {
      store.uploads.set('begun', { key, parts: new Map() });
      return 'begun';
    };
    let answer = (): void => {};
    signer.next('get_init_signature', (proceed) => new Promise((resolve) => (answer = () => resolve(proceed()))));
    await harness.uploader.add([fileOf(12_000_000)]);
    await harness.settle();
    harness.uploader.abort();
    answer();
    await pass(harness, 3_000);
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
    harness.signer.tracked = true;
    await harness.uploader.add([fileOf(1_000)]);
    await harness.finished();
    expect(harness.of(NAME)).to.include({ status: 'complete' });
    expect(harness.of(NAME).receipt).to.be.a('string');
  });

  it('a file in parts waits, and an error says that a part of the page is missing', async () => {
    const harness = new Harness({}, withoutDeferredCode());
    await harness.uploader.add([fileOf(11_000_000)]);
    await harness.until(() => harness.all('mule-error').length > 0);
    expect(harness.of(NAME)).to.include({ status: 'waiting', waitingFor: 'network' });
    expect(harness.all('mule-error')[0]!.error).to.include({ code: 'engine-not-loaded', retryable: true });
  });
});
