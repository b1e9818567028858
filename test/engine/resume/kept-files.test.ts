import { expect } from '@open-wc/testing';
import { MIN_PART_SIZE } from '../../../src/limits.js';
import type { FileHandle, UploaderOptions } from '../../../src/engine/api/types.js';
import type { MemoryJournal, MemoryFileStore } from '../harness.js';
import { fileOf, hashOf, Harness } from '../harness.js';

const PART = MIN_PART_SIZE;
const NAME = 'a.bin';

/** A file handle whose permission a test controls. */
class FakeHandle {
  readonly kind = 'file';
  asked = 0;

  constructor(
    public file: File | null,
    public permission: PermissionState = 'prompt',
    /** The user's answer to the prompt; an error if there is no user gesture. */
    public answer: PermissionState | DOMException = 'granted',
  ) {}

  get name(): string {
    return this.file?.name ?? '';
  }

  queryPermission(): Promise<PermissionState> {
    return Promise.resolve(this.permission);
  }

  requestPermission(): Promise<PermissionState> {
    this.asked++;
    if (typeof this.answer !== 'string') return Promise.reject(this.answer);
    this.permission = this.answer;
    return Promise.resolve(this.answer);
  }

  getFile(): Promise<File> {
    if (this.permission !== 'granted') return Promise.reject(new DOMException('no', 'NotAllowedError'));
    return this.file ? Promise.resolve(this.file) : Promise.reject(new DOMException('gone', 'NotFoundError'));
  }

  get real(): FileHandle {
    return this as unknown as FileHandle;
  }
}

/** A page load that ended when some parts of the files were stored; the file store has their handles. */
async function interrupt(files: readonly File[], handles: readonly FakeHandle[], options: UploaderOptions = {}) {
  const harness = new Harness({ concurrency: 2, ...options });
  const release = harness.store.hold('part');
  for (let part = 1; part <= 2; part++) harness.store.next('part', (_request, proceed) => proceed());
  await harness.uploader.add(files.map((file, index) => ({ file, handle: handles[index]?.real })));
  const fileStore = harness.fileStore as MemoryFileStore;
  const journal = harness.journal as MemoryJournal;
  await harness.until(() => fileStore.kept.size === handles.length && journal.records.size === files.length);
  await harness.until(() => harness.store.sentParts.length > 2 || harness.store.count('part') > 2);
  await harness.settle();
  const next = (changes: UploaderOptions = {}): Harness => {
    const reloaded = harness.reload({ ...options, ...changes });
    release();
    return reloaded;
  };
  return { harness, fileStore, journal, next };
}

const handleOf = (name: string, handles: readonly FakeHandle[]): FakeHandle =>
  handles.find((handle) => handle.name === name)!;

const statusesOf = ({ uploader }: Harness): string[] => uploader.uploads.map(({ status }) => status);

