import { expect } from '@open-wc/testing';
import type { FileEntry } from '../../../src/engine/index.js';
import { readFiles } from '../../../src/element/input/read-files.js';
import { fileOf } from '../harness.js';

/** Creates a dropped folder that returns a few children per call, as Chromium does. */
function folderEntry(fullPath: string, children: FileSystemEntry[], batchSize = 2): FileSystemEntry {
  const rest = [...children];
  const readEntries = (succeed: (entries: FileSystemEntry[]) => void): void => succeed(rest.splice(0, batchSize));
  return {
    isDirectory: true,
    isFile: false,
    fullPath,
    createReader: () => ({ readEntries }),
  } as unknown as FileSystemEntry;
}
const fileEntry = (fullPath: string): FileSystemEntry =>
  ({
    isDirectory: false,
    isFile: true,
    fullPath,
    file: (succeed: (file: File) => void) => succeed(fileOf(fullPath.split('/').at(-1)!)),
  }) as unknown as FileSystemEntry;

const readEntriesOf = (...args: Parameters<typeof readFiles>): Promise<FileEntry[]> =>
  readFiles(...args) as Promise<FileEntry[]>;

describe('readFiles', () => {
  it('reads all entries of dropped folders, with their paths', async () => {
    const tree = folderEntry('/trip', [
      fileEntry('/trip/a'),
      fileEntry('/trip/b'),
      fileEntry('/trip/c'),
      folderEntry('/trip/deep', [fileEntry('/trip/deep/d')]),
    ]);
    const item = { kind: 'file', webkitGetAsEntry: () => tree, getAsFile: () => null };
    let found = 0;
    const entries = await readEntriesOf({ items: [item], files: [] }, { onFile: () => found++ });
    expect(found, 'onFile is called for each file').to.equal(4);
    expect(entries.map(({ relativePath }) => relativePath)).to.deep.equal([
      'trip/a',
      'trip/b',
      'trip/c',
      'trip/deep/d',
    ]);
  });

  it('passes on the files of folders in batches while it reads them', async () => {
    const pathsIn = (folder: string, count: number): string[] =>
      Array.from({ length: count }, (_, index) => `${folder}/${index}`);
    const deep = pathsIn('/trip/deep', 45);
    const top = pathsIn('/trip', 25);
    const tree = folderEntry('/trip', [...top.map(fileEntry), folderEntry('/trip/deep', deep.map(fileEntry), 30)], 10);
    const item = { kind: 'file', webkitGetAsEntry: () => tree, getAsFile: () => null };
    const batches: FileEntry[][] = [];
    const rest = await readEntriesOf(
      { items: [item], files: [] },
      { onBatch: (files) => batches.push(files as FileEntry[]) },
    );
    expect(batches.map(({ length }) => length)).to.deep.equal([20, 20, 20]);
    const paths = [...batches.flat(), ...rest].map(({ relativePath }) => `/${relativePath}`);
    expect(paths.sort()).to.deep.equal([...top, ...deep].sort());
  });

  it('reads file handles and folder handles', async () => {
    const root = await navigator.storage.getDirectory().catch(() => null);
    // private sessions of WebKit have no origin private file system
    if (!root) return;
    const trip = await root.getDirectoryHandle('trip', { create: true });
    const deep = await trip.getDirectoryHandle('deep', { create: true });
    const handle = await deep.getFileHandle('d', { create: true });
    const found = await readEntriesOf([trip, handle]);
    expect(found.map(({ file, relativePath }) => [file.name, relativePath])).to.deep.equal([
      ['d', 'trip/deep/d'],
      ['d', ''],
    ]);
    expect(await found[1]!.handle!.isSameEntry(handle)).to.be.true;
  });
});
