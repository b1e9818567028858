import { expect } from '@open-wc/testing';
import { MIN_PART_SIZE } from '../../../src/limits.js';
import type { FileHandle, UploaderOptions } from '../../../src/engine/api/types.js';
import type { MemoryJournal, MemoryShelf } from '../harness.js';
import { fileOf, hashOf, Stand } from '../harness.js';

const PART = MIN_PART_SIZE;
const NAME = 'a.bin';

/** A handle on a file, whose permission a test rules. */
class PlayedHandle {
  readonly kind = 'file';
  asked = 0;

  constructor(
    public file: File | null,
    public permission: PermissionState = 'prompt',
    /** What the user answers; an error where no gesture was on. */
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

/** A visit that was cut off when some parts of the files were stored; their handles lie on the shelf. */
async function cutOff(files: readonly File[], handles: readonly PlayedHandle[], options: UploaderOptions = {}) {
  const stand = new Stand({ concurrency: 2, ...options });
  const release = stand.store.hold('part');
  for (let part = 1; part <= 2; part++) stand.store.next('part', (_request, proceed) => proceed());
  await stand.uploader.add(files.map((file, index) => ({ file, handle: handles[index]?.real })));
  const shelf = stand.shelf as MemoryShelf;
  const journal = stand.journal as MemoryJournal;
  await stand.until(() => shelf.kept.size === handles.length && journal.records.size === files.length);
  await stand.until(() => stand.store.sentParts.length > 2 || stand.store.count('part') > 2);
  await stand.settle();
  const next = (changes: UploaderOptions = {}): Stand => {
    const reloaded = stand.reload({ ...options, ...changes });
    release();
    return reloaded;
  };
  return { stand, shelf, journal, next };
}

const handleOf = (name: string, handles: readonly PlayedHandle[]): PlayedHandle =>
  handles.find((handle) => handle.name === name)!;

const statusesOf = ({ uploader }: Stand): string[] => uploader.uploads.map(({ status }) => status);

describe('a file that is known by its handle', () => {
  it('goes on by itself where permission holds, and nothing stored is sent again', async () => {
    const file = fileOf(4 * PART);
    const handle = new PlayedHandle(file, 'granted');
    const { next, shelf, journal } = await cutOff([file], [handle]);
    const stand = next();
    const sent = stand.store.sentParts.length;
    const stored = [...[...stand.store.uploads.values()][0]!.parts.keys()];
    expect(stored).not.to.be.empty;
    await stand.finished();
    expect(stand.all('mule-recover')[0]!.uploads.map(({ name, found }) => [name, found])).to.deep.equal([[NAME, true]]);
    expect(stand.store.sentParts.slice(sent).filter((part) => stored.includes(part))).to.be.empty;
    expect(await hashOf(stand.store.objects.get(`files/${NAME}`)?.body)).to.equal(await hashOf(file));
    expect(handle.asked).to.equal(0);
    expect([shelf.kept.size, journal.records.size]).to.deep.equal([0, 0]);
  });

  it('goes on after one click where the browser asks again', async () => {
    const file = fileOf(4 * PART);
    const handle = new PlayedHandle(file);
    const { next } = await cutOff([file], [handle]);
    const stand = next();
    await stand.uploader.ready;
    await stand.until(() => stand.of(NAME).needsPermission);
    await stand.settle();
    expect(stand.of(NAME)).to.include({ status: 'needs-file', needsFile: true, found: true });
    expect(handle.asked, 'without a click nothing is asked').to.equal(0);
    await stand.uploader.resume(stand.of(NAME).id);
    expect(stand.of(NAME).needsPermission).to.equal(false);
    await stand.finished();
    expect([handle.asked, stand.of(NAME).status, stand.store.count('create')]).to.deep.equal([1, 'complete', 1]);
  });

  it('is to be chosen where the user refuses, and not asked for twice', async () => {
    const file = fileOf(4 * PART);
    const handle = new PlayedHandle(file, 'prompt', 'denied');
    const { next } = await cutOff([file], [handle]);
    const stand = next();
    await stand.until(() => stand.uploader.uploads[0]?.needsPermission === true);
    const { id } = stand.of(NAME);
    await stand.uploader.resume(id);
    expect(stand.of(NAME)).to.include({ status: 'needs-file', needsPermission: false });
    await stand.uploader.resume(id);
    expect(handle.asked).to.equal(1);
    await stand.upload(file);
    expect(statusesOf(stand)).to.deep.equal(['complete']);
  });

  it('can be asked for again where the gesture was over before the question', async () => {
    const file = fileOf(4 * PART);
    const handle = new PlayedHandle(file, 'prompt', new DOMException('no gesture', 'SecurityError'));
    const { next } = await cutOff([file], [handle]);
    const stand = next();
    await stand.until(() => stand.uploader.uploads[0]?.needsPermission === true);
    await stand.uploader.resume(stand.of(NAME).id);
    expect(stand.of(NAME)).to.include({ status: 'needs-file', needsPermission: true });
    handle.answer = 'granted';
    await stand.uploader.resume(stand.of(NAME).id);
    await stand.finished();
  });

  it('is asked for one by one: one click opens what the browser allows along with the first', async () => {
    const files = [fileOf(3 * PART, 'a'), fileOf(3 * PART, 'b'), fileOf(3 * PART, 'c')];
    const handles = files.map((file) => new PlayedHandle(file));
    const { next } = await cutOff(files, handles);
    const stand = next();
    await stand.until(() => stand.uploader.uploads.filter(({ needsPermission }) => needsPermission).length === 3);
    const [first, second, third] = stand.uploader.uploads.map(({ name }) => ({
      name,
      handle: handleOf(name, handles),
    }));
    // the second is let through with the first; for the third the gesture is used up
    first!.handle.requestPermission = () => {
      first!.handle.permission = second!.handle.permission = 'granted';
      return Promise.resolve('granted');
    };
    third!.handle.answer = new DOMException('no gesture', 'SecurityError');
    await stand.uploader.resume();
    await stand.until(() => [first!, second!].every(({ name }) => stand.of(name).status === 'complete'));
    expect(stand.of(third!.name)).to.include({ status: 'needs-file', needsPermission: true });
    expect([second!.handle.asked, third!.handle.asked]).to.deep.equal([0, 1]);
  });

  it('is not asked for after another was refused with the same click', async () => {
    const files = [fileOf(3 * PART, 'a'), fileOf(3 * PART, 'b')];
    const handles = files.map((file) => new PlayedHandle(file, 'prompt', 'denied'));
    const { next } = await cutOff(files, handles);
    const stand = next();
    await stand.until(() => stand.uploader.uploads.filter(({ needsPermission }) => needsPermission).length === 2);
    await stand.uploader.resume();
    const [first, second] = stand.uploader.uploads;
    expect([first!, second!].map(({ name }) => handleOf(name, handles).asked)).to.deep.equal([1, 0]);
    expect(
      [first!, second!].map(({ id }) => stand.uploader.uploads.find((one) => one.id === id)!.needsPermission),
    ).to.deep.equal([false, true]);
  });

  it('is not mixed with another: what stands there now is refused, and the page told which is wanted', async () => {
    const file = fileOf(4 * PART);
    const handle = new PlayedHandle(file, 'granted');
    const { next, shelf } = await cutOff([file], [handle]);
    handle.file = fileOf(4 * PART);
    const stand = next();
    await stand.until(() => stand.all('mule-error').length === 1);
    const { error } = stand.all('mule-error')[0]!;
    expect(error.code).to.equal('file-changed');
    expect(error.message).to.contain(NAME).and.to.contain(String(file.size));
    expect(stand.of(NAME)).to.include({ status: 'needs-file', needsPermission: false });
    expect(shelf.kept).to.be.empty;
    await stand.upload(file);
    expect(await hashOf(stand.store.objects.get(`files/${NAME}`)?.body)).to.equal(await hashOf(file));
  });

  it('is to be chosen again where it was moved', async () => {
    const file = fileOf(4 * PART);
    const handle = new PlayedHandle(file, 'granted');
    const { next } = await cutOff([file], [handle]);
    handle.file = null;
    const stand = next();
    await stand.until(() => stand.all('mule-error').length === 1);
    expect(stand.of(NAME)).to.include({ status: 'needs-file', needsPermission: false });
    expect(stand.of(NAME).error).to.include({ code: 'file-unreadable' });
  });

  it('goes on though it was touched: its bytes are the same', async () => {
    const file = fileOf(4 * PART);
    const handle = new PlayedHandle(file, 'granted');
    const { next } = await cutOff([file], [handle]);
    handle.file = new File([file], 'moved.bin', { lastModified: 99 });
    const stand = next();
    await stand.finished();
    expect(await hashOf(stand.store.objects.get(`files/${NAME}`)?.body)).to.equal(await hashOf(file));
  });

  it('can be a real handle, which the browser opens without asking', async () => {
    const root = await navigator.storage.getDirectory().catch(() => null);
    const handle = await root?.getFileHandle(`own ${Math.random()}.bin`, { create: true });
    // WebKit has none in private sessions, and lets no page write to them
    if (!handle || !('createWritable' in handle)) return;
    const writer = await handle.createWritable();
    await writer.write(fileOf(4 * PART));
    await writer.close();
    const file = await handle.getFile();
    const { next } = await cutOff(
      [file],
      [handle as unknown as PlayedHandle].map((one) => ({ real: one }) as never),
    );
    const stand = next();
    await stand.finished();
    expect(await hashOf(stand.store.objects.get(`files/${file.name}`)?.body)).to.equal(await hashOf(file));
    await root!.removeEntry(handle.name);
  });
});

describe('a small file', () => {
  it('is kept whole, also while it waits its turn, and goes on by itself', async () => {
    const stand = new Stand({ concurrency: 1 });
    const release = stand.store.hold('put');
    const files = ['a', 'b', 'c', 'd'].map((name) => fileOf(100, name));
    await stand.uploader.add(files);
    await stand.until(() => (stand.shelf as MemoryShelf).kept.size === 4);
    await stand.settle();
    const next = stand.reload();
    release();
    await next.finished();
    expect(statusesOf(next)).to.deep.equal(['complete', 'complete', 'complete', 'complete']);
    for (const file of files)
      expect(await hashOf(next.store.objects.get(`files/${file.name}`)?.body)).to.equal(await hashOf(file));
    expect([(next.shelf as MemoryShelf).kept.size, (next.journal as MemoryJournal).records.size]).to.deep.equal([0, 0]);
  });

  it('keeps its key in a folder, and waits for start() as before', async () => {
    const options = { autostart: false, objectKey: 'x/' };
    const stand = new Stand(options);
    await stand.uploader.add([fileOf(10, 'a'), fileOf(10, 'b')]);
    await stand.until(() => (stand.journal as MemoryJournal).records.size === 2);
    const next = stand.reload(options);
    await next.until(() => statusesOf(next).join() === 'queued,queued');
    await next.settle();
    expect(next.signer.calls).to.be.empty;
    next.uploader.start();
    await next.finished();
    expect([...next.store.objects.keys()].sort()).to.deep.equal(['x/a', 'x/b']);
  });

  it('is not kept where it is over within a second, too large, aborted or of no use', async () => {
    const stand = new Stand();
    const { kept } = stand.shelf as MemoryShelf;
    await stand.upload(fileOf(100, 'quick'));
    const release = stand.store.hold('part');
    await stand.uploader.add([fileOf(9 * 1024 ** 2, 'large')]);
    await stand.until(() => stand.store.count('part') > 0);
    await stand.clock.advance(5_000);
    await stand.settle();
    expect(kept.size).to.equal(0);
    stand.uploader.abort();
    release();
    await stand.uploader.add([fileOf(6 * 1024 ** 2, 'aborted')]);
    stand.store.hold('part');
    await stand.until(() => kept.size === 1);
    stand.uploader.abort();
    await stand.until(() => kept.size === 0);
  });

  it('is let be by other tabs while its page lives, and taken up when that is gone', async () => {
    const stand = new Stand({ concurrency: 1 });
    const release = stand.store.hold('put');
    await stand.uploader.add(['a', 'b', 'c', 'd'].map((name) => fileOf(100, name)));
    await stand.until(() => (stand.journal as MemoryJournal).records.size === 4);
    stand.uploader.pause();
    await stand.settle();
    const other = stand.otherTab();
    await other.uploader.ready;
    expect(other.uploader.uploads).to.be.empty;
    stand.uploader.dispose();
    await stand.settle();
    const third = stand.otherTab();
    release();
    await third.finished();
    expect(statusesOf(third)).to.deep.equal(['complete', 'complete', 'complete', 'complete']);
  });

  it('is not kept before it is known whose it is, and is then', async () => {
    const stand = new Stand({ scope: '', signer: `https://signer.test/${Math.random()}` });
    let isAsked = false;
    stand.signer.next('get_init_signature', () => {
      isAsked = true;
      return new Promise(() => {});
    });
    await stand.uploader.add([fileOf(100)]);
    await stand.until(() => isAsked);
    await stand.clock.advance(5_000);
    await stand.settle();
    expect((stand.shelf as MemoryShelf).kept.size).to.equal(0);
    stand.store.hold('put');
    stand.uploader.pause();
    await stand.uploader.resume();
    await stand.until(() => (stand.shelf as MemoryShelf).kept.size === 1);
    stand.uploader.dispose();
  });

  it('is not kept where recover is off', async () => {
    const stand = new Stand({ recover: 'off' });
    stand.store.hold('put');
    await stand.uploader.add([fileOf(100)]);
    await stand.clock.advance(5_000);
    await stand.settle();
    expect((stand.shelf as MemoryShelf).kept.size).to.equal(0);
    stand.uploader.dispose();
  });

  it('is forgotten on sign-out, with its record', async () => {
    const stand = new Stand();
    stand.store.hold('put');
    await stand.uploader.add([fileOf(100)]);
    await stand.until(() => (stand.journal as MemoryJournal).records.size === 1);
    const next = stand.reload();
    await next.uploader.ready;
    await next.uploader.forget();
    expect([(next.shelf as MemoryShelf).kept.size, (next.journal as MemoryJournal).records.size]).to.deep.equal([0, 0]);
    expect(next.uploader.uploads).to.be.empty;
  });
});

describe('recover: ask', () => {
  it('lists what it found and sends nothing until somebody says so', async () => {
    const files = [fileOf(3 * PART, 'a'), fileOf(3 * PART, 'b')];
    const handles = files.map((file) => new PlayedHandle(file, 'granted'));
    const { next } = await cutOff(files, handles);
    const stand = next({ recover: 'ask' });
    await stand.until(() => statusesOf(stand).join() === 'paused,paused');
    await stand.settle();
    const parts = stand.store.count('part');
    await stand.clock.advance(60_000);
    expect(stand.store.count('part')).to.equal(parts);
    expect(stand.of('a').found).to.equal(true);
    await stand.uploader.resume(stand.of('a').id);
    await stand.until(() => stand.of('a').status === 'complete');
    expect(stand.of('b')).to.include({ status: 'paused', found: true });
    await stand.uploader.add([files[1]!]);
    await stand.finished();
    expect(stand.all('mule-reject')).to.be.empty;
    expect(statusesOf(stand)).to.deep.equal(['complete', 'complete']);
  });
});

describe('what is found', () => {
  it('tells how far it is, as the store knows it, and nothing where the store cannot be asked', async () => {
    const file = fileOf(6 * PART);
    const before = new Stand({ concurrency: 2 });
    await before.interrupt(file, 4);
    const stand = before.reload();
    await stand.until(() => stand.uploader.uploads[0]?.loaded === 4 * PART);
    expect(stand.of(NAME).parts).to.include({ done: 4, total: 6 });
    expect(stand.uploader.progress).to.include({ total: 0, loaded: 0 });
    stand.uploader.dispose();
    stand.store.always('list', () => Promise.reject(new Error('no line')));
    const blind = stand.otherTab();
    await blind.uploader.ready;
    await blind.settle();
    expect(blind.of(NAME)).to.include({ loaded: 0, status: 'needs-file', error: null });
    expect(blind.all('mule-retry')).to.be.empty;
  });
});

describe('what another user left', () => {
  const named = (stand: Stand, principal: string | null): void => {
    stand.signer.principal = principal;
  };

  it('is neither shown nor sent, and is there again for whom it belongs to', async () => {
    const before = new Stand();
    named(before, 'anna');
    await before.interrupt(fileOf(3 * PART), 1);
    await before.uploader.add([fileOf(100, 'small')]);
    before.uploader.pause();
    await before.until(() => (before.shelf as MemoryShelf).kept.size === 1);
    named(before, 'bert');
    const stand = before.reload();
    await stand.uploader.ready;
    await stand.settle();
    expect(stand.uploader.uploads).to.be.empty;
    expect(stand.all('mule-recover')).to.be.empty;
    const asked = stand.signer.bodies('get_init_signature').at(-1)!;
    expect(JSON.stringify(asked)).not.to.contain('"filename":"a.bin"').and.not.to.contain('small');
    named(stand, null);
    const nobody = stand.reload();
    await nobody.uploader.ready;
    expect(nobody.uploader.uploads, 'signed out').to.be.empty;
    named(nobody, 'anna');
    const hers = nobody.reload();
    await hers.until(() => hers.uploader.uploads.length === 2);
    expect(hers.of(NAME)).to.include({ status: 'needs-file' });
    await hers.until(() => hers.of('small').status === 'complete');
  });

  it('goes off the list when the signer names somebody else', async () => {
    const before = new Stand();
    named(before, 'anna');
    const file = fileOf(3 * PART);
    await before.interrupt(file, 1);
    const stand = before.reload();
    await stand.uploader.ready;
    expect(stand.uploader.uploads).to.have.length(1);
    named(stand, 'bert');
    // nobody can tell which of the two has chosen it
    await stand.uploader.add([fileOf(10, 'new')]);
    await stand.until(() => stand.all('mule-reject').length === 1);
    expect(stand.all('mule-reject')[0]).to.include({ code: 'user-changed' });
    expect(stand.all('mule-owner-change')[0]!.uploads.map(({ name }) => name)).to.have.members([NAME, 'new']);
    expect(stand.store.objects.size, 'nothing is stored under the name of the other user').to.equal(0);
    await stand.upload(fileOf(10, 'new'));
    expect(stand.uploader.uploads.map(({ name }) => name)).to.deep.equal(['new']);
    const records = [...(stand.journal as MemoryJournal).records.values()];
    expect(
      records.map(({ name }) => name),
      'it is still there for anna',
    ).to.deep.equal([NAME]);
  });

  it('waits for a signer that does not answer, and new files do not', async () => {
    const before = new Stand();
    named(before, 'anna');
    await before.interrupt(fileOf(3 * PART), 1);
    before.signer.next('get_init_signature', () => new Promise(() => {}));
    const stand = before.reload();
    let isReady = false;
    void stand.uploader.ready.then(() => (isReady = true));
    await stand.settle();
    await stand.clock.advance(3_000);
    await stand.until(() => isReady);
    expect(stand.uploader.uploads).to.be.empty;
    await stand.uploader.add([fileOf(10, 'new')]);
    await stand.until(() => stand.of('new').status === 'complete');
    expect(stand.of(NAME).status, 'the new file’s answer told who is here').to.equal('needs-file');
  });
});
