import { expect } from '@open-wc/testing';
import { MIN_PART_SIZE } from '../../../src/limits.js';
import { fileOf, hashOf, MemoryJournal, Harness } from '../harness.js';

const PART = MIN_PART_SIZE;
const NAME = 'a.bin';

describe('the next page load', () => {
  it('lists unfinished uploads, and sends only the parts that the store does not have', async () => {
    const harness = new Harness({ concurrency: 2 });
    const file = fileOf(6 * PART);
    await harness.interrupt(file, 4);
    const { id } = harness.uploadOf(NAME);
    const next = harness.reload();
    await next.uploader.ready;
    expect(next.detailsOf('mule-recover')[0]!.uploads.map(({ name }) => name)).to.deep.equal([NAME]);
    expect(next.uploadOf(NAME)).to.include({
      id,
      status: 'needs-file',
      waitingFor: 'file',
      needsFile: true,
      recovered: true,
    });
    const sentBefore = next.store.count('part');
    await next.upload(file);
    expect(next.uploadOf(NAME)).to.include({ id, status: 'complete' });
    expect(next.store.sentParts.slice(sentBefore).sort()).to.deep.equal([5, 6]);
    expect(next.uploader.uploads, 'the recovered upload, and no second one').to.have.length(1);
    expect(await hashOf(next.store.objects.get(`files/${NAME}`)?.body)).to.equal(await hashOf(file));
  });

  it('recognises the file by its content, even if it was renamed', async () => {
    const harness = new Harness();
    const file = fileOf(3 * PART);
    await harness.interrupt(file, 1);
    const next = harness.reload();
    await next.upload(new File([file], 'renamed.bin', { lastModified: file.lastModified }));
    expect(next.uploader.uploads.map(({ name, status }) => [name, status])).to.deep.equal([[NAME, 'complete']]);
  });

  it('treats another file of the same name and size as another upload', async () => {
    const harness = new Harness();
    await harness.interrupt(fileOf(3 * PART), 1);
    const next = harness.reload();
    await next.uploader.ready;
    const other = fileOf(3 * PART);
    await next.uploader.resume(next.uploadOf(NAME).id, other).then(
      () => expect.fail('another file was accepted as the upload’s'),
      (error: { code: string }) => expect(error.code).to.equal('file-changed'),
    );
    expect(next.uploadOf(NAME).status).to.equal('needs-file');
  });

  it('resumes an upload by resume(id, file)', async () => {
    const harness = new Harness();
    const file = fileOf(3 * PART);
    await harness.interrupt(file, 1);
    const next = harness.reload();
    await next.uploader.ready;
    await next.uploader.resume(next.uploadOf(NAME).id, file);
    await next.finished();
    expect(next.uploadOf(NAME).status).to.equal('complete');
  });

  it('restarts an upload that the store no longer has', async () => {
    const harness = new Harness();
    const file = fileOf(3 * PART);
    await harness.interrupt(file, 2);
    harness.store.uploads.clear();
    const next = harness.reload();
    await next.upload(file);
    expect(next.uploadOf(NAME).status).to.equal('complete');
    expect(next.store.count('create')).to.equal(2);
  });

  it('finds the object if the page was closed before the response to Complete arrived', async () => {
    const harness = new Harness();
    const file = fileOf(3 * PART);
    harness.store.next('complete', async ({ signal }, proceed) => {
      await proceed();
      return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));
    });
    await harness.uploader.add([file]);
    const { records } = harness.journal as MemoryJournal;
    await harness.until(() => harness.store.objects.size === 1 && records.size === 1);
    const next = harness.reload();
    const sent = next.store.count('part');
    await next.upload(file);
    expect(next.uploadOf(NAME)).to.include({ status: 'complete', etag: 'whole-3' });
    expect(next.store.count('part')).to.equal(sent);
  });

  it('reads a list of many pages to its end, and sends parts of the wrong size again', async () => {
    const harness = new Harness();
    const file = fileOf(12 * PART);
    await harness.interrupt(file, 9);
    harness.store.pageSize = 2;
    [...harness.store.uploads.values()][0]!.parts.set(5, { body: new Blob(['short']), etag: 'short' });
    const next = harness.reload();
    const sentBefore = next.store.count('part');
    await next.upload(file);
    expect(next.store.count('list')).to.be.at.least(5);
    expect(next.store.sentParts.slice(sentBefore).sort((a, b) => a - b)).to.deep.equal([5, 10, 11, 12]);
    expect(await hashOf(next.store.objects.get(`files/${NAME}`)?.body)).to.equal(await hashOf(file));
  });

  it('requests a page of the list again if it was truncated', async () => {
    const harness = new Harness();
    const file = fileOf(4 * PART);
    await harness.interrupt(file, 2);
    const next = harness.reload();
    next.store.next('list', async (_request, proceed) => {
      const response = await proceed();
      return { ...response, text: response.text.slice(0, -30) };
    });
    const sentBefore = next.store.count('part');
    await next.upload(file);
    expect(next.store.sentParts.slice(sentBefore).sort()).to.deep.equal([3, 4]);
  });

  it('does not loop if a store returns wrong page markers', async () => {
    const harness = new Harness();
    const file = fileOf(4 * PART);
    await harness.interrupt(file, 3);
    const next = harness.reload();
    next.store.always('list', async (_request, proceed) => {
      const response = await proceed();
      const samePage = '<IsTruncated>true</IsTruncated><NextPartNumberMarker>1</NextPartNumberMarker>';
      return { ...response, text: response.text.replace('<IsTruncated>false</IsTruncated>', samePage) };
    });
    await next.upload(file);
    expect(next.uploadOf(NAME).status).to.equal('complete');
  });

  it('lists nothing after a sign-out', async () => {
    const journal = new MemoryJournal();
    const harness = new Harness({}, { journal });
    await harness.interrupt(fileOf(3 * PART), 1);
    const next = harness.reload();
    await next.uploader.ready;
    await next.uploader.forget();
    expect(next.uploader.uploads).to.be.empty;
    expect(journal.records).to.be.empty;
  });

  it('lists nothing with recover="off", or in another scope', async () => {
    const harness = new Harness();
    await harness.interrupt(fileOf(3 * PART), 1);
    for (const options of [{ recover: 'off' }, { scope: 'another user' }] as const) {
      const next = harness.otherTab(options);
      await next.uploader.ready;
      expect(next.uploader.uploads).to.be.empty;
    }
  });
});

