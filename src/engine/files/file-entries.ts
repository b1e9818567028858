/**
 * Converts the items that `add()` receives into entries. Files are recognised by their members, because `instanceof` fails
 * for a file of another frame.
 */
import type { Rejection } from './file-rules.js';
import type { AdmissionRules, FileEntry, RejectCode, UploadSnapshot } from '../api/types.js';

/** Reasons to reject an item before its name, type and size are checked. */
type EntryFault = Extract<RejectCode, 'not-a-file' | 'unreadable' | 'system-file'>;

/** A file to add, or a placeholder for an item that cannot be added. */
export interface Entry extends FileEntry {
  /** The upload's ID, if it is listed already. */
  id?: string | undefined;
  /** Whether the upload was aborted, is paused, or was started, before the engine has listed it. */
  isAborted?: boolean;
  isPaused?: boolean;
  isStarted?: boolean;
  /** Why the item cannot be added; `file` is then an empty file with the item's name. */
  fault?: Rejection;
}

/** Rules for one call of `add()`. */
export interface Rules extends AdmissionRules {
  /**
   * For each of several calls that add the files of one folder: resolves when the folder has been read. `add()` is pending
   * until then.
   */
  readEnd?: Promise<void> | undefined;
  /**
   * Called before the first file is added, once unfinished uploads of earlier page loads are listed.
   * @param isAnyAdmitted whether name, type and size of at least one file are accepted
   */
  onReady?(isAnyAdmitted: boolean, listed: readonly UploadSnapshot[]): void;
}

/** Whether an item is a Blob or File of any frame. */
export const isBlob = (item: unknown): item is Blob => {
  const given = Object(item) as Partial<Blob>;
  // `size` is not read: in Chromium, that reads the file system and blocks the page
  return typeof given.slice === 'function' && typeof given.arrayBuffer === 'function' && 'size' in given;
};

const FAULTS: Record<EntryFault, string> = {
  unreadable: 'it cannot be read',
  'system-file': 'it is a system file',
  'not-a-file': 'it is not a File, a Blob, or an object with a file',
};

/**
 * Returns an entry for an item that cannot be added.
 * @param name the file's name, or the type of an item that is not a file
 */
export function faultyEntry(name: string, code: EntryFault, relativePath = ''): Entry {
  const reason = name === 'ReadableStream' ? 'streams cannot be uploaded yet' : FAULTS[code];
  const message = `“${relativePath || name}” was not added: ${reason}.`;
  return { file: new File([], name), relativePath, fault: { code, message } };
}

/**
 * Returns the items of a list, or a single item as a list.
 * @throws TypeError for a primitive value
 */
export function listOf(source: unknown): unknown[] {
  if (Object(source) !== source) throw new TypeError(`add() takes files, not ${kindOf(source)}`);
  // a typed array is iterable too, but its items are numbers
  const isList = Symbol.iterator in (source as object) && !ArrayBuffer.isView(source);
  return isList ? [...(source as Iterable<unknown>)] : [source];
}

/** Returns the type of a value for messages: `null`, `string`, `ReadableStream`. */
export const kindOf = (item: unknown): string =>
  Object(item) === item ? Object.prototype.toString.call(item).slice(8, -1) : item === null ? 'null' : typeof item;

/** Matches the top-level type of a media type, and a subtype that can serve as a file extension. */
const BLOB_TYPE = /^(image|audio|video|text)?[^/]*(?:\/(?:x-)?([a-z\d]{2,5})(?![\w.-]))?/;

/** Files created from Blobs. A Blob that is added twice gets the same file, so that the duplicate is recognised. */
const filesByBlob = new WeakMap<Blob, File>();
let namedBlobCount = 0;

/** Returns a file with the Blob's bytes and a name derived from its type: `image.png`, then `image-2.png`. */
function nameBlob(blob: Blob): File {
  let file = filesByBlob.get(blob);
  if (!file) {
    const [, family = 'file', subtype = ''] = BLOB_TYPE.exec(blob.type)!;
    const suffix = ++namedBlobCount > 1 ? `-${namedBlobCount}` : '';
    const extension = subtype === 'plain' ? 'txt' : subtype;
    file = new File([blob], family + suffix + (extension && `.${extension}`), { type: blob.type });
    filesByBlob.set(blob, file);
  }
  return file;
}

/** Hidden files that operating systems create, and folders of such files. */
const SYSTEM_FILE =
  /(?:^|\/)(?:\.DS_Store|Thumbs\.db|ehthumbs\.db|desktop\.ini|\._[^/]*|\.AppleDouble|\.(?:Spotlight-V100|Trashes|fseventsd|TemporaryItems)|__MACOSX|System Volume Information|\$RECYCLE\.BIN)(?:\/|$)/i;

/** Whether a path below a folder contains a hidden file or folder of the operating system. */
export const isSystemFile = (path = ''): boolean => SYSTEM_FILE.test(path);

/** Returns the entry for one item of any kind. */
export function entryOf(item: unknown): Entry {
  const given: Partial<Entry> | null = isBlob(item) ? { file: item as File } : (item as Partial<Entry> | null);
  const { file = item as Blob | null, handle, fault } = given ?? {};
  if (!isBlob(file)) return faultyEntry(kindOf(file), 'not-a-file');
  const namedFile = 'name' in file ? (file as File) : nameBlob(file);
  const relativePath = given?.relativePath ?? namedFile.webkitRelativePath;
  if (isSystemFile(relativePath)) return faultyEntry(namedFile.name, 'system-file', relativePath);
  return { file: namedFile, relativePath, handle, ...(fault && { fault }) };
}
