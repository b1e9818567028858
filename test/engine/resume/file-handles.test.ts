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
  promptCount = 0;

  constructor(
    public file: File | null,
    public permission: PermissionState = 'prompt',
    /** The user's answer to the permission prompt; an error if there is no user gesture. */
    public answer: PermissionState | DOMException = 'granted',
  ) {}

  get name(): string {
    return this.file?.name ?? '';
  }

  queryPermission(): Promise<PermissionState> {
    return Promise.resolve(this.permission);
  }

  requestPermission(): Promise<PermissionState> {
    this.promptCount++;
    if (typeof this.answer !== 'string') return Promise.reject(this.answer);
    this.permission = this.answer;
    return Promise.resolve(this.answer);
  }

  getFile(): Promise<File> {
    if (this.permission !== 'granted') return Promise.reject(new DOMException('no', 'NotAllowedError'));
    return this.file ? Promise.resolve(this.file) : Promise.reject(new DOMException('gone', 'NotFoundError'));
  }

  asFileHandle(): FileHandle {
    return this as unknown as FileHandle;
  }
}

/** Uploads some parts of the files, and stores the handles. @returns a function that reloads the page */
async function interruptWithHandles(
  files: readonly File[],
  handles: readonly FakeHandle[],
  options: UploaderOptions = {},
) {
  const harness = new Harness({ concurrency: 2, ...options });
  const release = harness.store.hold('part');
  for (let part = 1; part <= 2; part++) harness.store.next('part', (_request, proceed) => proceed());
  await harness.uploader.add(files.map((file, index) => ({ file, handle: handles[index]?.asFileHandle() })));
  const fileStore = harness.fileStore as MemoryFileStore;
  const journal = harness.journal as MemoryJournal;
  await harness.until(() => fileStore.kept.size === handles.length && journal.records.size === files.length);
  await harness.until(() => harness.store.sentParts.length > 2 || harness.store.count('part') > 2);
  await harness.settle();
  const reload = (changes: UploaderOptions = {}): Harness => {
    const reloaded = harness.reload({ ...options, ...changes });
    release();
    return reloaded;
  };
  return { fileStore, journal, reload };
}

const handleOf = (name: string, handles: readonly FakeHandle[]): FakeHandle =>
  handles.find((handle) => handle.name === name)!;

const statusesOf = ({ uploader }: Harness): string[] => uploader.uploads.map(({ status }) => status);

