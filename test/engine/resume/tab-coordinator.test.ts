import { expect } from '@open-wc/testing';
import { MIN_PART_SIZE } from '../../../src/limits.js';
import { broadcast, webLocks } from '../../../src/engine/browser/cross-tab.js';
import type { FileHandle, UploadSnapshot } from '../../../src/engine/api/types.js';
import type { TabChannel, TabLock } from '../../../src/engine/ports.js';
import { loseResponse, refuse } from '../fake-store.js';
import { fileOf, hashOf, Harness, MemoryJournal } from '../harness.js';
import type { MemoryFileStore } from '../harness.js';

const PART = MIN_PART_SIZE;
const NAME = 'a.bin';

/**
 * Starts an upload in one tab. The store holds the parts after the first ones halfway.
 * @param storedCount number of the parts that are stored
 * @returns a function that releases the held parts
 */
async function startIn(harness: Harness, file: File, storedCount = 3): Promise<() => void> {
  for (let part = 1; part <= storedCount; part++) harness.store.next(`part ${part}`, (_request, proceed) => proceed());
  const release = harness.store.hold('part');
  await harness.uploader.add([file]);
  await harness.until(
    () => harness.uploadOf(NAME).parts.done === storedCount && harness.store.count('part') > storedCount,
  );
  return release;
}

/** Adds the file in another tab too, and waits until that tab shows the same progress. */
async function follow(first: Harness, file: File, options = {}): Promise<Harness> {
  const second = first.otherTab(options);
  await second.uploader.add([file]);
  await second.until(() => second.uploadOf(NAME).waitingFor === 'tab' && second.uploadOf(NAME).parts.done > 0);
  return second;
}

async function expectStored(harness: Harness, file: File): Promise<void> {
  expect(await hashOf(harness.store.objects.get(`files/${NAME}`)?.body)).to.equal(await hashOf(file));
  expect(harness.store.uploads, 'unfinished multipart uploads').to.be.empty;
}

/** Returns the numbers of stored parts that were sent again. */
function partsSentTwice(harness: Harness, storedCount: number): number[] {
  return harness.store.sentParts.filter(
    (partNumber, index, all) => partNumber <= storedCount && all.indexOf(partNumber) < index,
  );
}

const resultOf = ({ status, key, uploadId, etag, location, loaded, receipt }: UploadSnapshot) => ({
  status,
  key,
  uploadId,
  etag,
  location,
  loaded,
  receipt,
});

