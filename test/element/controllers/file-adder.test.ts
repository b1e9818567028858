import { expect, html } from '@open-wc/testing';
import type { RejectDetail } from '../../../src/engine/index.js';
import type { MuleUploadElement } from '../../../src/index.js';
import type { FileSource } from '../../../src/element/index.js';
import { fileOf, shadowQuery, untilRendered, createHarness, until } from '../harness.js';

interface Listener {
  element: MuleUploadElement;
  rejected: RejectDetail[];
  names: () => string[];
}

/** Creates an element, and records the files that it rejects. */
async function createListener(markup?: ReturnType<typeof html>): Promise<Listener> {
  const { element } = await createHarness(markup);
  const rejected: RejectDetail[] = [];
  element.addEventListener('mule-reject', ({ detail }) => rejected.push(detail));
  return {
    element,
    rejected,
    names: () => element.uploads.map(({ name, relativePath }) => relativePath || name).sort(),
  };
}

const runLater = <T>(act: () => T): void => void setTimeout(act, 5);
const readError = (): DOMException => new DOMException('the browser’s own words', 'NotReadableError');

type Callback<T> = (value: T) => void;

/** Creates an entry of a dropped file. Callbacks are called after some milliseconds, as on a real disk. */
const fileEntry = (fullPath: string, isLocked = false): FileSystemEntry =>
  ({
    isDirectory: false,
    isFile: true,
    fullPath,
    name: fullPath.split('/').at(-1),
    file: (succeed: Callback<File>, fail: Callback<DOMException>) =>
      runLater(() => (isLocked ? fail(readError()) : succeed(fileOf(fullPath.split('/').at(-1)!)))),
  }) as unknown as FileSystemEntry;

/** Creates an entry of a dropped folder; a locked one fails after its first batch of children. */
const folderEntry = (fullPath: string, children: FileSystemEntry[], isLocked = false): FileSystemEntry => {
  const batches = [children, []];
  return {
    isDirectory: true,
    isFile: false,
    fullPath,
    name: fullPath.split('/').at(-1),
    createReader: () => ({
      readEntries: (succeed: Callback<FileSystemEntry[]>, fail: Callback<DOMException>) =>
        runLater(() => (isLocked && batches.length === 1 ? fail(readError()) : succeed(batches.shift()!))),
    }),
  } as unknown as FileSystemEntry;
};

const createDrop = (...entries: FileSystemEntry[]): DataTransfer =>
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
    getFile: () => (isLocked ? Promise.reject(readError()) : Promise.resolve(fileOf(name))),
  }) as unknown as FileSystemFileHandle;

const directoryHandle = (name: string, children: FileSystemHandle[], isLocked = false): FileSystemDirectoryHandle =>
  ({
    kind: 'directory',
    name,
    async *values() {
      await new Promise((resolve) => setTimeout(resolve, 5));
      yield* children;
      if (isLocked) throw readError();
    },
  }) as unknown as FileSystemDirectoryHandle;

/** Selector of the message that files are being read. */
const READING = '.reading';

describe('a folder with unreadable items', () => {
  it('adds the readable files of a drop, and rejects each unreadable item', async () => {
    const { element, rejected, names } = await createListener();
    const album = folderEntry('/album', [
      fileEntry('/album/p0.jpg'),
      fileEntry('/album/locked.jpg', true),
      folderEntry('/album/private', [fileEntry('/album/private/p1.jpg')], true),
      fileEntry('/album/p2.jpg'),
    ]);
    await element.add(createDrop(fileEntry('/single.jpg'), album));
    expect(names()).to.deep.equal(['album/p0.jpg', 'album/p2.jpg', 'album/private/p1.jpg', 'single.jpg']);
    expect(rejected.map(({ code, file }) => [code, file.name]).sort()).to.deep.equal([
      ['unreadable', 'locked.jpg'],
      ['unreadable', 'private'],
    ]);
    await untilRendered(element);
    expect(shadowQuery(element, READING)).to.be.null;
    const text = shadowQuery(element, '[part=messages]')!.textContent;
    expect(text).to.include('album/locked.jpg').and.to.include('album/private');
    expect(text).not.to.include('the browser’s own words');
  });

  it('adds the readable files of a folder handle, and rejects each unreadable item', async () => {
    const { element, rejected, names } = await createListener();
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
    await untilRendered(element);
    expect(shadowQuery(element, READING)).to.be.null;
  });

  it('rejects resume() with the name of the file if the file that was chosen again cannot be read', async () => {
    const { element } = await createListener();
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
    const { element, rejected, names } = await createListener();
    const album = folderEntry('/album', [
      fileEntry('/album/a.jpg'),
      ...HIDDEN.map((name) => fileEntry(`/album/${name}`)),
      folderEntry('/album/System Volume Information', [], true),
      folderEntry('/album/__MACOSX', [fileEntry('/album/__MACOSX/x.jpg')]),
    ]);
    await element.add(createDrop(album));
    expect(names()).to.deep.equal(['album/a.jpg']);
    expect(rejected.map(({ code, file }) => [code, file.name]).sort()).to.deep.equal(
      [...HIDDEN, 'System Volume Information', '__MACOSX'].map((name) => ['system-file', name]).sort(),
    );
    await untilRendered(element);
    expect(shadowQuery(element, '[part=messages]')).to.be.null;
    expect(shadowQuery(element, '[role=alert]')!.textContent).to.equal('');
  });

  it('are rejected in folders that come from the file input or a handle', async () => {
    const { element, rejected, names } = await createListener();
    const picked = fileOf('thumbs.db');
    Object.defineProperty(picked, 'webkitRelativePath', { value: 'album/thumbs.db' });
    await element.add([picked, directoryHandle('trip', [fileHandle('.DS_Store'), fileHandle('a.txt')])]);
    expect(names()).to.deep.equal(['trip/a.txt']);
    expect(rejected.map(({ code }) => code)).to.deep.equal(['system-file', 'system-file']);
  });

  it('are added if they were not chosen with a folder', async () => {
    const { element, names } = await createListener();
    await element.add([fileOf('desktop.ini')]);
    expect(names()).to.deep.equal(['desktop.ini']);
  });
});

