import { expect } from '@open-wc/testing';
import type { FileEntry } from '../../../src/engine/index.js';
import { readFiles } from '../../../src/element/input/read-files.js';
import { fileOf } from '../harness.js';

/** A folder entry as a drop gives it, which hands its children out a few at a time, as Chromium does. */
function folder(fullPath: string, children: FileSystemEntry[], batch = 2): FileSystemEntry {
  const rest = [...children];
  const readEntries = (give: (entries: FileSystemEntry[]) => void): void => give(rest.splice(0, batch));
  return {
    isDirectory: true,
    isFile: false,
    fullPath,
    createReader: () => ({ readEntries }),
  } as unknown as FileSystemEntry;
}
const leaf = (fullPath: string): FileSystemEntry =>
  ({
    isDirectory: false,
    isFile: true,
    fullPath,
    file: (give: (file: File) => void) => give(fileOf(fullPath.split('/').at(-1)!)),
  }) as unknown as FileSystemEntry;

const entriesOf = (...given: Parameters<typeof readFiles>): Promise<FileEntry[]> =>
  readFiles(...given) as Promise<FileEntry[]>;

describe('filesOf', () => {
  it('walks dropped folders to the last entry, with paths from the folder down', async () => {
    const tree = folder('/trip', [
      leaf('/trip/a'),
      leaf('/trip/b'),
      leaf('/trip/c'),
      folder('/trip/deep', [leaf('/trip/deep/d')]),
    ]);
    const item = { kind: 'file', webkitGetAsEntry: () => tree, getAsFile: () => null };
    let heard = 0;
    const found = await entriesOf({ items: [item], files: [] }, () => heard++);
    expect(heard, 'each is told of as it is met').to.equal(4);
    expect(found.map(({ relativePath }) => relativePath)).to.deep.equal(['trip/a', 'trip/b', 'trip/c', 'trip/deep/d']);
  });

  it('opens file handles, and walks folder handles', async () => {
    const root = await navigator.storage.getDirectory().catch(() => null);
    // WebKit's private sessions have no such storage
    if (!root) return;
    const trip = await root.getDirectoryHandle('trip', { create: true });
    const deep = await trip.getDirectoryHandle('deep', { create: true });
    const handle = await deep.getFileHandle('d', { create: true });
    const found = await entriesOf([trip, handle]);
    expect(found.map(({ file, relativePath }) => [file.name, relativePath])).to.deep.equal([
      ['d', 'trip/deep/d'],
      ['d', ''],
    ]);
    expect(await found[1]!.handle!.isSameEntry(handle)).to.be.true;
  });
});