describe('a file whose handle is stored', () => {
  it('resumes automatically if permission is still granted, and stored parts are not re-sent', async () => {
    const file = fileOf(4 * PART);
    const handle = new FakeHandle(file, 'granted');
    const { next, fileStore, journal } = await interrupt([file], [handle]);
    const harness = next();
    const sent = harness.store.sentParts.length;
    const stored = [...[...harness.store.uploads.values()][0]!.parts.keys()];
    expect(stored).not.to.be.empty;
    await harness.finished();
    expect(harness.all('mule-recover')[0]!.uploads.map(({ name, found }) => [name, found])).to.deep.equal([
      [NAME, true],
    ]);
    expect(harness.store.sentParts.slice(sent).filter((part) => stored.includes(part))).to.be.empty;
    expect(await hashOf(harness.store.objects.get(`files/${NAME}`)?.body)).to.equal(await hashOf(file));
    expect(handle.asked).to.equal(0);
    expect([fileStore.kept.size, journal.records.size]).to.deep.equal([0, 0]);
  });

  it('resumes after one click if the browser asks for permission again', async () => {
    const file = fileOf(4 * PART);
    const handle = new FakeHandle(file);
    const { next } = await interrupt([file], [handle]);
    const harness = next();
    await harness.uploader.ready;
    await harness.until(() => harness.of(NAME).needsPermission);
    await harness.settle();
    expect(harness.of(NAME)).to.include({ status: 'needs-file', needsFile: true, found: true });
    expect(handle.asked, 'without a click nothing is asked').to.equal(0);
    await harness.uploader.resume(harness.of(NAME).id);
    expect(harness.of(NAME).needsPermission).to.equal(false);
    await harness.finished();
    expect([handle.asked, harness.of(NAME).status, harness.store.count('create')]).to.deep.equal([1, 'complete', 1]);
  });

  it('has to be chosen again if the user denies permission, which is requested only once', async () => {
    const file = fileOf(4 * PART);
    const handle = new FakeHandle(file, 'prompt', 'denied');
    const { next } = await interrupt([file], [handle]);
    const harness = next();
    await harness.until(() => harness.uploader.uploads[0]?.needsPermission === true);
    const { id } = harness.of(NAME);
    await harness.uploader.resume(id);
    expect(harness.of(NAME)).to.include({ status: 'needs-file', needsPermission: false });
    await harness.uploader.resume(id);
    expect(handle.asked).to.equal(1);
    await harness.upload(file);
    expect(statusesOf(harness)).to.deep.equal(['complete']);
  });

  it('can be requested again if the user gesture had expired before the prompt', async () => {
    const file = fileOf(4 * PART);
    const handle = new FakeHandle(file, 'prompt', new DOMException('no gesture', 'SecurityError'));
    const { next } = await interrupt([file], [handle]);
    const harness = next();
    await harness.until(() => harness.uploader.uploads[0]?.needsPermission === true);
    await harness.uploader.resume(harness.of(NAME).id);
    expect(harness.of(NAME)).to.include({ status: 'needs-file', needsPermission: true });
    handle.answer = 'granted';
    await harness.uploader.resume(harness.of(NAME).id);
    await harness.finished();
  });

  it('is requested one at a time: one click resumes all files that the browser allows with the first', async () => {
    const files = [fileOf(3 * PART, 'a'), fileOf(3 * PART, 'b'), fileOf(3 * PART, 'c')];
    const handles = files.map((file) => new FakeHandle(file));
    const { next } = await interrupt(files, handles);
    const harness = next();
    await harness.until(() => harness.uploader.uploads.filter(({ needsPermission }) => needsPermission).length === 3);
    const [first, second, third] = harness.uploader.uploads.map(({ name }) => ({
      name,
      handle: handleOf(name, handles),
    }));
    // the second is allowed with the first; for the third, the user gesture has expired
    first!.handle.requestPermission = () => {
      first!.handle.permission = second!.handle.permission = 'granted';
      return Promise.resolve('granted');
    };
    third!.handle.answer = new DOMException('no gesture', 'SecurityError');
    await harness.uploader.resume();
    await harness.until(() => [first!, second!].every(({ name }) => harness.of(name).status === 'complete'));
    expect(harness.of(third!.name)).to.include({ status: 'needs-file', needsPermission: true });
    expect([second!.handle.asked, third!.handle.asked]).to.deep.equal([0, 1]);
  });

  it('is not requested after another one was denied in the same click', async () => {
    const files = [fileOf(3 * PART, 'a'), fileOf(3 * PART, 'b')];
    const handles = files.map((file) => new FakeHandle(file, 'prompt', 'denied'));
    const { next } = await interrupt(files, handles);
    const harness = next();
    await harness.until(() => harness.uploader.uploads.filter(({ needsPermission }) => needsPermission).length === 2);
    await harness.uploader.resume();
    const [first, second] = harness.uploader.uploads;
    expect([first!, second!].map(({ name }) => handleOf(name, handles).asked)).to.deep.equal([1, 0]);
    expect(
      [first!, second!].map(({ id }) => harness.uploader.uploads.find((one) => one.id === id)!.needsPermission),
    ).to.deep.equal([false, true]);
  });

  it('is not mixed with another: the file that is there now is rejected, and the message names the expected one', async () => {
    const file = fileOf(4 * PART);
    const handle = new FakeHandle(file, 'granted');
    const { next, fileStore } = await interrupt([file], [handle]);
    handle.file = fileOf(4 * PART);
    const harness = next();
    await harness.until(() => harness.all('mule-error').length === 1);
    const { error } = harness.all('mule-error')[0]!;
    expect(error.code).to.equal('file-changed');
    expect(error.message).to.contain(NAME).and.to.contain(String(file.size));
    expect(harness.of(NAME)).to.include({ status: 'needs-file', needsPermission: false });
    expect(fileStore.kept).to.be.empty;
    await harness.upload(file);
    expect(await hashOf(harness.store.objects.get(`files/${NAME}`)?.body)).to.equal(await hashOf(file));
  });

  it('has to be chosen again if it was moved', async () => {
    const file = fileOf(4 * PART);
    const handle = new FakeHandle(file, 'granted');
    const { next } = await interrupt([file], [handle]);
    handle.file = null;
    const harness = next();
    await harness.until(() => harness.all('mule-error').length === 1);
    expect(harness.of(NAME)).to.include({ status: 'needs-file', needsPermission: false });
    expect(harness.of(NAME).error).to.include({ code: 'file-unreadable' });
  });

  it('resumes although its modification time changed, because its bytes are the same', async () => {
    const file = fileOf(4 * PART);
    const handle = new FakeHandle(file, 'granted');
    const { next } = await interrupt([file], [handle]);
    handle.file = new File([file], 'moved.bin', { lastModified: 99 });
    const harness = next();
    await harness.finished();
    expect(await hashOf(harness.store.objects.get(`files/${NAME}`)?.body)).to.equal(await hashOf(file));
  });

  it('can have a real handle, which the browser opens without a prompt', async () => {
    const root = await navigator.storage.getDirectory().catch(() => null);
    const handle = await root?.getFileHandle(`own ${Math.random()}.bin`, { create: true });
    // WebKit has none in private sessions, and pages cannot write to them
    if (!handle || !('createWritable' in handle)) return;
    const writer = await handle.createWritable();
    await writer.write(fileOf(4 * PART));
    await writer.close();
    const file = await handle.getFile();
    const { next } = await interrupt(
      [file],
      [handle as unknown as FakeHandle].map((one) => ({ real: one }) as never),
    );
    const harness = next();
    await harness.finished();
    expect(await hashOf(harness.store.objects.get(`files/${file.name}`)?.body)).to.equal(await hashOf(file));
    await root!.removeEntry(handle.name);
  });
});