describe('a file whose handle is stored', () => {
  it('resumes automatically if permission is still granted, and stored parts are not re-sent', async () => {
    const file = fileOf(4 * PART);
    const handle = new FakeHandle(file, 'granted');
    const { reload, fileStore, journal } = await interruptWithHandles([file], [handle]);
    const harness = reload();
    const sent = harness.store.sentParts.length;
    const stored = [...[...harness.store.uploads.values()][0]!.parts.keys()];
    expect(stored).not.to.be.empty;
    await harness.finished();
    expect(harness.detailsOf('mule-recover')[0]!.uploads.map(({ name, found }) => [name, found])).to.deep.equal([
      [NAME, true],
    ]);
    expect(harness.store.sentParts.slice(sent).filter((part) => stored.includes(part))).to.be.empty;
    expect(await hashOf(harness.store.objects.get(`files/${NAME}`)?.body)).to.equal(await hashOf(file));
    expect(handle.promptCount).to.equal(0);
    expect([fileStore.kept.size, journal.records.size]).to.deep.equal([0, 0]);
  });

  it('resumes after one click if the browser asks for permission again', async () => {
    const file = fileOf(4 * PART);
    const handle = new FakeHandle(file);
    const { reload } = await interruptWithHandles([file], [handle]);
    const harness = reload();
    await harness.uploader.ready;
    await harness.until(() => harness.uploadOf(NAME).needsPermission);
    await harness.settle();
    expect(harness.uploadOf(NAME)).to.include({ status: 'needs-file', needsFile: true, found: true });
    expect(handle.promptCount, 'no prompt without a click').to.equal(0);
    await harness.uploader.resume(harness.uploadOf(NAME).id);
    expect(harness.uploadOf(NAME).needsPermission).to.equal(false);
    await harness.finished();
    expect([handle.promptCount, harness.uploadOf(NAME).status, harness.store.count('create')]).to.deep.equal([
      1,
      'complete',
      1,
    ]);
  });

  it('has to be chosen again if the user denies permission; the browser asks only once', async () => {
    const file = fileOf(4 * PART);
    const handle = new FakeHandle(file, 'prompt', 'denied');
    const { reload } = await interruptWithHandles([file], [handle]);
    const harness = reload();
    await harness.until(() => harness.uploader.uploads[0]?.needsPermission === true);
    const { id } = harness.uploadOf(NAME);
    await harness.uploader.resume(id);
    expect(harness.uploadOf(NAME)).to.include({ status: 'needs-file', needsPermission: false });
    await harness.uploader.resume(id);
    expect(handle.promptCount).to.equal(1);
    await harness.upload(file);
    expect(statusesOf(harness)).to.deep.equal(['complete']);
  });

  it('can be reopened by a second click if the user gesture had expired before the prompt', async () => {
    const file = fileOf(4 * PART);
    const handle = new FakeHandle(file, 'prompt', new DOMException('no gesture', 'SecurityError'));
    const { reload } = await interruptWithHandles([file], [handle]);
    const harness = reload();
    await harness.until(() => harness.uploader.uploads[0]?.needsPermission === true);
    await harness.uploader.resume(harness.uploadOf(NAME).id);
    expect(harness.uploadOf(NAME)).to.include({ status: 'needs-file', needsPermission: true });
    handle.answer = 'granted';
    await harness.uploader.resume(harness.uploadOf(NAME).id);
    await harness.finished();
  });

  it('is reopened one after the other: one click resumes all files that the browser allows with the first', async () => {
    const files = [fileOf(3 * PART, 'a'), fileOf(3 * PART, 'b'), fileOf(3 * PART, 'c')];
    const handles = files.map((file) => new FakeHandle(file));
    const { reload } = await interruptWithHandles(files, handles);
    const harness = reload();
    await harness.until(() => harness.uploader.uploads.filter(({ needsPermission }) => needsPermission).length === 3);
    const [first, second, third] = harness.uploader.uploads.map(({ name }) => ({
      name,
      handle: handleOf(name, handles),
    }));
    // the browser allows the second file with the first; for the third, the user gesture has expired
    first!.handle.requestPermission = () => {
      first!.handle.permission = second!.handle.permission = 'granted';
      return Promise.resolve('granted');
    };
    third!.handle.answer = new DOMException('no gesture', 'SecurityError');
    await harness.uploader.resume();
    await harness.until(() => [first!, second!].every(({ name }) => harness.uploadOf(name).status === 'complete'));
    expect(harness.uploadOf(third!.name)).to.include({ status: 'needs-file', needsPermission: true });
    expect([second!.handle.promptCount, third!.handle.promptCount]).to.deep.equal([0, 1]);
  });

  it('causes no prompt after the user has denied another file in the same click', async () => {
    const files = [fileOf(3 * PART, 'a'), fileOf(3 * PART, 'b')];
    const handles = files.map((file) => new FakeHandle(file, 'prompt', 'denied'));
    const { reload } = await interruptWithHandles(files, handles);
    const harness = reload();
    await harness.until(() => harness.uploader.uploads.filter(({ needsPermission }) => needsPermission).length === 2);
    await harness.uploader.resume();
    const [first, second] = harness.uploader.uploads;
    expect([first!, second!].map(({ name }) => handleOf(name, handles).promptCount)).to.deep.equal([1, 0]);
    expect(
      [first!, second!].map(({ id }) => harness.uploader.uploads.find((one) => one.id === id)!.needsPermission),
    ).to.deep.equal([false, true]);
  });

  it('is rejected if another file has taken its place; the message names the expected file', async () => {
    const file = fileOf(4 * PART);
    const handle = new FakeHandle(file, 'granted');
    const { reload, fileStore } = await interruptWithHandles([file], [handle]);
    handle.file = fileOf(4 * PART);
    const harness = reload();
    await harness.until(() => harness.detailsOf('mule-error').length === 1);
    const { error } = harness.detailsOf('mule-error')[0]!;
    expect(error.code).to.equal('file-changed');
    expect(error.message).to.contain(NAME).and.to.contain(String(file.size));
    expect(harness.uploadOf(NAME)).to.include({ status: 'needs-file', needsPermission: false });
    expect(fileStore.kept).to.be.empty;
    await harness.upload(file);
    expect(await hashOf(harness.store.objects.get(`files/${NAME}`)?.body)).to.equal(await hashOf(file));
  });

  it('has to be chosen again if it was moved', async () => {
    const file = fileOf(4 * PART);
    const handle = new FakeHandle(file, 'granted');
    const { reload } = await interruptWithHandles([file], [handle]);
    handle.file = null;
    const harness = reload();
    await harness.until(() => harness.detailsOf('mule-error').length === 1);
    expect(harness.uploadOf(NAME)).to.include({ status: 'needs-file', needsPermission: false });
    expect(harness.uploadOf(NAME).error).to.include({ code: 'file-unreadable' });
  });

  it('resumes although its modification time changed, because its bytes are the same', async () => {
    const file = fileOf(4 * PART);
    const handle = new FakeHandle(file, 'granted');
    const { reload } = await interruptWithHandles([file], [handle]);
    handle.file = new File([file], 'moved.bin', { lastModified: 99 });
    const harness = reload();
    await harness.finished();
    expect(await hashOf(harness.store.objects.get(`files/${NAME}`)?.body)).to.equal(await hashOf(file));
  });

  it('resumes with a real handle, which the browser opens without a prompt', async () => {
    const root = await navigator.storage.getDirectory().catch(() => null);
    const handle = await root?.getFileHandle(`handle ${Math.random()}.bin`, { create: true });
    // in WebKit, private sessions have no such handles, and pages cannot write to others
    if (!handle || !('createWritable' in handle)) return;
    const writer = await handle.createWritable();
    await writer.write(fileOf(4 * PART));
    await writer.close();
    const file = await handle.getFile();
    const { reload } = await interruptWithHandles(
      [file],
      [handle as unknown as FakeHandle].map((one) => ({ asFileHandle: () => one }) as never),
    );
    const harness = reload();
    await harness.finished();
    expect(await hashOf(harness.store.objects.get(`files/${file.name}`)?.body)).to.equal(await hashOf(file));
    await root!.removeEntry(handle.name);
  });
});

describe('recover: ask', () => {
  it('lists unfinished uploads and sends nothing until the user resumes them', async () => {
    const files = [fileOf(3 * PART, 'a'), fileOf(3 * PART, 'b')];
    const handles = files.map((file) => new FakeHandle(file, 'granted'));
    const { reload } = await interruptWithHandles(files, handles);
    const harness = reload({ recover: 'ask' });
    await harness.until(() => statusesOf(harness).join() === 'paused,paused');
    await harness.settle();
    const parts = harness.store.count('part');
    await harness.clock.advance(60_000);
    expect(harness.store.count('part')).to.equal(parts);
    expect(harness.uploadOf('a').found).to.equal(true);
    await harness.uploader.resume(harness.uploadOf('a').id);
    await harness.until(() => harness.uploadOf('a').status === 'complete');
    expect(harness.uploadOf('b')).to.include({ status: 'paused', found: true });
    await harness.uploader.add([files[1]!]);
    await harness.finished();
    expect(harness.detailsOf('mule-reject')).to.be.empty;
    expect(statusesOf(harness)).to.deep.equal(['complete', 'complete']);
  });
});