describe('the same file in two tabs', () => {
  it('is one upload: the second shows the progress of the first, and is complete with it', async () => {
    const file = fileOf(5 * PART);
    const first = new Harness();
    first.signer.hasTracker = true;
    const release = await startIn(first, file);
    const second = await follow(first, file);
    await second.until(() => second.uploadOf(NAME).loaded > 3 * PART);
    const snapshot = second.uploadOf(NAME);
    expect(snapshot).to.include({ status: 'waiting', waitingFor: 'tab', loaded: first.uploadOf(NAME).loaded });
    expect(snapshot.parts).to.deep.equal({ total: 5, done: 3, size: PART });
    await second.clock.advance(1_000);
    release();
    await first.finished();
    await second.finished();
    expect(resultOf(second.uploadOf(NAME))).to.deep.equal(resultOf(first.uploadOf(NAME)));
    expect(second.uploadOf(NAME)).to.include({ status: 'complete', etag: 'whole-5', ratio: 1 });
    expect(second.detailsOf('mule-complete')[0]).to.include({ key: `files/${NAME}`, etag: 'whole-5', size: 5 * PART });
    expect(second.statuses(NAME)).to.deep.equal(['starting', 'waiting', 'complete']);
    const loaded = second.detailsOf('mule-progress').map((detail) => detail.loaded);
    expect(loaded).to.have.length.above(1);
    expect(loaded).to.deep.equal([...loaded].sort((a, b) => a - b));
    expect(first.store.count('part'), 'each part is sent once').to.equal(5);
    expect(first.store.count('create')).to.equal(1);
    await expectStored(first, file);
  });

  it('is one upload even if it is sent in one request that takes more than a second', async () => {
    const file = fileOf(1_000);
    const first = new Harness();
    const release = first.store.hold('put');
    await first.uploader.add([file]);
    await first.until(() => first.store.count('put') === 1);
    await first.clock.advance(1_000);
    const second = first.otherTab();
    await second.uploader.add([file]);
    await second.until(() => second.uploadOf(NAME).waitingFor === 'tab' && second.uploadOf(NAME).loaded > 0);
    release();
    await first.finished();
    await second.finished();
    expect(resultOf(second.uploadOf(NAME))).to.deep.equal(resultOf(first.uploadOf(NAME)));
    expect(first.store.objects.size).to.equal(1);
  });

  it('takes a lock for a file that is sent in parts, and none for a small file that is sent within a second', async () => {
    const names: string[] = [];
    const tabLock: TabLock = {
      ...webLocks,
      tryAcquire: (name) => {
        names.push(name);
        return webLocks.tryAcquire(name);
      },
    };
    const tab = new Harness({}, { tabLock });
    await tab.uploader.add([fileOf(1_000, 'small.bin'), fileOf(1_000, 'other.bin')]);
    // the fake clock stands still
    while (!tab.uploader.uploads.every(({ status }) => status === 'complete')) await tab.settle();
    await tab.clock.advance(5_000);
    const fileLocks = (): string[] => names.filter((name) => name.includes('.bin'));
    expect(fileLocks()).to.be.empty;
    await tab.uploader.add([fileOf(3 * PART, 'large.bin')]);
    await tab.finished();
    expect(fileLocks()).to.have.length(1);
  });

  for (const options of [{}, { recover: 'off' }] as const) {
    const titleEnd = options.recover ? ', and the journal is not used' : '';
    it(`continues in the second where the first stopped, once the first has closed${titleEnd}`, async () => {
      const file = fileOf(5 * PART);
      const first = new Harness(options);
      const release = await startIn(first, file);
      const second = await follow(first, file, options);
      const { loaded } = second.uploadOf(NAME);
      first.uploader.dispose();
      release();
      await second.finished();
      expect(second.uploadOf(NAME)).to.include({ status: 'complete', waitingFor: null });
      expect(partsSentTwice(first, 3), 'stored parts that were sent again').to.be.empty;
      expect(first.store.count('create')).to.equal(1);
      expect(Math.min(...second.detailsOf('mule-progress').map((detail) => detail.loaded))).to.be.at.least(loaded);
      await expectStored(first, file);
    });
  }

  it('is taken over by another tab each time that its tab closes', async () => {
    const file = fileOf(5 * PART);
    const first = new Harness();
    const release = await startIn(first, file);
    const second = await follow(first, file);
    const third = await follow(first, file);
    first.uploader.dispose();
    await second.until(() => second.uploadOf(NAME).status === 'uploading');
    await third.until(() => third.uploadOf(NAME).waitingFor === 'tab');
    second.uploader.dispose();
    release();
    await third.finished();
    expect(third.uploadOf(NAME).status).to.equal('complete');
    expect(partsSentTwice(first, 3)).to.be.empty;
    await expectStored(first, file);
  });

  it('is shown by a third tab although the second is slow to read its journal when it takes over', async () => {
    const file = fileOf(5 * PART);
    const first = new Harness();
    const release = await startIn(first, file);
    const second = await follow(first, file);
    const third = await follow(first, file);
    const load = first.journal.load.bind(first.journal);
    let isLoading = false;
    let proceed!: () => void;
    const mayLoad = new Promise<void>((resolve) => (proceed = resolve));
    first.journal.load = async (scope) => {
      isLoading = true;
      await mayLoad;
      return load(scope);
    };
    first.uploader.dispose();
    await second.until(() => isLoading);
    await third.settle();
    proceed();
    await second.until(() => second.uploadOf(NAME).status === 'uploading');
    release();
    await second.finished();
    await third.finished();
    expect(third.statuses(NAME), 'the third tab has not sent it').to.deep.equal(['starting', 'waiting', 'complete']);
    expect(first.store.count('create')).to.equal(1);
    await expectStored(first, file);
  });

  it('is sent by the second tab while the first is paused, and the first then shows the progress of the second', async () => {
    const file = fileOf(5 * PART);
    const first = new Harness();
    const release = await startIn(first, file);
    const second = await follow(first, file);
    first.uploader.pause();
    await second.until(() => second.uploadOf(NAME).status === 'uploading');
    await first.uploader.resume();
    await first.until(() => first.uploadOf(NAME).waitingFor === 'tab');
    release();
    await first.finished();
    await second.finished();
    expect(resultOf(first.uploadOf(NAME))).to.deep.equal(resultOf(second.uploadOf(NAME)));
    expect(first.uploadOf(NAME).status).to.equal('complete');
    expect(partsSentTwice(first, 3)).to.be.empty;
    await expectStored(first, file);
  });

  it('is continued by the first with signatures of its own if the second has begun another multipart upload', async () => {
    const file = fileOf(5 * PART);
    const first = new Harness();
    await startIn(first, file);
    first.uploader.pause();
    first.store.uploads.clear();
    const second = first.otherTab();
    const release = await startIn(second, file, 2);
    const { uploadId } = second.uploadOf(NAME);
    second.uploader.pause();
    await first.uploader.resume();
    await first.until(() => first.uploadOf(NAME).status === 'uploading');
    release();
    await first.finished();
    expect(first.uploadOf(NAME)).to.include({ status: 'complete', uploadId });
    expect(first.store.count('create')).to.equal(2);
    await expectStored(first, file);
  });

  it('leaves neither a record nor a stored file behind if the second had stored its own before it took over', async () => {
    const file = fileOf(5 * PART);
    const first = new Harness();
    const release = await startIn(first, file);
    const second = first.otherTab({ concurrency: 1 });
    await second.uploader.add([fileOf(2 * PART, 'other.bin')]);
    await second.until(() => second.uploadOf('other.bin').status === 'uploading');
    await second.uploader.add([
      { file, handle: { kind: 'file', name: NAME, getFile: async () => file } as FileHandle },
    ]);
    const { kept } = second.fileStore as MemoryFileStore;
    await second.until(() => kept.has(second.uploadOf(NAME).id));
    second.uploader.abort(second.uploadOf('other.bin').id);
    await second.until(() => second.uploadOf(NAME).waitingFor === 'tab');
    first.uploader.dispose();
    await second.until(() => second.uploadOf(NAME).status === 'uploading');
    release();
    await second.finished();
    await second.settle();
    expect((second.journal as MemoryJournal).records, 'records').to.be.empty;
    expect(kept, 'stored files').to.be.empty;
    await expectStored(first, file);
  });

  it('is complete in the first tab without another request if the second completed it while the first was paused', async () => {
    const file = fileOf(5 * PART);
    const first = new Harness();
    const release = await startIn(first, file);
    const second = await follow(first, file);
    first.uploader.pause();
    release();
    await second.finished();
    const sent = first.store.count('part');
    await first.uploader.resume();
    await first.finished();
    expect(first.uploadOf(NAME)).to.include({ status: 'complete', etag: 'whole-5', key: `files/${NAME}` });
    expect(first.store.count('part')).to.equal(sent);
    await expectStored(first, file);
  });

  it('is not sent again if the message that it is complete does not arrive', async () => {
    const file = fileOf(5 * PART);
    // loses the message that the upload is complete
    const lossyChannel: TabChannel = {
      open: (onMessage) =>
        broadcast.open((message) => {
          if ((message as { news?: { status: string } }).news?.status !== 'complete') onMessage(message);
        }),
    };
    const first = new Harness({}, { tabChannel: lossyChannel });
    const release = await startIn(first, file);
    const second = await follow(first, file);
    release();
    await first.finished();
    await second.finished();
    expect(second.uploadOf(NAME)).to.include({ status: 'complete', etag: 'whole-5', key: `files/${NAME}` });
    expect(first.store.count('part')).to.equal(5);
    expect(first.store.count('create')).to.equal(1);
  });

  it('is complete in the second if the first closed before the response to Complete arrived', async () => {
    const file = fileOf(5 * PART);
    const first = new Harness();
    const release = await startIn(first, file);
    const second = await follow(first, file);
    first.store.next('complete', async (request, proceed) => {
      await loseResponse(request, proceed).catch(() => {});
      first.uploader.dispose();
      throw new DOMException('gone', 'AbortError');
    });
    release();
    await second.finished();
    expect(second.uploadOf(NAME)).to.include({ status: 'complete', key: `files/${NAME}` });
    expect(first.store.count('part')).to.equal(5);
    await expectStored(first, file);
  });

  it('is aborted in both if the tab that sends it aborts it', async () => {
    const file = fileOf(5 * PART);
    const first = new Harness();
    await startIn(first, file);
    const second = await follow(first, file);
    first.uploader.abort();
    await second.finished();
    expect(second.uploadOf(NAME).status).to.equal('aborted');
    expect(second.detailsOf('mule-abort')).to.have.length(1);
    await first.until(() => first.store.uploads.size === 0);
    await first.settle();
    expect(first.store.count('create')).to.equal(1);
  });

  it('continues in the tab that sends it if another one aborts it', async () => {
    const file = fileOf(5 * PART);
    const first = new Harness();
    const release = await startIn(first, file);
    const second = await follow(first, file);
    second.uploader.abort();
    expect(second.uploadOf(NAME).status).to.equal('aborted');
    await second.settle();
    release();
    await first.finished();
    expect(first.uploadOf(NAME).status).to.equal('complete');
    expect(first.store.count('abort')).to.equal(0);
    expect(first.store.count('create')).to.equal(1);
    await expectStored(first, file);
  });

  it('continues in the second if the first aborts it after a pause', async () => {
    const file = fileOf(5 * PART);
    const first = new Harness();
    const release = await startIn(first, file);
    const second = await follow(first, file);
    first.uploader.pause();
    await second.until(() => second.uploadOf(NAME).status === 'uploading');
    first.uploader.abort();
    await first.settle();
    release();
    await second.finished();
    expect(second.uploadOf(NAME).status).to.equal('complete');
    expect(first.store.count('abort')).to.equal(0);
    await expectStored(first, file);
  });

  it('is two uploads if it has two destinations', async () => {
    const file = fileOf(2 * PART);
    const first = new Harness({ scope: 'here', objectKey: 'here.bin' });
    const second = first.otherTab({ scope: 'there', objectKey: 'there.bin' });
    const release = first.store.hold('part');
    await first.uploader.add([file]);
    await first.until(() => first.store.count('part') > 0);
    await second.uploader.add([file]);
    await second.until(() => second.uploadOf(NAME).status === 'uploading');
    release();
    await first.finished();
    await second.finished();
    expect([...first.store.objects.keys()].sort()).to.deep.equal(['here.bin', 'there.bin']);
    expect(first.store.count('part')).to.equal(4);
  });

  it('is two uploads if another user has signed in: neither user gets the result of the other', async () => {
    const file = fileOf(4 * PART);
    const first = new Harness({ scope: 'shared scope', signer: 'https://one.test/' });
    first.signer.principal = 'anna';
    const release = await startIn(first, file);
    first.signer.principal = 'bert';
    const second = first.otherTab({ scope: 'shared scope', signer: 'https://two.test/' });
    await second.upload(fileOf(10, 'of bert'));
    await second.uploader.add([file]);
    await second.until(() => second.uploadOf(NAME).waitingFor === 'tab');
    first.signer.principal = 'anna';
    release();
    await first.finished();
    first.signer.principal = 'bert';
    await second.finished();
    expect([first.uploadOf(NAME).status, second.uploadOf(NAME).status]).to.deep.equal(['complete', 'complete']);
    expect(second.statuses(NAME)).to.include('uploading');
    expect(first.store.count('create')).to.equal(2);
    for (const { uploader } of [first, second]) uploader.dispose();
  });

  it('is two uploads if another user has signed in, although it is sent in a single request', async () => {
    const file = fileOf(1_000);
    const first = new Harness({ scope: 'shared scope', signer: 'https://one.test/' });
    first.signer.principal = 'anna';
    const release = first.store.hold('put');
    await first.uploader.add([file]);
    await first.until(() => first.store.count('put') === 1);
    await first.clock.advance(1_000);
    first.signer.principal = 'bert';
    const second = first.otherTab({ scope: 'shared scope', signer: 'https://two.test/' });
    await second.uploader.add([fileOf(10, 'of bert')]);
    await second.until(() => first.store.count('put') === 2);
    await second.uploader.add([file]);
    await second.until(() => second.uploadOf(NAME).waitingFor === 'tab');
    release();
    await first.finished();
    await second.finished();
    expect(second.uploadOf(NAME).status).to.equal('complete');
    // the second began to send it before it found the lock taken, and sent it again after the first had ended
    expect(second.statuses(NAME).at(-1)).to.equal('complete');
    expect(first.store.count('put')).to.equal(4);
    for (const { uploader } of [first, second]) uploader.dispose();
  });

  it('is not resumed by another tab while it is paused after a failure and a retry', async () => {
    const first = new Harness({ maxRetries: 1 });
    first.store.always('part', refuse(500, 'InternalError'));
    const file = fileOf(3 * PART);
    await first.uploader.add([{ file, handle: { kind: 'file', name: NAME, getFile: async () => file } as FileHandle }]);
    await first.until(() => first.uploadOf(NAME).status === 'failed');
    first.uploader.retry();
    first.uploader.pause();
    await first.settle();
    const second = first.otherTab();
    await second.uploader.ready;
    await second.settle();
    expect(second.uploader.uploads).to.be.empty;
  });

  it('waits for the lock alone if the browser has no BroadcastChannel', async () => {
    const file = fileOf(4 * PART);
    const noChannel: TabChannel = { open: () => ({ post: () => {}, close: () => {} }) };
    const first = new Harness({}, { tabChannel: noChannel });
    const release = await startIn(first, file);
    const second = first.otherTab();
    await second.uploader.add([file]);
    await second.until(() => second.uploadOf(NAME).waitingFor === 'tab');
    first.uploader.dispose();
    release();
    await second.finished();
    expect(second.uploadOf(NAME).status).to.equal('complete');
    expect(partsSentTwice(first, 3)).to.be.empty;
  });

  it('is sent by both if the browser has no locks, and is stored correctly', async () => {
    const file = fileOf(4 * PART);
    const noLocks: TabLock = {
      tryAcquire: () => Promise.resolve(() => {}),
      acquire: () => Promise.resolve(() => {}),
      held: () => Promise.resolve(new Set()),
    };
    const first = new Harness({}, { tabLock: noLocks });
    const second = first.otherTab();
    await Promise.all([first.upload(file), second.upload(file)]);
    expect([first.uploadOf(NAME).status, second.uploadOf(NAME).status]).to.deep.equal(['complete', 'complete']);
    await expectStored(first, file);
  });
});

