/** One invalid item of a drop or a list does not affect the others. */
import { expect, html } from '@open-wc/testing';
import type { RejectDetail } from '../../../src/engine/index.js';
import type { MuleUploadElement } from '../../../src/index.js';
import type { FileSource } from '../../../src/element/index.js';
import { fileOf, shadowQuery, rendered, harness, until } from '../harness.js';

interface Listener {
  element: MuleUploadElement;
  rejected: RejectDetail[];
  names: () => string[];
}

async function listen(markup?: ReturnType<typeof html>): Promise<Listener> {
  const { element } = await harness(markup);
  const rejected: RejectDetail[] = [];
  element.addEventListener('mule-reject', ({ detail }) => rejected.push(detail));
  return {
    element,
    rejected,
    names: () => element.uploads.map(({ name, relativePath }) => relativePath || name).sort(),
  };
}

const later = <T>(act: () => T): void => void setTimeout(act, 5);
const denied = (): DOMException => new DOMException('the browser’s own words', 'NotReadableError');

type Give<T> = (value: T) => void;

/** Creates dropped entries; locked ones fail after some milliseconds, as on a real disk. */
const leaf = (fullPath: string, isLocked = false): FileSystemEntry =>
  ({
    isDirectory: false,
    isFile: true,
    fullPath,
    name: fullPath.split('/').at(-1),
    file: (give: Give<File>, fail: Give<DOMException>) =>
      later(() => (isLocked ? fail(denied()) : give(fileOf(fullPath.split('/').at(-1)!)))),
  }) as unknown as FileSystemEntry;

const folder = (fullPath: string, children: FileSystemEntry[], isLocked = false): FileSystemEntry => {
  const batches = [children, []];
  return {
    isDirectory: true,
    isFile: false,
    fullPath,
    name: fullPath.split('/').at(-1),
    createReader: () => ({
      readEntries: (give: Give<FileSystemEntry[]>, fail: Give<DOMException>) =>
        later(() => (isLocked && batches.length === 1 ? fail(denied()) : give(batches.shift()!))),
    }),
  } as unknown as FileSystemEntry;
};

const dropOf = (...entries: FileSystemEntry[]): DataTransfer =>
  ({
    types: ['Files'],
    files: [],
    items: entries.map((entry) => ({
      kind: 'file',
      webkitGetAsEntry: () => entry,
      getAsFile: () => (entry.isDirectory ? null : fileOf(entry.name)),
    })),
  }) as unknown as DataTransfer;

/** Creates handles as returned by `showDirectoryPicker()`. */
const fileHandle = (name: string, isLocked = false): FileSystemFileHandle =>
  ({
    kind: 'file',
    name,
    getFile: () => (isLocked ? Promise.reject(denied()) : Promise.resolve(fileOf(name))),
  }) as unknown as FileSystemFileHandle;

const directoryHandle = (name: string, children: FileSystemHandle[], isLocked = false): FileSystemDirectoryHandle =>
  ({
    kind: 'directory',
    name,
    async *values() {
      await new Promise((resolve) => setTimeout(resolve, 5));
      yield* children;
      if (isLocked) throw denied();
    },
  }) as unknown as FileSystemDirectoryHandle;

const READING = '.reading';

describe('a folder with unreadable items', () => {
  it('adds the readable files of a drop, and rejects each unreadable item', async () => {
    const { element, rejected, names } = await listen();
    const album = folder('/album', [
      leaf('/album/p0.jpg'),
      leaf('/album/locked.jpg', true),
      folder('/album/private', [leaf('/album/private/p1.jpg')], true),
      leaf('/album/p2.jpg'),
    ]);
    await element.add(dropOf(leaf('/single.jpg'), album));
    expect(names()).to.deep.equal(['album/p0.jpg', 'album/p2.jpg', 'album/private/p1.jpg', 'single.jpg']);
    expect(rejected.map(({ code, file }) => [code, file.name]).sort()).to.deep.equal([
      ['unreadable', 'locked.jpg'],
      ['unreadable', 'private'],
    ]);
    await rendered(element);
    expect(shadowQuery(element, READING)).to.be.null;
    const text = shadowQuery(element, '[part=messages]')!.textContent;
    expect(text).to.include('album/locked.jpg').and.to.include('album/private');
    expect(text).not.to.include('the browser’s own words');
  });

  it('adds the readable files of a handle', async () => {
    const { element, rejected, names } = await listen();
    const trip = directoryHandle(
      'trip',
      [fileHandle('a.txt'), fileHandle('b.txt', true), directoryHandle('deep', [fileHandle('c.txt')], true)],
      true,
    );
    await element.add([trip, fileHandle('d.txt', true), fileHandle('e.txt')]);
    expect(names()).to.deep.equal(['e.txt', 'trip/a.txt', 'trip/deep/c.txt']);
    expect(rejected.map(({ code, file }) => [code, file.name]).sort()).to.deep.equal([
      ['unreadable', 'b.txt'],
      ['unreadable', 'd.txt'],
      ['unreadable', 'deep'],
      ['unreadable', 'trip'],
    ]);
    await rendered(element);
    expect(shadowQuery(element, READING)).to.be.null;
  });

  it('names the file if the one chosen again cannot be read', async () => {
    const { element } = await listen();
    const [upload] = await element.add([fileOf('a.txt')]);
    const error = await element.resume(upload!.id, fileHandle('a.txt', true)).then(
      () => null,
      (reason: { code?: string; message: string }) => reason,
    );
    expect(error?.code).to.equal('file-unreadable');
    expect(error?.message).to.include('a.txt');
  });
});

