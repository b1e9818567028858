import { expect } from '@open-wc/testing';
import type { Uploader } from '../../../src/engine/uploader.js';
import type { Ports } from '../../../src/engine/ports.js';
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

/** Returns a page whose clock runs while it lists files, so that each task lists only a few. */
async function listingSlowly(): Promise<Harness> {
  const harness = new Harness();
  await harness.uploader.ready;
  const { clock } = harness;
  const now = clock.monotonic.bind(clock);
  let reads = 0;
  clock.monotonic = () => now() + 3 * reads++;
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
  const ports = { loadRecoveryCode: () => Promise.reject(new Error('404')) } as unknown as Partial<Ports>;

  it('a small file completes, and its notification is sent alone', async () => {
    const harness = new Harness({}, ports);
    harness.signer.tracked = true;
    await harness.uploader.add([fileOf(1_000)]);
    await harness.finished();
    expect(harness.of(NAME)).to.include({ status: 'complete' });
    expect(harness.of(NAME).receipt).to.be.a('string');
  });

  it('a file in parts waits, and an error says that a part of the page is missing', async () => {
    const harness = new Harness({}, ports);
    await harness.uploader.add([fileOf(11_000_000)]);
    await harness.until(() => harness.all('mule-error').length > 0);
    expect(harness.of(NAME)).to.include({ status: 'waiting', waitingFor: 'network' });
    expect(harness.all('mule-error')[0]!.error).to.include({ code: 'engine-not-loaded', retryable: true });
  });
});