describe('add()', () => {
  /** Returns constructors and a filled file input of another frame. */
  async function createFrame(): Promise<{ File: typeof File; Blob: typeof Blob; input: HTMLInputElement }> {
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
    const { element, rejected, names } = await createListener();
    const realm = await createFrame();
    await element.add([new realm.File(['x'], 'a.png', { lastModified: 1 })]);
    await element.add(new realm.File(['xy'], 'b.png', { lastModified: 1 }));
    await element.add(realm.input.files!);
    expect(names()).to.deep.equal(['a.png', 'b.png', 'picked.txt']);
    expect(rejected).to.deep.equal([]);
    await until(() => element.uploads.every(({ status }) => status === 'complete'));
  });

  it('accepts Blobs, names them by their type, and rejects duplicates', async () => {
    const { element, rejected, names } = await createListener();
    const realm = await createFrame();
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
  for (const [title, createValue, message] of INVALID) {
    it(`rejects ${title} with a message that names it, and adds the other files`, async () => {
      const { element, rejected, names } = await createListener();
      await element.add([fileOf('a.txt'), createValue(), fileOf('b.txt')] as FileSource);
      expect(names()).to.deep.equal(['a.txt', 'b.txt']);
      expect(rejected.map(({ code }) => code)).to.deep.equal(['not-a-file']);
      expect(rejected[0]!.message).to.match(message);
      await untilRendered(element);
      expect(shadowQuery(element, '[part=messages]')!.textContent).to.match(message);
    });

    it(`rejects ${title} as the only argument`, async () => {
      const { element, rejected, names } = await createListener();
      const error = await element.add(createValue() as FileSource).then(
        () => null,
        (reason: Error) => reason,
      );
      expect(error?.message ?? rejected[0]?.message).to.match(message);
      if (error) expect(error).to.be.instanceOf(TypeError);
      expect(names()).to.deep.equal([]);
    });
  }

  it('of an uploader without an element rejects the same values', async () => {
    const { uploader } = await createHarness();
    const realm = await createFrame();
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
    for (const argument of [null, undefined, 'a.txt', 7]) {
      const error = await uploader.add(argument as unknown as File[]).then(
        () => null,
        (reason: unknown) => reason,
      );
      expect(error, String(argument)).to.be.instanceOf(TypeError);
    }
  });
});

describe('form.reset()', () => {
  it('stops reading folders', async () => {
    const { element } = await createHarness(html`<form><mule-upload name="file" multiple></mule-upload></form>`);
    let release = (): void => {};
    const released = new Promise<void>((resolve) => (release = resolve));
    const trip = {
      kind: 'directory',
      name: 'trip',
      async *values() {
        yield fileHandle('a.txt');
        await released;
        yield fileHandle('b.txt');
      },
    } as unknown as FileSystemDirectoryHandle;
    const adding = element.add([trip]);
    await until(() => shadowQuery(element, READING) !== null);
    element.form!.reset();
    await untilRendered(element);
    expect(shadowQuery(element, READING)).to.be.null;
    release();
    expect(await adding).to.deep.equal([]);
    expect(element.uploads).to.be.empty;
    await element.add([fileOf('c.txt')]);
    expect(element.uploads.map(({ name }) => name)).to.deep.equal(['c.txt']);
  });
});

describe('a large folder', () => {
  /** Creates a folder of 41 files, of which the last one is read after a call of `release`. */
  const largeFolder = (): { folder: FileSystemDirectoryHandle; release: () => void } => {
    let release = (): void => {};
    const released = new Promise<void>((resolve) => (release = resolve));
    const folder = {
      kind: 'directory',
      name: 'trip',
      async *values() {
        for (let index = 0; index < 40; index++) yield fileHandle(`${index}.txt`);
        await released;
        yield fileHandle('last.txt');
      },
    } as unknown as FileSystemDirectoryHandle;
    return { folder, release };
  };

  it('is uploaded while it is being read, and ends with one mule-finish', async () => {
    const { element } = await createHarness(html`<mule-upload multiple></mule-upload>`);
    let finishes = 0;
    element.addEventListener('mule-finish', () => finishes++);
    const { folder, release } = largeFolder();
    const adding = element.add([folder]);
    await until(() => element.uploads.filter(({ status }) => status === 'complete').length === 40);
    expect(finishes, 'files follow').to.equal(0);
    release();
    const added = await adding;
    await until(() => finishes > 0);
    expect(finishes).to.equal(1);
    expect(added.map(({ name }) => name)).to.include.members(['0.txt', '39.txt', 'last.txt']);
    expect(added).to.have.length(41);
  });

  it('is read to its end before a control for one file selects from it', async () => {
    const { element } = await createHarness(html`<mule-upload></mule-upload>`);
    const { folder, release } = largeFolder();
    const adding = element.add([folder]);
    await until(() => shadowQuery(element, READING) !== null);
    expect(element.uploads).to.be.empty;
    release();
    expect(await adding).to.have.length(1);
  });
});
