import { expect } from '@open-wc/testing';
import { MIN_PART_SIZE } from '../../../src/limits.js';
import { deny } from '../fake-signer.js';
import { refuse } from '../fake-store.js';
import { fileOf, Harness } from '../harness.js';

const PART = MIN_PART_SIZE;

describe('a failed upload', () => {
  it('is retried only while fewer files are listed than the maximum', async () => {
    const harness = new Harness({ rules: { maxFiles: 2 }, maxRetries: 1 });
    harness.store.always('put', refuse(500, 'InternalError'));
    const failed = [fileOf(10, 'a'), fileOf(10, 'b')];
    await harness.upload(...failed);
    harness.store.always('put', null);
    await harness.upload(fileOf(10, 'c'));
    harness.uploader.retry();
    await harness.finished();
    const statuses = (): string[] => harness.uploader.uploads.map(({ status }) => status);
    expect(statuses()).to.deep.equal(['complete', 'failed', 'complete']);
    expect(await harness.uploader.add([failed[1]!])).to.be.empty;
    expect(statuses()).to.deep.equal(['complete', 'failed', 'complete']);
    expect(harness.detailsOf('mule-reject').map(({ file, code }) => [file.name, code])).to.deep.equal([
      ['b', 'too-many'],
      ['b', 'too-many'],
    ]);
  });
});

describe('added files', () => {
  it('are rejected one by one with a message, and the others are added', async () => {
    const harness = new Harness();
    const added = await harness.uploader.add([fileOf(10, 'a.txt'), fileOf(10, 'b.exe'), fileOf(100, 'c.txt')], {
      accept: '.txt',
      maxSize: 50,
    });
    expect(added.map(({ name }) => name)).to.deep.equal(['a.txt']);
    expect(harness.detailsOf('mule-reject').map(({ file, code }) => [file.name, code])).to.deep.equal([
      ['b.exe', 'type'],
      ['c.txt', 'too-big'],
    ]);
  });

  it('count together towards the limit of files', async () => {
    const harness = new Harness();
    await harness.uploader.add([fileOf(10, 'a'), fileOf(10, 'b'), fileOf(10, 'c')], { maxFiles: 2 });
    expect(harness.detailsOf('mule-reject').map(({ file, code }) => [file.name, code])).to.deep.equal([
      ['c', 'too-many'],
    ]);
  });

  it('are not added twice while the first upload is unfinished, and can be added again after an abort', async () => {
    const harness = new Harness({ autostart: false });
    const file = fileOf(10);
    await harness.uploader.add([file]);
    expect(await harness.uploader.add([file])).to.be.empty;
    expect(harness.detailsOf('mule-reject')[0]).to.include({ code: 'duplicate' });
    harness.uploader.abort();
    expect(await harness.uploader.add([file])).to.have.length(1);
  });

  it('count together, and are compared with each other, if they are added by several calls at the same time', async () => {
    const harness = new Harness({ autostart: false });
    const [a, b] = [fileOf(10, 'a'), fileOf(20, 'b')];
    await Promise.all([a, a, b].map((file) => harness.uploader.add([file], { maxFiles: 1 })));
    expect(harness.uploader.uploads.map(({ name }) => name)).to.deep.equal(['a']);
    const { uploader } = harness;
    uploader.clear();
    await Promise.all([uploader.add([b]), uploader.add([b])]);
    expect(uploader.uploads.map(({ name }) => name)).to.deep.equal(['a', 'b']);
    expect(harness.detailsOf('mule-reject').map(({ code }) => code)).to.deep.equal([
      'too-many',
      'too-many',
      'duplicate',
    ]);
  });

  it('are distinguished by their folder', async () => {
    const harness = new Harness({ objectKey: 'x/' });
    const duplicateIn = (folder: string) => ({
      file: new File(['same'], 'same.txt', { lastModified: 1 }),
      relativePath: `${folder}/same.txt`,
    });
    await harness.uploader.add([duplicateIn('a'), duplicateIn('b')]);
    await harness.finished();
    expect([...harness.store.objects.keys()].sort()).to.deep.equal(['x/a/same.txt', 'x/b/same.txt']);
    expect(harness.fired.some(({ type, detail }) => type === 'mule-status' && detail.upload.waitingFor === 'tab')).to.be
      .false;
  });

  it('can be rejected by the page before they are added', async () => {
    const harness = new Harness();
    harness.uploader.addEventListener('mule-before-add', (event) => {
      if (event.detail.file.name === 'b.bin') event.preventDefault();
    });
    await harness.upload(fileOf(10, 'a.bin'), fileOf(10, 'b.bin'));
    expect(harness.uploader.uploads.map(({ name }) => name)).to.deep.equal(['a.bin']);
    expect(harness.detailsOf('mule-reject')[0]).to.include({ code: 'cancelled' });
  });
});