describe('a small file', () => {
  it('is stored completely, even while it is queued, and resumes automatically', async () => {
    const harness = new Harness({ concurrency: 1 });
    const release = harness.store.hold('put');
    const files = ['a', 'b', 'c', 'd'].map((name) => fileOf(100, name));
    await harness.uploader.add(files);
    await harness.until(() => (harness.fileStore as MemoryFileStore).kept.size === 4);
    await harness.settle();
    const next = harness.reload();
    release();
    await next.finished();
    expect(statusesOf(next)).to.deep.equal(['complete', 'complete', 'complete', 'complete']);
    for (const file of files)
      expect(await hashOf(next.store.objects.get(`files/${file.name}`)?.body)).to.equal(await hashOf(file));
    expect([(next.fileStore as MemoryFileStore).kept.size, (next.journal as MemoryJournal).records.size]).to.deep.equal(
      [0, 0],
    );
  });

  it('keeps its path in the key, and still waits for start()', async () => {
    const options = { autostart: false, objectKey: 'x/' };
    const harness = new Harness(options);
    await harness.uploader.add([fileOf(10, 'a'), fileOf(10, 'b')]);
    await harness.until(() => (harness.journal as MemoryJournal).records.size === 2);
    const next = harness.reload(options);
    await next.until(() => statusesOf(next).join() === 'queued,queued');
    await next.settle();
    expect(next.signer.calls).to.be.empty;
    next.uploader.start();
    await next.finished();
    expect([...next.store.objects.keys()].sort()).to.deep.equal(['x/a', 'x/b']);
  });

  it('is not stored if it ends within a second, is too large, is aborted, or would not be used', async () => {
    const harness = new Harness();
    const { kept } = harness.fileStore as MemoryFileStore;
    await harness.upload(fileOf(100, 'quick'));
    const release = harness.store.hold('part');
    await harness.uploader.add([fileOf(9 * 1024 ** 2, 'large')]);
    await harness.until(() => harness.store.count('part') > 0);
    await harness.clock.advance(5_000);
    await harness.settle();
    expect(kept.size).to.equal(0);
    harness.uploader.abort();
    release();
    await harness.uploader.add([fileOf(6 * 1024 ** 2, 'aborted')]);
    harness.store.hold('part');
    await harness.until(() => kept.size === 1);
    harness.uploader.abort();
    await harness.until(() => kept.size === 0);
  });

  it('is ignored by other tabs while its page is open, and resumed by one when it has closed', async () => {
    const harness = new Harness({ concurrency: 1 });
    const release = harness.store.hold('put');
    await harness.uploader.add(['a', 'b', 'c', 'd'].map((name) => fileOf(100, name)));
    await harness.until(() => (harness.journal as MemoryJournal).records.size === 4);
    harness.uploader.pause();
    await harness.settle();
    const other = harness.otherTab();
    await other.uploader.ready;
    expect(other.uploader.uploads).to.be.empty;
    harness.uploader.dispose();
    await harness.settle();
    const third = harness.otherTab();
    release();
    await third.finished();
    expect(statusesOf(third)).to.deep.equal(['complete', 'complete', 'complete', 'complete']);
  });

  it('is stored only once its owner is known', async () => {
    const harness = new Harness({ scope: '', signer: `https://signer.test/${Math.random()}` });
    let isAsked = false;
    harness.signer.next('get_init_signature', () => {
      isAsked = true;
      return new Promise(() => {});
    });
    await harness.uploader.add([fileOf(100)]);
    await harness.until(() => isAsked);
    await harness.clock.advance(5_000);
    await harness.settle();
    expect((harness.fileStore as MemoryFileStore).kept.size).to.equal(0);
    harness.store.hold('put');
    harness.uploader.pause();
    await harness.uploader.resume();
    await harness.until(() => (harness.fileStore as MemoryFileStore).kept.size === 1);
    harness.uploader.dispose();
  });

  it('is not stored with recover="off"', async () => {
    const harness = new Harness({ recover: 'off' });
    harness.store.hold('put');
    await harness.uploader.add([fileOf(100)]);
    await harness.clock.advance(5_000);
    await harness.settle();
    expect((harness.fileStore as MemoryFileStore).kept.size).to.equal(0);
    harness.uploader.dispose();
  });

  it('is deleted at sign-out, with its record', async () => {
    const harness = new Harness();
    harness.store.hold('put');
    await harness.uploader.add([fileOf(100)]);
    await harness.until(() => (harness.journal as MemoryJournal).records.size === 1);
    const next = harness.reload();
    await next.uploader.ready;
    await next.uploader.forget();
    expect([(next.fileStore as MemoryFileStore).kept.size, (next.journal as MemoryJournal).records.size]).to.deep.equal(
      [0, 0],
    );
    expect(next.uploader.uploads).to.be.empty;
  });
});

