import { faultyEntry, isSystemFile, listOf, type Entry } from '../../engine/files/file-entries.js';
import type { FileEntry, FileHandle } from '../../engine/api/types.js';

/** The sources of files that `add()` accepts. */
export type FileSource =
  Iterable<File | Blob | FileEntry | FileSystemHandle> | DataTransfer | File | Blob | FileSystemHandle;

/** An item of a drop, read during the event: afterwards the browser returns no data. */
interface DroppedItem {
  readonly entry: FileSystemEntry | null;
  readonly file: File | null;
  readonly handle: Promise<FileHandle | undefined>;
  readonly type: string;
}

/** Number of files found in a folder after which they are passed on, while the folder is still being read. */
const FILES_PER_BATCH = 20;
/** Maximum number of entries of one folder that are read at the same time: Chromium handles their answers in one task. */
const MAX_PARALLEL_READS = 10;

interface ReadOptions {
  /** Called for each file that is found in a folder. */
  readonly onFile?: () => void;
  /** Receives the files of folders while they are being read, at least 20 at a time; they are not returned then. */
  readonly onBatch?: ((files: unknown[]) => void) | undefined;
  /** Stops reading. */
  readonly signal?: AbortSignal;
}

/**
 * Reads the files of a drop, a paste, a file list or a list of handles, including those in folders.
 * Data that is available only during the event is read before the first `await`.
 * @returns the files in the order in which they are found, each with its path from the dropped folder, as in
 * `webkitRelativePath`; without those that `onBatch` has received. Unreadable items and system files are entries with a
 * fault. Other values are returned as they are
 * @throws TypeError if `source` is not an object
 * @throws the signal's reason if aborted
 */
export async function readFiles(source: unknown, options: ReadOptions = {}): Promise<unknown[]> {
  const found = await Promise.all(listItems(source).map((item) => readItem(item, options)));
  options.signal?.throwIfAborted();
  return found.flat();
}

/** Lists the items of a source. Reads a drop's items immediately, because they are gone after the event. */
export function listItems(source: unknown): unknown[] {
  const list = listOf(source);
  // not by `instanceof`: a DataTransfer may come from another frame
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

/** Returns the handle by which Chromium can open a dropped file after a reload; undefined elsewhere. */
async function handleOf(item: DataTransferItem & { getAsFileSystemHandle?(): Promise<FileSystemHandle | null> }) {
  const handle = await item.getAsFileSystemHandle?.().catch(() => null);
  return handle?.kind === 'file' ? (handle as FileHandle) : undefined;
}

const isDropped = (item: object): item is DroppedItem => 'entry' in item && 'handle' in item;

async function readItem(item: unknown, options: ReadOptions): Promise<unknown> {
  if (Object(item) !== item) return item;
  if (isDropped(item as object)) {
    const { entry, file, handle, type } = item as DroppedItem;
    if (entry?.isDirectory) return readEntry(entry, options);
    return file ? { file, handle: await handle } : faultyEntry(entry?.name ?? type, 'unreadable');
  }
  const { kind, getFile, values } = item as Partial<FileSystemFileHandle & FileSystemDirectoryHandle>;
  const isHandle = getFile ?? (kind && values);
  return isHandle ? readHandle(item as FileSystemHandle, '', options) : item;
}

/**
 * Reads one file or folder. If that fails, adds an entry with a fault instead of rejecting, so that the others are read.
 * @param path path from the dropped folder; empty for a single file
 */
async function readSafely(
  { name }: { readonly name: string },
  path: string,
  { signal }: ReadOptions,
  read: (found: Entry[]) => Promise<void>,
): Promise<Entry[]> {
  if (isSystemFile(path)) return [faultyEntry(name, 'system-file', path)];
  signal?.throwIfAborted();
  const found: Entry[] = [];
  await read(found).catch(() => found.push(faultyEntry(name, 'unreadable', path)));
  return found;
}

const readEntry = (entry: FileSystemEntry, options: ReadOptions): Promise<Entry[]> => {
  const path = entry.fullPath.replace(/^\//, '');
  return readSafely(entry, path, options, async (found) => {
    if (!entry.isDirectory) {
      const file = await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject));
      options.onFile?.();
      found.push({ file, relativePath: path });
      return;
    }
    const directory = (entry as FileSystemDirectoryEntry).createReader();
    for (;;) {
      // Chromium returns up to 100 entries per call; an empty batch is the end
      // https://developer.mozilla.org/en-US/docs/Web/API/FileSystemDirectoryReader/readEntries
      const batch = await new Promise<FileSystemEntry[]>((resolve, reject) => directory.readEntries(resolve, reject));
      if (batch.length === 0) return;
      while (batch.length) {
        // in parallel, because each file takes one call to the browser process
        const group = batch.splice(0, MAX_PARALLEL_READS);
        const children = await Promise.all(group.map((child) => readEntry(child, options)));
        for (const child of children) for (const file of child) found.push(file);
        passOn(found, options);
      }
    }
  });
};

const readHandle = (handle: FileSystemHandle, folder: string, options: ReadOptions): Promise<Entry[]> => {
  const path = folder && `${folder}/${handle.name}`;
  return readSafely(handle, path, options, async (found) => {
    if (handle.kind === 'file') {
      const fileHandle = handle as FileSystemFileHandle;
      const file = await fileHandle.getFile();
      if (path) options.onFile?.();
      found.push({ file, relativePath: path, handle: fileHandle });
      return;
    }
    for await (const child of (handle as FileSystemDirectoryHandle).values()) {
      for (const file of await readHandle(child, path || handle.name, options)) found.push(file);
      passOn(found, options);
    }
  });
};

/** Passes on what was found so far, if it is enough for a batch. */
function passOn(found: Entry[], { onBatch, signal }: ReadOptions): void {
  if (onBatch && !signal?.aborted && found.length >= FILES_PER_BATCH) onBatch(found.splice(0));
}
