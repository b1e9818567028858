import type { FileEntry, FileHandle } from '../engine/types.js';

/** What the element takes files from. */
export type FileSource = Iterable<File | FileEntry | FileSystemHandle> | DataTransfer | File | FileSystemHandle;

/**
 * Takes the files out of a drop, a paste, a file list or a list of handles; folders are walked.
 * What can be read only while the event is handled is read before the first await.
 * @param onFound hears of each file that was found in a folder
 * @returns files in the order met, each with its path from the folder down, as `webkitRelativePath` has it
 */
export async function filesOf(source: FileSource, onFound: () => void = () => {}): Promise<FileEntry[]> {
  if (isDataTransfer(source)) return fromTransfer(source, onFound);
  const items = Symbol.iterator in source ? [...source] : [source];
  if (items.every((item) => item instanceof File)) return items.map(fromFile);
  const found = await Promise.all(items.map((item) => fromItem(item, onFound)));
  return found.flat();
}

// By shape: a DataTransfer of another frame is no instance of ours.
const isDataTransfer = (source: FileSource): source is DataTransfer => 'items' in source && 'files' in source;

async function fromTransfer(transfer: DataTransfer, onFound: () => void): Promise<FileEntry[]> {
  const items = [...transfer.items].filter((item) => item.kind === 'file');
  const taken = items.map((item) => ({
    entry: item.webkitGetAsEntry(),
    file: item.getAsFile(),
    handle: handleOf(item),
  }));
  if (taken.length === 0) return [...transfer.files].map(fromFile);
  const found = await Promise.all(
    taken.map(async ({ entry, file, handle }) => {
      if (entry?.isDirectory) return walkEntry(entry, onFound);
      return file ? [{ ...fromFile(file), handle: await handle }] : [];
    }),
  );
  return found.flat();
}

/** Chromium's way to open a dropped file again in the next visit; files that a script dropped have none. */
async function handleOf(item: DataTransferItem & { getAsFileSystemHandle?(): Promise<FileSystemHandle | null> }) {
  const handle = await item.getAsFileSystemHandle?.().catch(() => null);
  return handle?.kind === 'file' ? (handle as FileHandle) : undefined;
}

async function fromItem(item: File | FileEntry | FileSystemHandle, onFound: () => void): Promise<FileEntry[]> {
  if (item instanceof File) return [fromFile(item)];
  if ('file' in item) return [item];
  return walkHandle(item, '', onFound);
}

const fromFile = (file: File): FileEntry => ({ file, relativePath: file.webkitRelativePath });

async function walkEntry(entry: FileSystemEntry, onFound: () => void): Promise<FileEntry[]> {
  if (!entry.isDirectory) {
    const file = await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject));
    onFound();
    return [{ file, relativePath: entry.fullPath.replace(/^\//, '') }];
  }
  const found: FileEntry[] = [];
  const directory = (entry as FileSystemDirectoryEntry).createReader();
  for (;;) {
    // Chromium hands out 100 entries at a time; only an empty batch is the end.
    // https://developer.mozilla.org/en-US/docs/Web/API/FileSystemDirectoryReader/readEntries
    const batch = await new Promise<FileSystemEntry[]>((resolve, reject) => directory.readEntries(resolve, reject));
    if (batch.length === 0) return found;
    // Each file is a question to the browser's own process: those of a batch are asked for together.
    const children = await Promise.all(batch.map((child) => walkEntry(child, onFound)));
    for (const child of children) for (const file of child) found.push(file);
  }
}

async function walkHandle(handle: FileSystemHandle, folder: string, onFound: () => void): Promise<FileEntry[]> {
  const path = folder && `${folder}/${handle.name}`;
  if (handle.kind === 'file') {
    const opened = handle as FileSystemFileHandle;
    if (path) onFound();
    return [{ file: await opened.getFile(), relativePath: path, handle: opened }];
  }
  const found: FileEntry[] = [];
  for await (const child of (handle as FileSystemDirectoryHandle).values()) {
    for (const file of await walkHandle(child, path || handle.name, onFound)) found.push(file);
  }
  return found;
}