describe('recover: ask', () => {
  it('lists unfinished uploads and sends nothing until the user resumes them', async () => {
    const files = [fileOf(3 * PART, 'a'), fileOf(3 * PART, 'b')];
    const handles = files.map((file) => new FakeHandle(file, 'granted'));
    const { next } = await interrupt(files, handles);
    const harness = next({ recover: 'ask' });
    await harness.until(() => statusesOf(harness).join() === 'paused,paused');
    await harness.settle();
    const parts = harness.store.count('part');
    await harness.clock.advance(60_000);
    expect(harness.store.count('part')).to.equal(parts);
    expect(harness.of('a').found).to.equal(true);
    await harness.uploader.resume(harness.of('a').id);
    await harness.until(() => harness.of('a').status === 'complete');
    expect(harness.of('b')).to.include({ status: 'paused', found: true });
    await harness.uploader.add([files[1]!]);
    await harness.finished();
    expect(harness.all('mule-reject')).to.be.empty;
    expect(statusesOf(harness)).to.deep.equal(['complete', 'complete']);
  });
});

describe('an upload that was found', () => {
  it('shows the progress that the store reports, and none if the store cannot be reached', async () => {
    const file = fileOf(6 * PART);
    const before = new Harness({ concurrency: 2 });
    await before.interrupt(file, 4);
    const harness = before.reload();
    await harness.until(() => harness.uploader.uploads[0]?.loaded === 4 * PART);
    expect(harness.of(NAME).parts).to.include({ done: 4, total: 6 });
    expect(harness.uploader.progress).to.include({ total: 0, loaded: 0 });
    harness.uploader.dispose();
    harness.store.always('list', () => Promise.reject(new Error('no line')));
    const blind = harness.otherTab();
    await blind.uploader.ready;
    await blind.settle();
    expect(blind.of(NAME)).to.include({ loaded: 0, status: 'needs-file', error: null });
    expect(blind.all('mule-retry')).to.be.empty;
  });
});

