import { faultyEntry, isSystemFile, listOf, type Entry } from '../../engine/files/file-entries.js';
import type { FileEntry, FileHandle } from '../../engine/api/types.js';

/** What the element takes files from. */
export type FileSource =
  Iterable<File | Blob | FileEntry | FileSystemHandle> | DataTransfer | File | Blob | FileSystemHandle;

/** An item of a drop, read while its event is handled. */
interface DroppedItem {
  readonly entry: FileSystemEntry | null;
  readonly file: File | null;
  readonly handle: Promise<FileHandle | undefined>;
  readonly type: string;
}

/** Files that were read in folders. */
interface Walk {
  /** Called for each file found in a folder. */
  readonly onFound: () => void;
  /** Aborted: nothing more is read. */
  readonly signal: AbortSignal | undefined;
}

/**
 * Reads the files of a drop, a paste, a file list or a list of handles; folders are walked.
 * What can be read only while the event is handled is read before the first await.
 * @param onFound called for each file found in a folder
 * @returns in the order met, each with its path from the folder down, as `webkitRelativePath` has it. What cannot be
 * read, and system files, are entries with a fault; what is no file is passed on as it is
 * @throws TypeError for what is no object
 * @throws the signal's reason when aborted
 */
export async function filesOf(
  source: unknown,
  onFound: () => void = () => {},
  signal?: AbortSignal,
): Promise<unknown[]> {
  const found = await Promise.all(itemsOf(source).map((item) => readItem(item, { onFound, signal })));
  signal?.throwIfAborted();
  return found.flat();
}

/** Lists what was given; a drop's items are read at once, since they are gone once its event is over. */
export function itemsOf(source: unknown): unknown[] {
  const list = listOf(source);
  // By shape: a DataTransfer of another frame is no instance of ours.
  const { items, files } = source as Partial<DataTransfer>;
  if (!items || !files) return list;
  const dropped = [...items]
    .filter(({ kind }) => kind === 'file')
    .map((item): DroppedItem => ({
      entry: item.webkitGetAsEntry(),
      file: item.getAsFile(),
      handle: handleOf(item),
      type: item.type,
    }));
  return dropped.length > 0 ? dropped : [...files];
}

/** Chromium's way to open a dropped file again in the next visit; files that a script dropped have none. */
async function handleOf(item: DataTransferItem & { getAsFileSystemHandle?(): Promise<FileSystemHandle | null> }) {
  const handle = await item.getAsFileSystemHandle?.().catch(() => null);
  return handle?.kind === 'file' ? (handle as FileHandle) : undefined;
}

const isDropped = (item: object): item is DroppedItem => 'entry' in item && 'handle' in item;

async function readItem(item: unknown, walk: Walk): Promise<unknown> {
  if (Object(item) !== item) return item;
  if (isDropped(item as object)) {
    const { entry, file, handle, type } = item as DroppedItem;
    if (entry?.isDirectory) return walkEntry(entry, walk);
    return file ? { file, handle: await handle } : faultyEntry(entry?.name ?? type, 'unreadable');
  }
  const { kind, getFile, values } = item as Partial<FileSystemFileHandle & FileSystemDirectoryHandle>;
  const isHandle = getFile ?? (kind && values);
  return isHandle ? walkHandle(item as FileSystemHandle, '', walk) : item;
}

/**
 * Reads one file or folder into a list. One that cannot be read costs nothing but itself.
 * @param path from the folder down; empty for a single file
 */
async function readSafely(
  { name }: { readonly name: string },
  path: string,
  { signal }: Walk,
  read: (found: Entry[]) => Promise<void>,
): Promise<Entry[]> {
  if (isSystemFile(path)) return [faultyEntry(name, 'system-file', path)];
  signal?.throwIfAborted();
  const found: Entry[] = [];
  await read(found).catch(() => found.push(faultyEntry(name, 'unreadable', path)));
  return found;
}

const walkEntry = (entry: FileSystemEntry, walk: Walk): Promise<Entry[]> => {
  const path = entry.fullPath.replace(/^\//, '');
  return readSafely(entry, path, walk, async (found) => {
    if (!entry.isDirectory) {
      const file = await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject));
      walk.onFound();
      found.push({ file, relativePath: path });
      return;
    }
    const directory = (entry as FileSystemDirectoryEntry).createReader();
    for (;;) {
      // Chromium hands out 100 entries at a time; only an empty batch is the end.
      // https://developer.mozilla.org/en-US/docs/Web/API/FileSystemDirectoryReader/readEntries
      const batch = await new Promise<FileSystemEntry[]>((resolve, reject) => directory.readEntries(resolve, reject));
      if (batch.length === 0) return;
      // Each file is a question to the browser's own process: those of a batch are asked for together.
      const children = await Promise.all(batch.map((child) => walkEntry(child, walk)));
      for (const child of children) for (const file of child) found.push(file);
    }
  });
};

const walkHandle = (handle: FileSystemHandle, folder: string, walk: Walk): Promise<Entry[]> => {
  const path = folder && `${folder}/${handle.name}`;
  return readSafely(handle, path, walk, async (found) => {
    if (handle.kind === 'file') {
      const opened = handle as FileSystemFileHandle;
      const file = await opened.getFile();
      if (path) walk.onFound();
      found.push({ file, relativePath: path, handle: opened });
      return;
    }
    for await (const child of (handle as FileSystemDirectoryHandle).values())
      for (const file of await walkHandle(child, path || handle.name, walk)) found.push(file);
  });
};
