import { expect } from '@open-wc/testing';
import { MIN_PART_SIZE } from '../../../src/limits.js';
import { deny } from '../fake-signer.js';
import { refuse } from '../fake-store.js';
import { fileOf, hashOf, MemoryJournal, Stand } from '../harness.js';

const PART = MIN_PART_SIZE;
const NAME = 'a.bin';

describe('pause', () => {
  it('sends nothing more, keeps the stored parts, and goes on from there', async () => {
    const stand = new Stand({ concurrency: 2 });
    const file = fileOf(6 * PART);
    await stand.interrupt(file, 3);
    const { length } = stand.store.seen;
    await stand.clock.advance(86_400_000);
    expect(stand.store.seen, 'requests while paused').to.have.length(length);
    expect(stand.of(NAME)).to.include({ status: 'paused' });
    expect(stand.of(NAME).parts.done).to.equal(3);
    await stand.uploader.resume();
    await stand.finished();
    expect(stand.store.sentParts.filter((number) => number <= 3)).to.have.length(3);
    expect(await hashOf(stand.store.objects.get(`files/${NAME}`)?.body)).to.equal(await hashOf(file));
    expect(stand.told.map(({ type }) => type)).to.include.members(['mule-pause', 'mule-resume']);
    expect(stand.all('mule-start')).to.have.length(1);
  });

  it('can come at any moment, and be taken back at once', async () => {
    for (const status of ['queued', 'starting', 'uploading', 'finishing'] as const) {
      const stand = new Stand();
      const { uploader } = stand;
      let pauses = 0;
      uploader.addEventListener('mule-status', ({ detail: { upload } }) => {
        if (upload.status !== status || pauses++) return;
        queueMicrotask(() => {
          uploader.pause();
          void uploader.resume();
        });
      });
      const file = fileOf(3 * PART);
      await uploader.add([file]);
      if (status === 'queued') {
        uploader.pause();
        await uploader.resume();
      }
      await stand.finished();
      expect(stand.of(NAME).status, `paused while ${status}`).to.equal('complete');
      expect(await hashOf(stand.store.objects.get(`files/${NAME}`)?.body)).to.equal(await hashOf(file));
      expect(stand.store.count('create'), `created while ${status}`).to.equal(1);
    }
  });

  it('goes on with a whole file, too', async () => {
    const stand = new Stand();
    const release = stand.store.hold('put');
    await stand.uploader.add([fileOf(10)]);
    await stand.until(() => stand.store.count('put') === 1);
    stand.uploader.pause();
    await stand.settle();
    release();
    await stand.uploader.resume();
    await stand.finished();
    expect(stand.of(NAME)).to.include({ status: 'complete', loaded: 10 });
    expect(stand.store.count('put')).to.equal(2);
  });
});

