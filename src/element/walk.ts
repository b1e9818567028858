import type { FileEntry } from '../engine/types.js';

/** What the element takes files from. */
export type FileSource = Iterable<File | FileEntry | FileSystemHandle> | DataTransfer | File | FileSystemHandle;

/**
 * Takes the files out of a drop, a paste, a file list or a list of handles; folders are walked.
 * What can be read only while the event is handled is read before the first await.
 * @returns files in the order met, each with its path from the folder down, as `webkitRelativePath` has it
 */
export async function filesOf(source: FileSource): Promise<FileEntry[]> {
  if (isDataTransfer(source)) return fromTransfer(source);
  const items = Symbol.iterator in source ? [...source] : [source];
  const found = await Promise.all(items.map(fromItem));
  return found.flat();
}

// By shape: a DataTransfer of another frame is no instance of ours.
const isDataTransfer = (source: FileSource): source is DataTransfer => 'items' in source && 'files' in source;

async function fromTransfer(transfer: DataTransfer): Promise<FileEntry[]> {
  const items = [...transfer.items].filter((item) => item.kind === 'file');
  const taken = items.map((item) => ({ entry: item.webkitGetAsEntry(), file: item.getAsFile() }));
  if (taken.length === 0) return [...transfer.files].map(fromFile);
  const found = await Promise.all(
    taken.map(async ({ entry, file }) => (entry?.isDirectory ? walkEntry(entry) : file ? [fromFile(file)] : [])),
  );
  return found.flat();
}

async function fromItem(item: File | FileEntry | FileSystemHandle): Promise<FileEntry[]> {
  if (item instanceof File) return [fromFile(item)];
  if ('file' in item) return [item];
  return walkHandle(item, '');
}

const fromFile = (file: File): FileEntry => ({ file, relativePath: file.webkitRelativePath });

async function walkEntry(entry: FileSystemEntry): Promise<FileEntry[]> {
  if (!entry.isDirectory) {
    const file = await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject));
    return [{ file, relativePath: entry.fullPath.replace(/^\//, '') }];
  }
  const found: FileEntry[] = [];
  const directory = (entry as FileSystemDirectoryEntry).createReader();
  for (;;) {
    // Chromium hands out 100 entries at a time; only an empty batch is the end.
    // https://developer.mozilla.org/en-US/docs/Web/API/FileSystemDirectoryReader/readEntries
    const batch = await new Promise<FileSystemEntry[]>((resolve, reject) => directory.readEntries(resolve, reject));
    if (batch.length === 0) return found;
    for (const child of batch) found.push(...(await walkEntry(child)));
  }
}

async function walkHandle(handle: FileSystemHandle, folder: string): Promise<FileEntry[]> {
  const path = folder && `${folder}/${handle.name}`;
  if (handle.kind === 'file') {
    const opened = handle as FileSystemFileHandle;
    return [{ file: await opened.getFile(), relativePath: path, handle: opened }];
  }
  const found: FileEntry[] = [];
  for await (const child of (handle as FileSystemDirectoryHandle).values()) {
    found.push(...(await walkHandle(child, path || handle.name)));
  }
  return found;
}