describe('a file that is paused in one tab and added in another', () => {
  /** Pauses an upload in one tab, and starts another multipart upload of its file in a tab that does not know the first. */
  async function startTwice(file: File): Promise<{ first: Harness; second: Harness; release: () => void }> {
    const first = new Harness();
    await startIn(first, file);
    first.uploader.pause();
    await first.settle();
    const second = new Harness({}, { journal: new MemoryJournal() }, first);
    const release = await startIn(second, file);
    expect(first.store.uploads).to.have.length(2);
    return { first, second, release };
  }

  /** Waits until a tab that waits for the other shows what that has reported. */
  const untilOtherIsShown = (first: Harness, second: Harness): Promise<void> =>
    first.until(() => {
      const { waitingFor, uploadId } = first.uploadOf(NAME);
      return waitingFor === 'tab' && uploadId === second.uploadOf(NAME).uploadId;
    });

  it('is continued by the other, which sends no stored part again', async () => {
    const file = fileOf(5 * PART);
    const first = new Harness();
    const release = await startIn(first, file);
    first.uploader.pause();
    await first.settle();
    release();
    const second = first.otherTab();
    await second.upload(file);
    await first.uploader.resume();
    await first.finished();
    expect(first.store.count('create')).to.equal(1);
    expect(partsSentTwice(first, 3)).to.be.empty;
    expect((first.journal as MemoryJournal).records).to.be.empty;
    await expectStored(first, file);
  });

  it('starts from the first byte if the other is aborting it', async () => {
    const file = fileOf(5 * PART);
    const first = new Harness();
    const release = await startIn(first, file);
    first.store.always('abort', () => new Promise(() => {}));
    first.uploader.abort();
    await first.until(() => first.store.count('abort') === 1);
    release();
    const second = first.otherTab();
    await second.upload(file);
    expect(second.uploadOf(NAME).status).to.equal('complete');
    expect(first.store.count('create')).to.equal(2);
    first.uploader.dispose();
  });

  for (const end of ['completes', 'aborts'] as const) {
    it(`leaves nothing of the first upload if the other has begun another one and ${end} it`, async () => {
      const { first, second, release } = await startTwice(fileOf(5 * PART));
      await first.uploader.resume();
      await untilOtherIsShown(first, second);
      if (end === 'aborts') second.uploader.abort();
      release();
      await first.finished();
      await first.until(() => first.store.uploads.size === 0);
      await first.settle();
      expect(first.uploadOf(NAME).status).to.equal(end === 'aborts' ? 'aborted' : 'complete');
      expect((first.journal as MemoryJournal).records).to.be.empty;
      await second.finished();
    });
  }

  it('leaves nothing of the first upload if that is aborted while the other sends another one', async () => {
    const file = fileOf(5 * PART);
    const { first, second, release } = await startTwice(file);
    await first.uploader.resume();
    await untilOtherIsShown(first, second);
    first.uploader.abort();
    await first.until(() => first.store.uploads.size === 1);
    await first.settle();
    expect((first.journal as MemoryJournal).records).to.be.empty;
    release();
    await second.finished();
    await expectStored(second, file);
  });

  it('leaves nothing of the first upload if that tab continues the other one', async () => {
    const file = fileOf(5 * PART);
    const { first, second, release } = await startTwice(file);
    const { uploadId } = second.uploadOf(NAME);
    // the browser has deleted the record
    (first.journal as MemoryJournal).records.clear();
    await first.uploader.resume();
    await untilOtherIsShown(first, second);
    second.uploader.dispose();
    release();
    await first.finished();
    expect(first.uploadOf(NAME)).to.include({ status: 'complete', uploadId });
    await first.until(() => first.store.uploads.size === 0);
  });
});