describe('system files', () => {
  const HIDDEN = ['.DS_Store', 'Thumbs.db', 'desktop.ini', '._a.jpg'];

  it('are rejected in dropped folders, with an event and no message', async () => {
    const { element, rejected, names } = await listen();
    const album = folder('/album', [
      leaf('/album/a.jpg'),
      ...HIDDEN.map((name) => leaf(`/album/${name}`)),
      folder('/album/System Volume Information', [], true),
      folder('/album/__MACOSX', [leaf('/album/__MACOSX/x.jpg')]),
    ]);
    await element.add(dropOf(album));
    expect(names()).to.deep.equal(['album/a.jpg']);
    expect(rejected.map(({ code, file }) => [code, file.name]).sort()).to.deep.equal(
      [...HIDDEN, 'System Volume Information', '__MACOSX'].map((name) => ['system-file', name]).sort(),
    );
    await rendered(element);
    expect(shadowQuery(element, '[part=messages]')).to.be.null;
    expect(shadowQuery(element, '[role=alert]')!.textContent).to.equal('');
  });

  it('are rejected in folders from the input or a handle', async () => {
    const { element, rejected, names } = await listen();
    const picked = fileOf('thumbs.db');
    Object.defineProperty(picked, 'webkitRelativePath', { value: 'album/thumbs.db' });
    await element.add([picked, directoryHandle('trip', [fileHandle('.DS_Store'), fileHandle('a.txt')])]);
    expect(names()).to.deep.equal(['trip/a.txt']);
    expect(rejected.map(({ code }) => code)).to.deep.equal(['system-file', 'system-file']);
  });

  it('are added when chosen on their own', async () => {
    const { element, names } = await listen();
    await element.add([fileOf('desktop.ini')]);
    expect(names()).to.deep.equal(['desktop.ini']);
  });
});

