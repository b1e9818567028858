import { expect } from '@open-wc/testing';
import type { FileEntry } from '../../../src/engine/index.js';
import { readFiles } from '../../../src/element/input/read-files.js';
import { fileOf } from '../harness.js';

/** Creates a dropped folder that returns a few children per call, as Chromium does. */
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

describe('readFiles', () => {
  it('reads all entries of dropped folders, with their paths', async () => {
    const tree = folder('/trip', [
      leaf('/trip/a'),
      leaf('/trip/b'),
      leaf('/trip/c'),
      folder('/trip/deep', [leaf('/trip/deep/d')]),
    ]);
    const item = { kind: 'file', webkitGetAsEntry: () => tree, getAsFile: () => null };
    let found = 0;
    const entries = await entriesOf({ items: [item], files: [] }, () => found++);
    expect(found, 'onFile is called for each file').to.equal(4);
    expect(entries.map(({ relativePath }) => relativePath)).to.deep.equal([
      'trip/a',
      'trip/b',
      'trip/c',
      'trip/deep/d',
    ]);
  });

  it('reads file handles and folder handles', async () => {
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