describe('messages between tabs', () => {
  /** A channel that records message types, and counts the tabs that have joined. */
  function countingChannel(): { channel: TabChannel; posted: string[]; openCount(): number } {
    const posted: string[] = [];
    let openCount = 0;
    const channel: TabChannel = {
      open(onMessage) {
        const joined = broadcast.open(onMessage);
        openCount++;
        return {
          post(message) {
            posted.push((message as { type: string }).type);
            joined.post(message);
          },
          close() {
            openCount--;
            joined.close();
          },
        };
      },
    };
    return { channel, posted, openCount: () => openCount };
  }

  it('are not posted while no other tab has the upload, and the channel is closed at the end', async () => {
    const { channel, posted, openCount } = countingChannel();
    const harness = new Harness({}, { tabChannel: channel });
    await harness.upload(fileOf(4 * PART, 'a.bin'), fileOf(10, 'b.bin'));
    await harness.settle();
    expect(posted).to.be.empty;
    expect(openCount()).to.equal(0);
  });

  it('are posted every half second at most', async () => {
    const { channel, posted, openCount } = countingChannel();
    const file = fileOf(4 * PART);
    const first = new Harness({}, { tabChannel: channel });
    const release = await startIn(first, file, 1);
    const second = await follow(first, file);
    const before = posted.filter((type) => type === 'news').length;
    const { onProgress } = first.store.requests.at(-1)!.request;
    for (let step = 1; step <= 100; step++) {
      onProgress!(step * 1_000);
      await first.clock.advance(100);
    }
    const reports = posted.filter((type) => type === 'news').length - before;
    expect(reports).to.be.within(5, 20);
    release();
    await first.finished();
    await second.finished();
    await first.settle();
    expect(openCount()).to.equal(0);
  });
});