describe('an upload in the signer’s tracker', () => {
  const tracked = { upload_id: 'upload-9', key: `files/${NAME}`, part_size: PART };

  it('is resumed, even if it was started on another device', async () => {
    const harness = new Harness();
    const file = fileOf(3 * PART);
    harness.store.uploads.set('upload-9', {
      key: tracked.key,
      parts: new Map([[2, { body: file.slice(PART, 2 * PART), etag: 'two' }]]),
    });
    harness.signer.trackedUploads.set(NAME, tracked);
    await harness.upload(file);
    expect(harness.uploadOf(NAME)).to.include({ status: 'complete', recovered: true, uploadId: 'upload-9' });
    expect(harness.store.sentParts.sort()).to.deep.equal([1, 3]);
  });

  it('is restarted, with force, if the store does not have it', async () => {
    const harness = new Harness();
    harness.signer.trackedUploads.set(NAME, tracked);
    await harness.upload(fileOf(3 * PART));
    expect(harness.uploadOf(NAME).status).to.equal('complete');
    expect(harness.signer.bodies('get_init_signature').at(-1)!.files[0]).to.include({ force: true });
  });
});

describe('one upload in two tabs', () => {
  it('is sent by one tab; the other waits, and continues where the first stopped', async () => {
    const harness = new Harness();
    const file = fileOf(4 * PART);
    const release = harness.store.hold('part');
    harness.store.next('part 1', (_request, proceed) => proceed());
    await harness.uploader.add([file]);
    await harness.until(() => harness.uploadOf(NAME).parts.done === 1);
    const other = harness.otherTab();
    await other.uploader.add([file]);
    await other.until(() => other.uploadOf(NAME).waitingFor === 'tab');
    expect(harness.store.count('create')).to.equal(1);
    harness.uploader.dispose();
    release();
    await other.finished();
    expect(other.uploadOf(NAME)).to.include({ status: 'complete', waitingFor: null });
    expect(harness.store.count('create')).to.equal(1);
    expect(harness.store.sentParts.filter((number) => number === 1)).to.have.length(1);
  });
});
