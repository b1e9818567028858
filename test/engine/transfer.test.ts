import { expect } from '@open-wc/testing';
import { MIN_PART_SIZE } from '../../src/limits.js';
import { deny } from './fake-signer.js';
import { refuse } from './fake-store.js';
import { fileOf, hashOf, MemoryJournal, Stand } from './stand.js';

const PART = MIN_PART_SIZE;
const NAME = 'a.bin';

/** Adds a file and runs until so many of its parts are stored; nothing else is in flight then. */
async function begin(stand: Stand, file: File, parts: number): Promise<void> {
  let release = (): void => {};
  for (let part = 1; part <= parts; part++) {
    stand.store.next(`part ${part}`, (_request, proceed) => proceed());
  }
  release = stand.store.hold('part');
  await stand.uploader.add([file]);
  await stand.until(() => stand.of(file.name).parts.done === parts && stand.store.count('part') > parts);
  stand.uploader.pause();
  release();
  await stand.settle();
}

describe('pause', () => {
  it('sends nothing more, keeps the stored parts, and goes on from there', async () => {
    const stand = new Stand({ concurrency: 2 });
    const file = fileOf(6 * PART);
    await begin(stand, file, 3);
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
    await begin(stand, fileOf(4 * PART), 2);
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
    await begin(stand, fileOf(4 * PART), 2);
    stand.store.isUp = false;
    stand.uploader.abort();
    await stand.clock.advance(3_600_000);
    expect(stand.store.uploads).to.have.property('size', 1);
    stand.store.isUp = true;
    await stand.until(() => stand.store.uploads.size === 0);
  });

  it('reaches the store in the next visit where the page went first', async () => {
    const stand = new Stand();
    await begin(stand, fileOf(4 * PART), 2);
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
    await begin(stand, fileOf(4 * PART), 2);
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
    await begin(stand, fileOf(4 * PART), 2);
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

describe('the next visit', () => {
  it('offers what is unfinished, and sends only the parts that the store does not have', async () => {
    const stand = new Stand({ concurrency: 2 });
    const file = fileOf(6 * PART);
    await begin(stand, file, 4);
    const { id } = stand.of(NAME);
    const next = stand.reload();
    await next.uploader.ready;
    expect(next.all('mule-recover')[0]!.uploads.map(({ name }) => name)).to.deep.equal([NAME]);
    expect(next.of(NAME)).to.include({
      id,
      status: 'needs-file',
      waitingFor: 'file',
      needsFile: true,
      recovered: true,
    });
    const sentBefore = next.store.count('part');
    await next.upload(file);
    expect(next.of(NAME)).to.include({ id, status: 'complete' });
    expect(next.store.sentParts.slice(sentBefore).sort()).to.deep.equal([5, 6]);
    expect(next.uploader.uploads, 'the same upload, not another').to.have.length(1);
    expect(await hashOf(next.store.objects.get(`files/${NAME}`)?.body)).to.equal(await hashOf(file));
  });

  it('knows the file by its content, though it was renamed', async () => {
    const stand = new Stand();
    const file = fileOf(3 * PART);
    await begin(stand, file, 1);
    const next = stand.reload();
    await next.upload(new File([file], 'renamed.bin', { lastModified: file.lastModified }));
    expect(next.uploader.uploads.map(({ name, status }) => [name, status])).to.deep.equal([[NAME, 'complete']]);
  });

  it('takes another file of the same name and size for another upload', async () => {
    const stand = new Stand();
    await begin(stand, fileOf(3 * PART), 1);
    const next = stand.reload();
    await next.uploader.ready;
    const other = fileOf(3 * PART);
    await next.uploader.resume(next.of(NAME).id, other).then(
      () => expect.fail('another file was taken for the one that was begun'),
      (error: { code: string }) => expect(error.code).to.equal('file-changed'),
    );
    expect(next.of(NAME).status).to.equal('needs-file');
  });

  it('goes on with resume(id, file)', async () => {
    const stand = new Stand();
    const file = fileOf(3 * PART);
    await begin(stand, file, 1);
    const next = stand.reload();
    await next.uploader.ready;
    await next.uploader.resume(next.of(NAME).id, file);
    await next.finished();
    expect(next.of(NAME).status).to.equal('complete');
  });

  it('begins afresh when the store has let the upload go', async () => {
    const stand = new Stand();
    const file = fileOf(3 * PART);
    await begin(stand, file, 2);
    stand.store.uploads.clear();
    const next = stand.reload();
    await next.upload(file);
    expect(next.of(NAME).status).to.equal('complete');
    expect(next.store.count('create')).to.equal(2);
  });

  it('finds the object when the page went before the answer to Complete came', async () => {
    const stand = new Stand();
    const file = fileOf(3 * PART);
    stand.store.next('complete', async ({ signal }, proceed) => {
      await proceed();
      return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));
    });
    await stand.uploader.add([file]);
    await stand.until(() => stand.store.objects.size === 1);
    const next = stand.reload();
    const sent = next.store.count('part');
    await next.upload(file);
    expect(next.of(NAME)).to.include({ status: 'complete', etag: 'whole-3' });
    expect(next.store.count('part')).to.equal(sent);
  });

  it('reads a list of many pages to its last, and sends again what has the wrong size', async () => {
    const stand = new Stand();
    const file = fileOf(12 * PART);
    await begin(stand, file, 9);
    stand.store.pageSize = 2;
    [...stand.store.uploads.values()][0]!.parts.set(5, { body: new Blob(['short']), etag: 'short' });
    const next = stand.reload();
    const sentBefore = next.store.count('part');
    await next.upload(file);
    expect(next.store.count('list')).to.be.at.least(5);
    expect(next.store.sentParts.slice(sentBefore).sort((a, b) => a - b)).to.deep.equal([5, 10, 11, 12]);
    expect(await hashOf(next.store.objects.get(`files/${NAME}`)?.body)).to.equal(await hashOf(file));
  });

  it('reads the page again that was cut short on its way', async () => {
    const stand = new Stand();
    const file = fileOf(4 * PART);
    await begin(stand, file, 2);
    const next = stand.reload();
    next.store.next('list', async (_request, proceed) => {
      const whole = await proceed();
      return { ...whole, text: whole.text.slice(0, -30) };
    });
    const sentBefore = next.store.count('part');
    await next.upload(file);
    expect(next.store.sentParts.slice(sentBefore).sort()).to.deep.equal([3, 4]);
  });

  it('does not end in a loop where a store pages wrongly', async () => {
    const stand = new Stand();
    const file = fileOf(4 * PART);
    await begin(stand, file, 3);
    const next = stand.reload();
    next.store.always('list', async (_request, proceed) => {
      const whole = await proceed();
      const again = '<IsTruncated>true</IsTruncated><NextPartNumberMarker>1</NextPartNumberMarker>';
      return { ...whole, text: whole.text.replace('<IsTruncated>false</IsTruncated>', again) };
    });
    await next.upload(file);
    expect(next.of(NAME).status).to.equal('complete');
  });

  it('forgets on sign-out', async () => {
    const journal = new MemoryJournal();
    const stand = new Stand({}, { journal });
    await begin(stand, fileOf(3 * PART), 1);
    const next = stand.reload();
    await next.uploader.ready;
    await next.uploader.forget();
    expect(next.uploader.uploads).to.be.empty;
    expect(journal.records).to.be.empty;
  });

  it('knows nothing where recover is off, nor in another scope', async () => {
    const stand = new Stand();
    await begin(stand, fileOf(3 * PART), 1);
    for (const options of [{ recover: 'off' }, { scope: 'another user' }] as const) {
      const next = stand.otherTab(options);
      await next.uploader.ready;
      expect(next.uploader.uploads).to.be.empty;
    }
  });
});

describe('an upload that the signer’s tracker knows', () => {
  const known = { upload_id: 'upload-9', key: `files/${NAME}`, part_size: PART };

  it('is gone on with, on whatever machine it was begun', async () => {
    const stand = new Stand();
    const file = fileOf(3 * PART);
    stand.store.uploads.set('upload-9', {
      key: known.key,
      parts: new Map([[2, { body: file.slice(PART, 2 * PART), etag: 'two' }]]),
    });
    stand.signer.known.set(NAME, known);
    await stand.upload(file);
    expect(stand.of(NAME)).to.include({ status: 'complete', recovered: true, uploadId: 'upload-9' });
    expect(stand.store.sentParts.sort()).to.deep.equal([1, 3]);
  });

  it('is begun afresh, by force, where the store does not know it', async () => {
    const stand = new Stand();
    stand.signer.known.set(NAME, known);
    await stand.upload(fileOf(3 * PART));
    expect(stand.of(NAME).status).to.equal('complete');
    expect(stand.signer.bodies('get_init_signature').at(-1)!.files[0]).to.include({ force: true });
  });
});

describe('one upload in two tabs', () => {
  it('is sent by one; the other waits, and takes over where that stopped', async () => {
    const stand = new Stand();
    const file = fileOf(4 * PART);
    const release = stand.store.hold('part');
    stand.store.next('part 1', (_request, proceed) => proceed());
    await stand.uploader.add([file]);
    await stand.until(() => stand.of(NAME).parts.done === 1);
    const other = stand.otherTab();
    await other.uploader.add([file]);
    await other.until(() => other.of(NAME).waitingFor === 'tab');
    expect(stand.store.count('create')).to.equal(1);
    stand.uploader.dispose();
    release();
    await other.finished();
    expect(other.of(NAME)).to.include({ status: 'complete', waitingFor: null });
    expect(stand.store.count('create')).to.equal(1);
    expect(stand.store.sentParts.filter((number) => number === 1)).to.have.length(1);
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
    await begin(stand, fileOf(4 * PART), 2);
    stand.clock.sleepFor(8 * 3_600_000);
    await stand.uploader.resume();
    await stand.finished();
    expect(stand.of(NAME).status).to.equal('complete');
    expect(stand.all('mule-retry')).to.be.empty;
  });
});
