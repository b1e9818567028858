import { expect } from '@open-wc/testing';
import { MIN_PART_SIZE } from '../../../src/limits.js';
import { deny } from '../fake-signer.js';
import { refuse } from '../fake-store.js';
import { fileOf, hashOf, MemoryJournal, Harness } from '../harness.js';

const PART = MIN_PART_SIZE;
const NAME = 'a.bin';

describe('pause', () => {
  it('stops all requests, keeps the stored parts, and resume() sends only the others', async () => {
    const harness = new Harness({ concurrency: 2 });
    const file = fileOf(6 * PART);
    await harness.interrupt(file, 3);
    const { length } = harness.store.requests;
    await harness.clock.advance(86_400_000);
    expect(harness.store.requests, 'requests while paused').to.have.length(length);
    expect(harness.uploadOf(NAME)).to.include({ status: 'paused' });
    expect(harness.uploadOf(NAME).parts.done).to.equal(3);
    await harness.uploader.resume();
    await harness.finished();
    expect(harness.store.sentParts.filter((number) => number <= 3)).to.have.length(3);
    expect(await hashOf(harness.store.objects.get(`files/${NAME}`)?.body)).to.equal(await hashOf(file));
    expect(harness.fired.map(({ type }) => type)).to.include.members(['mule-pause', 'mule-resume']);
    expect(harness.detailsOf('mule-start')).to.have.length(1);
  });

  it('works in any status, and resume() may follow at once', async () => {
    for (const status of ['queued', 'starting', 'uploading', 'finishing'] as const) {
      const harness = new Harness();
      const { uploader } = harness;
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
      await harness.finished();
      expect(harness.uploadOf(NAME).status, `paused while ${status}`).to.equal('complete');
      expect(await hashOf(harness.store.objects.get(`files/${NAME}`)?.body)).to.equal(await hashOf(file));
      expect(harness.store.count('create'), `created while ${status}`).to.equal(1);
    }
  });

  it('works for a file that is sent in one request', async () => {
    const harness = new Harness();
    const release = harness.store.hold('put');
    await harness.uploader.add([fileOf(10)]);
    await harness.until(() => harness.store.count('put') === 1);
    harness.uploader.pause();
    await harness.settle();
    release();
    await harness.uploader.resume();
    await harness.finished();
    expect(harness.uploadOf(NAME)).to.include({ status: 'complete', loaded: 10 });
    expect(harness.store.count('put')).to.equal(2);
  });
});

