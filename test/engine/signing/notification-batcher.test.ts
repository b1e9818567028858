import { expect } from '@open-wc/testing';
import { SignerFault } from '../../../src/engine/api/errors.js';
import { NotificationBatcher } from '../../../src/engine/signing/notification-batcher.js';
import { areNotificationsBatched } from '../../../src/engine/signing/notifications.js';
import type { ChunkLoadedRequest, ChunksLoadedAnswer } from '../../../src/protocol.js';
import { FakeClock } from '../fake-clock.js';
import { deny, FakeSigner } from '../fake-signer.js';
import { fileOf, Harness } from '../harness.js';

const { signal } = new AbortController();
const notificationOf = (key: string): ChunkLoadedRequest => ({ key, upload_id: '', chunks: [], state: 'complete' });

function setUp() {
  const clock = new FakeClock();
  const signer = new FakeSigner(clock);
  const queue = { willStartMore: false, activeCount: Infinity };
  const batcher = new NotificationBatcher({ signer, clock }, queue);
  const batches = () => signer.bodies('chunks_loaded').map(({ uploads }) => uploads.map(({ key }) => key));
  return { clock, signer, queue, batcher, batches };
}

/** Creates a harness whose signer wants a notification of each file. */
function harnessWithTracker(options = {}): Harness {
  const harness = new Harness(options);
  harness.signer.hasTracker = true;
  return harness;
}

const createSmallFiles = (count: number): File[] =>
  Array.from({ length: count }, (_, index) => fileOf(10, `${index}.bin`));
const receiptsOf = (harness: Harness): string[] => harness.uploader.uploads.map(({ receipt }) => String(receipt));
const expectedReceipts = (count: number): string[] =>
  Array.from({ length: count }, (_, index) => `receipt of files/${index}.bin`);

describe('notifications of complete uploads', () => {
  it('are sent together if uploads end within a short time', async () => {
    const { clock, batcher, batches } = setUp();
    const answers = [batcher.send(notificationOf('a'), signal), batcher.send(notificationOf('b'), signal)];
    await clock.advance(20);
    answers.push(batcher.send(notificationOf('c'), signal));
    await clock.advance(29);
    expect(batches()).to.deep.equal([]);
    await clock.advance(1);
    expect(batches()).to.deep.equal([['a', 'b', 'c']]);
    expect(await Promise.all(answers)).to.deep.equal(['a', 'b', 'c'].map((key) => ({ receipt: `receipt of ${key}` })));
  });

  it('wait longer while more files are queued, and at most 50 ms once none is', async () => {
    const { clock, queue, batcher, batches } = setUp();
    queue.willStartMore = true;
    void batcher.send(notificationOf('a'), signal);
    void batcher.send(notificationOf('b'), signal);
    await clock.advance(2_999);
    expect(batches()).to.deep.equal([]);
    await clock.advance(1);
    expect(batches()).to.deep.equal([['a', 'b']]);
    void batcher.send(notificationOf('c'), signal);
    queue.willStartMore = false;
    void batcher.send(notificationOf('d'), signal);
    await clock.advance(50);
    expect(batches()[1]).to.deep.equal(['c', 'd']);
  });

  it('are sent at once if no other upload is unfinished, each as its own chunk_loaded call', async () => {
    const { queue, signer, batcher, batches } = setUp();
    queue.activeCount = 1;
    expect(await batcher.send(notificationOf('a'), signal)).to.deep.equal({ receipt: 'receipt of a' });
    expect(batches()).to.deep.equal([]);
    expect(signer.bodies('chunk_loaded')).to.deep.equal([notificationOf('a')]);
  });

  it('are sent at once when one of the uploads is stopped', async () => {
    const { batcher, batches } = setUp();
    const stop = new AbortController();
    const answers = [batcher.send(notificationOf('a'), signal), batcher.send(notificationOf('b'), stop.signal)];
    stop.abort();
    await Promise.all(answers);
    expect(batches()).to.deep.equal([['a', 'b']]);
  });

  it('are at most 100 in a call, and at most 50 after a 413', async () => {
    const { signer, clock, batcher, batches } = setUp();
    signer.next('chunks_loaded', deny(413, 'too-many'));
    const answers = Array.from({ length: 300 }, (_, index) => batcher.send(notificationOf(`${index}`), signal));
    await clock.advance(50);
    expect((await Promise.all(answers)).length).to.equal(300);
    expect(batches().map(({ length }) => length)).to.have.members([100, 100, 100, 50, 50]);
  });

  it('fail only for the upload that the signer refuses', async () => {
    const { signer, clock, batcher } = setUp();
    const refusal = { error: { code: 'not-stored', message: 'No object is stored under this key.' } };
    signer.next('chunks_loaded', () => ({ uploads: [{ receipt: 'r' }, refusal] }));
    const [good, bad] = [batcher.send(notificationOf('a'), signal), batcher.send(notificationOf('b'), signal)];
    const fault = bad.catch((error: unknown) => error);
    await clock.advance(50);
    expect(await good).to.deep.equal({ receipt: 'r' });
    expect(await fault)
      .to.be.instanceOf(SignerFault)
      .and.to.include({ status: 403, code: 'not-stored' });
  });

  it('fail if the answer does not have one result for each upload', async () => {
    for (const answer of [null, {}, { uploads: [{}] }, { uploads: [{}, {}, {}] }]) {
      const { signer, clock, batcher } = setUp();
      signer.next('chunks_loaded', () => answer as ChunksLoadedAnswer);
      const codes = ['a', 'b'].map((key) =>
        batcher.send(notificationOf(key), signal).catch((error: { code: string }) => error.code),
      );
      await clock.advance(50);
      expect(await Promise.all(codes)).to.deep.equal(['invalid-response', 'invalid-response']);
    }
  });

  it('are batched if the signer offers it, unless the page gives chunk_loaded another URL or turns batches off', () => {
    const actions = ['chunk_loaded', 'chunks_loaded'] as const;
    expect(areNotificationsBatched(actions, {})).to.be.true;
    expect(areNotificationsBatched(['chunk_loaded'], {})).to.be.false;
    expect(areNotificationsBatched(actions, { urls: { chunks_loaded: '' } })).to.be.false;
    expect(areNotificationsBatched(actions, { urls: { chunk_loaded: '/own' } })).to.be.false;
    expect(areNotificationsBatched(actions, { urls: { chunk_loaded: '/own', chunks_loaded: '/both' } })).to.be.true;
    expect(areNotificationsBatched(actions, { urls: { chunk_loaded: '/own' }, sign: () => null })).to.be.true;
  });
});