describe('the event mule-before-upload', () => {
  it('lets the page set params for the signer', async () => {
    const harness = new Harness({ params: { album: 7 } });
    harness.uploader.addEventListener('mule-before-upload', ({ detail }) => {
      detail.params.title = `title of ${detail.upload.name}`;
    });
    await harness.upload(fileOf(10, 'a.bin'), fileOf(PART + 1, 'b.bin'));
    const params = harness.signer.bodies('get_init_signature').flatMap(({ files }) => files.map((file) => file.params));
    // the order is that in which the files were validated
    expect(params).to.have.deep.members([
      { album: 7, title: 'title of a.bin' },
      { album: 7, title: 'title of b.bin' },
    ]);
  });

  it('aborts an upload that the page cancels, before the signer is called', async () => {
    const harness = new Harness();
    harness.uploader.addEventListener('mule-before-upload', (event) => {
      if (event.detail.upload.name !== 'c.bin') event.preventDefault();
    });
    await harness.upload(...['a.bin', 'b.bin', 'c.bin'].map((name) => fileOf(10, name)));
    expect(['a.bin', 'b.bin', 'c.bin'].map((name) => harness.uploadOf(name).status)).to.deep.equal([
      'aborted',
      'aborted',
      'complete',
    ]);
    const requestedNames = harness.signer
      .bodies('get_init_signature')
      .flatMap(({ files }) => files.map((file) => file.filename));
    expect(requestedNames).to.deep.equal(['c.bin']);
  });

  it('waits for the page’s promise, and fails the upload if that rejects', async () => {
    const harness = new Harness();
    let settle!: { resolve(): void; reject(error: Error): void };
    const promise = new Promise<void>((resolve, reject) => (settle = { resolve, reject }));
    harness.uploader.addEventListener('mule-before-upload', ({ detail }) => detail.waitUntil(promise));
    await harness.uploader.add([fileOf(10)]);
    await harness.settle();
    expect(harness.signer.calls).to.be.empty;
    settle.reject(new Error('no room on the server'));
    await harness.finished();
    expect(harness.uploadOf('a.bin').error!.message).to.contain('no room on the server');
    expect(harness.signer.calls).to.be.empty;
    expect(harness.detailsOf('mule-error')).to.have.length(1);
  });

  it('is fired again by retry() after the page’s promise has rejected', async () => {
    const harness = new Harness();
    let events = 0;
    harness.uploader.addEventListener('mule-before-upload', ({ detail }) => {
      if (++events === 1) detail.waitUntil(Promise.reject(new Error('not now')));
    });
    await harness.upload(fileOf(10));
    expect(harness.uploadOf('a.bin').status).to.equal('failed');
    harness.uploader.retry();
    await harness.finished();
    expect([harness.uploadOf('a.bin').status, events]).to.deep.equal(['complete', 2]);
  });

  it('is not fired for an aborted upload of an earlier page load whose grant has to be renewed', async () => {
    const harness = new Harness();
    await harness.interrupt(fileOf(4 * PART), 2);
    const next = harness.reload();
    const events: string[] = [];
    next.uploader.addEventListener('mule-abort', () => events.push('mule-abort'));
    next.uploader.addEventListener('mule-before-upload', () => events.push('mule-before-upload'));
    await next.uploader.ready;
    expect(next.uploadOf('a.bin')).to.include({ status: 'needs-file', recovered: true });
    next.signer.next('get_delete_signature', deny(403, 'grant-expired'));
    const calls = next.signer.count('get_init_signature');
    next.uploader.abort();
    await next.until(() => next.store.uploads.size === 0, 'the abort on the store');
    expect(events).to.deep.equal(['mule-abort']);
    const [renewal, ...others] = next.signer.bodies('get_init_signature').slice(calls);
    expect(renewal!.files[0]).to.include({ grant: 'grant-a.bin', upload_id: 'upload-1' });
    expect(others).to.be.empty;
    expect(next.signer.bodies('get_delete_signature').map(({ grant }) => grant)).to.deep.equal([
      'grant-a.bin',
      'grant-a.bin+',
    ]);
  });
});