describe('unfinished uploads of another user', () => {
  const named = (harness: Harness, principal: string | null): void => {
    harness.signer.principal = principal;
  };

  it('are neither shown nor sent, and are listed again for their owner', async () => {
    const before = new Harness();
    named(before, 'anna');
    await before.interrupt(fileOf(3 * PART), 1);
    await before.uploader.add([fileOf(100, 'small')]);
    before.uploader.pause();
    // a record is written after its file
    await before.until(() => (before.journal as MemoryJournal).records.size === 2);
    expect((before.fileStore as MemoryFileStore).kept.size).to.equal(1);
    named(before, 'bert');
    const harness = before.reload();
    await harness.uploader.ready;
    await harness.settle();
    expect(harness.uploader.uploads).to.be.empty;
    expect(harness.all('mule-recover')).to.be.empty;
    const asked = harness.signer.bodies('get_init_signature').at(-1)!;
    expect(JSON.stringify(asked)).not.to.contain('"filename":"a.bin"').and.not.to.contain('small');
    named(harness, null);
    const nobody = harness.reload();
    await nobody.uploader.ready;
    expect(nobody.uploader.uploads, 'signed out').to.be.empty;
    named(nobody, 'anna');
    const hers = nobody.reload();
    await hers.until(() => hers.uploader.uploads.length === 2);
    expect(hers.of(NAME)).to.include({ status: 'needs-file' });
    await hers.until(() => hers.of('small').status === 'complete');
  });

  it('stay stored if the signer names another user after their page is gone', async () => {
    const harness = new Harness();
    const { signer, journal } = harness;
    named(harness, 'anna');
    await harness.upload(fileOf(10, 'first'));
    let answer = (): void => {};
    signer.next('get_init_signature', (proceed) => new Promise((resolve) => (answer = () => resolve(proceed()))));
    await harness.uploader.add([fileOf(100, 'small')]);
    harness.uploader.pause();
    const { records } = journal as MemoryJournal;
    await harness.until(() => records.size === 1);
    harness.uploader.dispose();
    named(harness, 'bert');
    answer();
    await harness.settle();
    expect([...records.values()].map(({ name }) => name)).to.deep.equal(['small']);
  });

  it('are removed from the list when the signer names another user', async () => {
    const before = new Harness();
    named(before, 'anna');
    const file = fileOf(3 * PART);
    await before.interrupt(file, 1);
    const harness = before.reload();
    await harness.uploader.ready;
    expect(harness.uploader.uploads).to.have.length(1);
    named(harness, 'bert');
    // it is unknown which of the two users chose it
    await harness.uploader.add([fileOf(10, 'new')]);
    await harness.until(() => harness.all('mule-reject').length === 1);
    expect(harness.all('mule-reject')[0]).to.include({ code: 'user-changed' });
    expect(harness.all('mule-owner-change')[0]!.uploads.map(({ name }) => name)).to.have.members([NAME, 'new']);
    expect(harness.store.objects.size, 'nothing is stored under the name of the other user').to.equal(0);
    await harness.upload(fileOf(10, 'new'));
    expect(harness.uploader.uploads.map(({ name }) => name)).to.deep.equal(['new']);
    const records = [...(harness.journal as MemoryJournal).records.values()];
    expect(
      records.map(({ name }) => name),
      'it is still there for anna',
    ).to.deep.equal([NAME]);
  });

  it('wait for a signer that does not answer, and new files do not', async () => {
    const before = new Harness();
    named(before, 'anna');
    await before.interrupt(fileOf(3 * PART), 1);
    before.signer.next('get_init_signature', () => new Promise(() => {}));
    const harness = before.reload();
    let isReady = false;
    void harness.uploader.ready.then(() => (isReady = true));
    await harness.settle();
    await harness.clock.advance(3_000);
    await harness.until(() => isReady);
    expect(harness.uploader.uploads).to.be.empty;
    await harness.uploader.add([fileOf(10, 'new')]);
    await harness.until(() => harness.of('new').status === 'complete');
    expect(harness.of(NAME).status, 'the response for the new file names the user').to.equal('needs-file');
  });
});