describe('many small files with receipts', () => {
  it('need few notifications', async () => {
    const harness = harnessWithTracker();
    await harness.upload(...createSmallFiles(300));
    expect(receiptsOf(harness)).to.deep.equal(expectedReceipts(300));
    expect(harness.signer.count('chunks_loaded') + harness.signer.count('chunk_loaded')).to.be.at.most(8);
  });

  it('are complete only after their own result, and do not delay the other files', async () => {
    const harness = harnessWithTracker();
    let release = (): void => {};
    const released = new Promise<void>((resolve) => (release = resolve));
    harness.signer.always('chunks_loaded', async (proceed) => {
      await released;
      return proceed();
    });
    await harness.uploader.add(createSmallFiles(60));
    await harness.until(() => harness.store.count('put') === 60);
    await harness.settle();
    expect(harness.uploader.uploads.filter(({ status }) => status === 'complete')).to.deep.equal([]);
    release();
    await harness.finished();
    expect(receiptsOf(harness)).to.deep.equal(expectedReceipts(60));
  });

  it('each get one notification from a signer that does not offer batches', async () => {
    const harness = harnessWithTracker();
    harness.signer.actions = harness.signer.actions.filter((action) => action !== 'chunks_loaded');
    await harness.upload(...createSmallFiles(30));
    expect(receiptsOf(harness)).to.deep.equal(expectedReceipts(30));
    expect(harness.signer.count('chunk_loaded')).to.equal(30);
    expect(harness.signer.count('chunks_loaded')).to.equal(0);
  });

  it('repeat only the notification that was refused', async () => {
    const harness = harnessWithTracker();
    const refusal = { error: { code: 'not-stored', message: 'No object is stored under this key.' } };
    let hasRefused = false;
    harness.signer.always('chunks_loaded', (proceed) => {
      const { uploads } = proceed() as ChunksLoadedAnswer;
      if (hasRefused) return { uploads };
      hasRefused = true;
      return { uploads: [refusal, ...uploads.slice(1)] };
    });
    await harness.upload(...createSmallFiles(30));
    expect(receiptsOf(harness)).to.deep.equal(expectedReceipts(30));
    const notifications = [
      ...harness.signer.bodies('chunk_loaded'),
      ...harness.signer.bodies('chunks_loaded').flatMap(({ uploads }) => uploads),
    ];
    expect(notifications.length).to.equal(31);
  });

  it('are notified one by one if calls for several fail', async () => {
    for (const behaviour of [deny(500, null), deny(404, 'unknown-action'), deny(401, 'unauthorized')]) {
      const harness = harnessWithTracker();
      harness.signer.always('chunks_loaded', behaviour);
      await harness.upload(...createSmallFiles(12));
      expect(receiptsOf(harness)).to.deep.equal(expectedReceipts(12));
    }
  });

  it('are complete without a receipt if every notification fails', async () => {
    const harness = harnessWithTracker();
    for (const action of ['chunk_loaded', 'chunks_loaded'] as const) harness.signer.always(action, deny(500, null));
    await harness.upload(...createSmallFiles(12));
    expect(harness.uploader.uploads.every(({ status, receipt }) => status === 'complete' && receipt === null)).to.be
      .true;
  });
});