describe('abort', () => {
  it('aborts on the store as well, and forgets', async () => {
    const journal = new MemoryJournal();
    const stand = new Stand({}, { journal });
    await stand.interrupt(fileOf(4 * PART), 2);
    stand.uploader.abort();
    expect(stand.of(NAME).status).to.equal('aborted');
    await stand.until(() => journal.records.size === 0);
    expect(stand.store.uploads).to.be.empty;
    expect(stand.all('mule-abort')).to.have.length(1);
  });

  it('in mid-flight leaves nothing behind, also no multipart upload that was just being created', async () => {
    for (const operation of ['create', 'part', 'complete'] as const) {
      const stand = new Stand();
      const release = stand.store.hold(operation);
      await stand.uploader.add([fileOf(3 * PART)]);
      await stand.until(() => stand.store.count(operation) > 0);
      stand.uploader.abort();
      await stand.settle();
      release();
      await stand.until(
        () => stand.store.count('abort') > 0 && stand.store.uploads.size === 0,
        `an abort in ${operation}`,
      );
      await stand.finished();
      expect(stand.store.objects).to.be.empty;
    }
  });

  it('reaches the store once it is back', async () => {
    const stand = new Stand();
    await stand.interrupt(fileOf(4 * PART), 2);
    stand.store.isUp = false;
    stand.uploader.abort();
    await stand.clock.advance(3_600_000);
    expect(stand.store.uploads).to.have.property('size', 1);
    stand.store.isUp = true;
    await stand.until(() => stand.store.uploads.size === 0);
  });

  it('reaches the store in the next visit where the page went first', async () => {
    const stand = new Stand();
    await stand.interrupt(fileOf(4 * PART), 2);
    stand.store.isUp = false;
    stand.uploader.abort();
    await stand.until(() => stand.store.count('abort') > 0);
    const next = stand.reload();
    next.store.isUp = true;
    await next.uploader.ready;
    expect(next.uploader.uploads, 'it is not offered again').to.be.empty;
    await next.until(() => next.store.uploads.size === 0 && (next.journal as MemoryJournal).records.size === 0);
  });

  it('waits for the user to sign in again, and then reaches the store', async () => {
    const stand = new Stand();
    await stand.interrupt(fileOf(4 * PART), 2);
    await stand.clock.advance(3_600_000);
    stand.signer.always('get_delete_signature', deny(401, null));
    stand.uploader.abort();
    await stand.until(() => stand.signer.count('get_delete_signature') > 0);
    await stand.settle();
    stand.signer.always('get_delete_signature', null);
    stand.uploader.configure({ headers: { Authorization: 'Bearer new' } });
    await stand.until(() => stand.store.uploads.size === 0);
  });

  it('aborts again when a part landed after the first abort', async () => {
    const stand = new Stand();
    await stand.interrupt(fileOf(4 * PART), 2);
    const [[id, upload]] = [...stand.store.uploads] as [[string, { key: string; parts: Map<number, never> }]];
    stand.store.next('abort', async (_request, proceed) => {
      const response = await proceed();
      stand.store.uploads.set(id, upload);
      return response;
    });
    stand.uploader.abort();
    await stand.until(() => stand.store.count('abort') === 2 && stand.store.uploads.size === 0);
  });

  it('asks nothing of a store where nothing was begun', async () => {
    const stand = new Stand({ autostart: false });
    await stand.uploader.add([fileOf(4 * PART)]);
    stand.uploader.abort();
    await stand.finished();
    expect([stand.signer.calls.length, stand.store.seen.length]).to.deep.equal([0, 0]);
  });
});

describe('signatures on the way', () => {
  it('come in windows of 100, ahead of need, the first one with all else', async () => {
    const stand = new Stand();
    await stand.upload(fileOf(150 * PART));
    expect(stand.of(NAME).status).to.equal('complete');
    const windows = stand.signer.bodies('get_all_signatures').map(({ chunks }) => chunks);
    expect(windows.map(({ length }) => length)).to.deep.equal([100, 50]);
    expect(new Set(windows.flat())).to.have.property('size', 150);
    expect(new Set(stand.signer.calls.map(({ action }) => action))).to.deep.equal(
      new Set(['get_init_signature', 'get_all_signatures', 'chunk_loaded']),
    );
  });

  it('come singly where the signer lacks get_all_signatures', async () => {
    const stand = new Stand();
    stand.signer.actions = [];
    await stand.upload(fileOf(4 * PART));
    expect(stand.of(NAME).status).to.equal('complete');
    expect(stand.signer.count('get_chunk_signature')).to.equal(4);
    expect(stand.signer.count('get_all_signatures')).to.equal(0);
    expect(stand.signer.bodies('get_chunk_signature')[0]).to.include({ chunk: 1, size: PART, upload_id: 'upload-1' });
  });

  it('are asked for again rather than used when a long wait has aged them', async () => {
    const stand = new Stand({ concurrency: 1 });
    stand.store.next('part 2', refuse(503, 'SlowDown', { 'Retry-After': '3600' }));
    await stand.upload(fileOf(3 * PART));
    expect(stand.of(NAME).status).to.equal('complete');
    const reasons = stand.all('mule-retry').map(({ reason }) => reason);
    expect(reasons.filter((reason) => reason.includes('403'))).to.be.empty;
  });

  it('are asked for again after the machine slept', async () => {
    const stand = new Stand();
    await stand.interrupt(fileOf(4 * PART), 2);
    stand.clock.sleepFor(8 * 3_600_000);
    await stand.uploader.resume();
    await stand.finished();
    expect(stand.of(NAME).status).to.equal('complete');
    expect(stand.all('mule-retry')).to.be.empty;
  });
});