describe('a page that is frozen and resumed', () => {
  it('sends nothing while it is frozen; after that it acquires its lock again and lists the parts before it sends any', async () => {
    const file = fileOf(5 * PART);
    const harness = new Harness();
    const release = await startIn(harness, file);
    const heldLockCount = async (): Promise<number> => {
      const { held: locks = [] } = await navigator.locks.query();
      return locks.filter(({ name }) => name?.includes(harness.uploader.options.scope)).length;
    };
    expect(await heldLockCount()).to.equal(1);
    harness.environment.handlers!.hide();
    const { length } = harness.store.requests;
    expect(harness.store.requests.slice(4).every(({ request }) => request.signal.aborted || request.body === undefined))
      .to.be.true;
    release();
    await harness.settle();
    expect(await heldLockCount()).to.equal(0);
    expect(harness.store.requests).to.have.length(length);
    harness.environment.handlers!.show();
    await harness.finished();
    expect(harness.uploadOf(NAME).status).to.equal('complete');
    expect(harness.store.requests[length]?.operation).to.equal('list');
    expect(partsSentTwice(harness, 3)).to.be.empty;
    expect(harness.store.count('create')).to.equal(1);
    await expectStored(harness, file);
  });

  it('finds that another tab has taken over its upload', async () => {
    const file = fileOf(5 * PART);
    const first = new Harness();
    const release = await startIn(first, file);
    const second = await follow(first, file);
    first.environment.handlers!.hide();
    await second.until(() => second.uploadOf(NAME).status === 'uploading');
    first.environment.handlers!.show();
    await first.until(() => first.uploadOf(NAME).waitingFor === 'tab');
    release();
    await first.finished();
    await second.finished();
    expect(resultOf(first.uploadOf(NAME))).to.deep.equal(resultOf(second.uploadOf(NAME)));
    expect(partsSentTwice(first, 3)).to.be.empty;
    await expectStored(first, file);
  });

  it('finds that another tab has completed its upload, which it had sent itself or only shown', async () => {
    const file = fileOf(5 * PART);
    const first = new Harness();
    const release = await startIn(first, file);
    const [second, third] = [await follow(first, file), await follow(first, file)];
    first.environment.handlers!.hide();
    const followingTab = second.uploadOf(NAME).waitingFor === 'tab' ? second : third;
    followingTab.environment.handlers!.hide();
    const sendingTab = followingTab === second ? third : second;
    release();
    await sendingTab.finished();
    const sent = first.store.count('part');
    first.environment.handlers!.show();
    followingTab.environment.handlers!.show();
    await first.finished();
    await followingTab.finished();
    for (const harness of [first, followingTab])
      expect(harness.uploadOf(NAME)).to.include({ status: 'complete', etag: 'whole-5', key: `files/${NAME}` });
    expect(first.store.count('part')).to.equal(sent);
    expect(first.store.count('create')).to.equal(1);
  });

  it('can pause, abort or dispose of its upload while it is frozen', async () => {
    for (const act of ['pause', 'abort', 'dispose'] as const) {
      const harness = new Harness();
      await startIn(harness, fileOf(4 * PART), 1);
      const { handlers } = harness.environment;
      handlers!.hide();
      harness.uploader[act]();
      handlers!.show();
      await harness.settle();
      const status = { pause: 'paused', abort: 'aborted', dispose: 'uploading' }[act];
      expect(harness.uploadOf(NAME).status).to.equal(status);
    }
  });
});