describe('abort', () => {
  it('also aborts the multipart upload on the store, and deletes the journal record', async () => {
    const journal = new MemoryJournal();
    const harness = new Harness({}, { journal });
    await harness.interrupt(fileOf(4 * PART), 2);
    harness.uploader.abort();
    expect(harness.uploadOf(NAME).status).to.equal('aborted');
    await harness.until(() => journal.records.size === 0);
    expect(harness.store.uploads).to.be.empty;
    expect(harness.detailsOf('mule-abort')).to.have.length(1);
  });

  it('leaves no object and no multipart upload, even while the multipart upload is being created', async () => {
    for (const operation of ['create', 'part', 'complete'] as const) {
      const harness = new Harness();
      const release = harness.store.hold(operation);
      await harness.uploader.add([fileOf(3 * PART)]);
      await harness.until(() => harness.store.count(operation) > 0);
      harness.uploader.abort();
      await harness.settle();
      release();
      await harness.until(
        () => harness.store.count('abort') > 0 && harness.store.uploads.size === 0,
        `an abort in ${operation}`,
      );
      await harness.finished();
      expect(harness.store.objects).to.be.empty;
    }
  });

  it('reaches the store when that is reachable again', async () => {
    const harness = new Harness();
    await harness.interrupt(fileOf(4 * PART), 2);
    harness.store.isUp = false;
    harness.uploader.abort();
    await harness.clock.advance(3_600_000);
    expect(harness.store.uploads).to.have.property('size', 1);
    harness.store.isUp = true;
    await harness.until(() => harness.store.uploads.size === 0);
  });

  it('reaches the store in the next page load if the page was closed first', async () => {
    const harness = new Harness();
    await harness.interrupt(fileOf(4 * PART), 2);
    harness.store.isUp = false;
    harness.uploader.abort();
    await harness.until(() => harness.store.count('abort') > 0);
    const next = harness.reload();
    next.store.isUp = true;
    await next.uploader.ready;
    expect(next.uploader.uploads, 'the aborted upload is not listed').to.be.empty;
    await next.until(() => next.store.uploads.size === 0 && (next.journal as MemoryJournal).records.size === 0);
  });

  it('waits for the user to sign in again, and then reaches the store', async () => {
    const harness = new Harness();
    await harness.interrupt(fileOf(4 * PART), 2);
    await harness.clock.advance(3_600_000);
    harness.signer.always('get_delete_signature', deny(401, null));
    harness.uploader.abort();
    await harness.until(() => harness.signer.count('get_delete_signature') > 0);
    await harness.settle();
    harness.signer.always('get_delete_signature', null);
    harness.uploader.configure({ headers: { Authorization: 'Bearer new' } });
    await harness.until(() => harness.store.uploads.size === 0);
  });

  it('aborts again if a part was stored after the first abort', async () => {
    const harness = new Harness();
    await harness.interrupt(fileOf(4 * PART), 2);
    const [[id, upload]] = [...harness.store.uploads] as [[string, { key: string; parts: Map<number, never> }]];
    harness.store.next('abort', async (_request, proceed) => {
      const response = await proceed();
      harness.store.uploads.set(id, upload);
      return response;
    });
    harness.uploader.abort();
    await harness.until(() => harness.store.count('abort') === 2 && harness.store.uploads.size === 0);
  });

  it('sends no request if no multipart upload was created', async () => {
    const harness = new Harness({ autostart: false });
    await harness.uploader.add([fileOf(4 * PART)]);
    harness.uploader.abort();
    await harness.finished();
    expect([harness.signer.calls.length, harness.store.requests.length]).to.deep.equal([0, 0]);
  });
});

describe('signatures during an upload', () => {
  it('are requested in windows of 100, before they are needed; the first window includes all other requests', async () => {
    const harness = new Harness();
    await harness.upload(fileOf(150 * PART));
    expect(harness.uploadOf(NAME).status).to.equal('complete');
    const windows = harness.signer.bodies('get_all_signatures').map(({ chunks }) => chunks);
    expect(windows.map(({ length }) => length)).to.deep.equal([100, 50]);
    expect(new Set(windows.flat())).to.have.property('size', 150);
    expect(new Set(harness.signer.calls.map(({ action }) => action))).to.deep.equal(
      new Set(['get_init_signature', 'get_all_signatures', 'chunk_loaded']),
    );
  });

  it('are requested one at a time if the signer has no get_all_signatures', async () => {
    const harness = new Harness();
    harness.signer.actions = [];
    await harness.upload(fileOf(4 * PART));
    expect(harness.uploadOf(NAME).status).to.equal('complete');
    expect(harness.signer.count('get_chunk_signature')).to.equal(4);
    expect(harness.signer.count('get_all_signatures')).to.equal(0);
    expect(harness.signer.bodies('get_chunk_signature')[0]).to.include({ chunk: 1, size: PART, upload_id: 'upload-1' });
  });

  it('are requested again if they expired during a long wait', async () => {
    const harness = new Harness({ concurrency: 1 });
    harness.store.next('part 2', refuse(503, 'SlowDown', { 'Retry-After': '3600' }));
    await harness.upload(fileOf(3 * PART));
    expect(harness.uploadOf(NAME).status).to.equal('complete');
    const reasons = harness.detailsOf('mule-retry').map(({ reason }) => reason);
    expect(reasons.filter((reason) => reason.includes('403'))).to.be.empty;
  });

  it('are requested again after the device slept', async () => {
    const harness = new Harness();
    await harness.interrupt(fileOf(4 * PART), 2);
    harness.clock.sleepFor(8 * 3_600_000);
    await harness.uploader.resume();
    await harness.finished();
    expect(harness.uploadOf(NAME).status).to.equal('complete');
    expect(harness.detailsOf('mule-retry')).to.be.empty;
  });
});