describe('add()', () => {
  /** Returns constructors of another frame. */
  async function otherFrame(): Promise<{ File: typeof File; Blob: typeof Blob; input: HTMLInputElement }> {
    const frame = document.createElement('iframe');
    document.body.append(frame);
    await new Promise((resolve) => setTimeout(resolve, 20));
    const realm = frame.contentWindow as unknown as {
      File: typeof File;
      Blob: typeof Blob;
      DataTransfer: typeof DataTransfer;
    };
    const input = Object.assign(frame.contentDocument!.createElement('input'), { type: 'file', multiple: true });
    const transfer = new realm.DataTransfer();
    transfer.items.add(new realm.File(['picked'], 'picked.txt', { lastModified: 1 }));
    input.files = transfer.files;
    return { File: realm.File, Blob: realm.Blob, input };
  }

  it('accepts Files of another frame', async () => {
    const { element, rejected, names } = await listen();
    const realm = await otherFrame();
    await element.add([new realm.File(['x'], 'a.png', { lastModified: 1 })]);
    await element.add(new realm.File(['xy'], 'b.png', { lastModified: 1 }));
    await element.add(realm.input.files!);
    expect(names()).to.deep.equal(['a.png', 'b.png', 'picked.txt']);
    expect(rejected).to.deep.equal([]);
    await until(() => element.uploads.every(({ status }) => status === 'complete'));
  });

  it('accepts Blobs, named by their type, and rejects duplicates', async () => {
    const { element, rejected, names } = await listen();
    const realm = await otherFrame();
    const photo = new Blob(['1'], { type: 'image/png' });
    await element.add([photo, new Blob(['2'], { type: 'image/png' }), new realm.Blob(['3']), photo]);
    await element.add(new Blob(['text'], { type: 'text/plain;charset=utf-8' }));
    await element.add([{ file: new Blob(['4'], { type: 'video/webm' }) as File, relativePath: '' }]);
    expect(names().map((name) => name.replace(/-\d+/, ''))).to.deep.equal([
      'file',
      'image.png',
      'image.png',
      'text.txt',
      'video.webm',
    ]);
    expect(rejected.map(({ code }) => code)).to.deep.equal(['duplicate']);
    await until(() => element.uploads.every(({ status }) => status === 'complete'));
  });

  const INVALID: readonly (readonly [string, () => unknown, RegExp])[] = [
    ['null', () => null, /null/],
    ['a string', () => 'photo.jpg', /string/],
    ['a number', () => 7, /number/],
    ['a stream', () => new ReadableStream(), /ReadableStream.*stream/],
    ['bytes', () => new Uint8Array(5), /Uint8Array/],
    ['a plain object', () => ({ name: 'a.txt' }), /Object/],
    ['an entry without a file', () => ({ file: null }), /null/],
    ['an element', () => document.createElement('input'), /HTMLInputElement/],
  ];
  for (const [title, make, said] of INVALID) {
    it(`rejects ${title} with a message that names it, and adds the other files`, async () => {
      const { element, rejected, names } = await listen();
      await element.add([fileOf('a.txt'), make(), fileOf('b.txt')] as FileSource);
      expect(names()).to.deep.equal(['a.txt', 'b.txt']);
      expect(rejected.map(({ code }) => code)).to.deep.equal(['not-a-file']);
      expect(rejected[0]!.message).to.match(said);
      await rendered(element);
      expect(shadowQuery(element, '[part=messages]')!.textContent).to.match(said);
    });

    it(`rejects ${title} alone`, async () => {
      const { element, rejected, names } = await listen();
      const error = await element.add(make() as FileSource).then(
        () => null,
        (reason: Error) => reason,
      );
      expect(error?.message ?? rejected[0]?.message).to.match(said);
      if (error) expect(error).to.be.instanceOf(TypeError);
      expect(names()).to.deep.equal([]);
    });
  }

  it('rejects the same in an uploader without an element', async () => {
    const { uploader } = await harness();
    const realm = await otherFrame();
    const rejected: RejectDetail[] = [];
    uploader.addEventListener('mule-reject', ({ detail }) => rejected.push(detail));
    const added = await uploader.add([
      new realm.File(['x'], 'a.png', { lastModified: 1 }),
      new realm.Blob(['y'], { type: 'image/gif' }),
      ...(['text', null, new ReadableStream()] as unknown as File[]),
      { file: fileOf('b.txt') },
    ]);
    expect(added.map(({ name }) => name.replace(/-\d+/, ''))).to.deep.equal(['a.png', 'image.gif', 'b.txt']);
    expect(rejected.map(({ code }) => code)).to.deep.equal(['not-a-file', 'not-a-file', 'not-a-file']);
    for (const nothing of [null, undefined, 'a.txt', 7]) {
      const error = await uploader.add(nothing as unknown as File[]).then(
        () => null,
        (reason: unknown) => reason,
      );
      expect(error, String(nothing)).to.be.instanceOf(TypeError);
    }
  });
});

describe('form.reset()', () => {
  it('stops reading folders', async () => {
    const { element } = await harness(html`<form><mule-upload name="file" multiple></mule-upload></form>`);
    let release = (): void => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    const trip = {
      kind: 'directory',
      name: 'trip',
      async *values() {
        yield fileHandle('a.txt');
        await held;
        yield fileHandle('b.txt');
      },
    } as unknown as FileSystemDirectoryHandle;
    const adding = element.add([trip]);
    await until(() => shadowQuery(element, READING) !== null);
    element.form!.reset();
    await rendered(element);
    expect(shadowQuery(element, READING)).to.be.null;
    release();
    expect(await adding).to.deep.equal([]);
    expect(element.uploads).to.be.empty;
    await element.add([fileOf('c.txt')]);
    expect(element.uploads.map(({ name }) => name)).to.deep.equal(['c.txt']);
  });
});
