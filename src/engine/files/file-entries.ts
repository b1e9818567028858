/** What comes in as files, recognised by what it can do: a File of another frame is no instance of ours. */
import type { Rejection } from './file-rules.js';
import type { AdmissionRules, FileEntry, RejectCode, UploadSnapshot } from '../api/types.js';

/** Reasons for which an item is refused before its name, type and size are looked at. */
type EntryFault = Extract<RejectCode, 'not-a-file' | 'unreadable' | 'system-file'>;

/** A file to be added, or what stands for one that cannot be. */
export interface Entry extends FileEntry {
  /** The upload's id, where it is listed already. */
  id?: string | undefined;
  /** Whether its row was aborted before the code was there that runs it. */
  isAborted?: boolean;
  /** Why it cannot be added; `file` is then empty, and has the item's name. */
  fault?: Rejection;
}

/** Rules of one call of `add()`. */
export interface Rules extends AdmissionRules {
  /**
   * Called before the first file is added, once unfinished uploads of earlier visits are listed.
   * @param isAnyAdmitted whether name, type and size of one of the files will do
   */
  onReady?(isAnyAdmitted: boolean, listed: readonly UploadSnapshot[]): void;
}

/** Checks for what every Blob and File of every realm can do. */
export const isBlob = (item: unknown): item is Blob => {
  const { size, slice, arrayBuffer } = Object(item) as Partial<Blob>;
  return typeof size === 'number' && typeof slice === 'function' && typeof arrayBuffer === 'function';
};

const FAULTS: Record<EntryFault, string> = {
  unreadable: 'it cannot be read',
  'system-file': 'it is a system file',
  'not-a-file': 'it is no File, Blob or file handle',
};

/**
 * Makes an entry for what cannot be added.
 * @param name of what is no file, what it is
 */
export function faultyEntry(name: string, code: EntryFault, relativePath = ''): Entry {
  const why = name === 'ReadableStream' ? 'streams cannot be uploaded yet' : FAULTS[code];
  const message = `“${relativePath || name}” was not added: ${why}.`;
  return { file: new File([], name), relativePath, fault: { code, message } };
}

/**
 * Lists what was given: one file, or many.
 * @throws TypeError for what is no object
 */
export function listOf(source: unknown): unknown[] {
  if (Object(source) !== source) throw new TypeError(`add() takes files, not ${kindOf(source)}`);
  // the items of a typed array are numbers
  const isList = Symbol.iterator in (source as object) && !ArrayBuffer.isView(source);
  return isList ? [...(source as Iterable<unknown>)] : [source];
}

/** Names what something is: `null`, `string`, `ReadableStream`. */
export const kindOf = (item: unknown): string =>
  Object(item) === item ? Object.prototype.toString.call(item).slice(8, -1) : item === null ? 'null' : typeof item;

/** The family of a type, and a subtype that serves as an extension. */
const BLOB_TYPE = /^(image|audio|video|text)?[^/]*(?:\/(?:x-)?([a-z\d]{2,5})(?![\w.-]))?/;

/** Names given to Blobs, so that one that is added twice is recognised. */
const files = new WeakMap<Blob, File>();
let count = 0;

/** Gives a Blob a name by its type: `image.png`, then `image-2.png`. */
function nameBlob(blob: Blob): File {
  let file = files.get(blob);
  if (!file) {
    const [, family = 'file', subtype = ''] = BLOB_TYPE.exec(blob.type)!;
    const suffix = ++count > 1 ? `-${count}` : '';
    const extension = subtype === 'plain' ? 'txt' : subtype;
    file = new File([blob], family + suffix + (extension && `.${extension}`), { type: blob.type });
    files.set(blob, file);
  }
  return file;
}

/** Files that systems leave in folders and nobody means to upload, and folders that hold nothing else. */
const SYSTEM_FILE =
  /(?:^|\/)(?:\.DS_Store|Thumbs\.db|ehthumbs\.db|desktop\.ini|\._[^/]*|\.AppleDouble|\.(?:Spotlight-V100|Trashes|fseventsd|TemporaryItems)|__MACOSX|System Volume Information|\$RECYCLE\.BIN)(?:\/|$)/i;

/** Checks whether a path below a folder leads to, or through, a hidden file of the system. */
export const isSystemFile = (path = ''): boolean => SYSTEM_FILE.test(path);

/** Makes an entry of one item, whatever it is. */
export function entryOf(item: unknown): Entry {
  const given: Partial<Entry> | null = isBlob(item) ? { file: item as File } : (item as Partial<Entry> | null);
  const { file = item as Blob | null, handle, fault } = given ?? {};
  if (!isBlob(file)) return faultyEntry(kindOf(file), 'not-a-file');
  const named = 'name' in file ? (file as File) : nameBlob(file);
  const relativePath = given?.relativePath ?? named.webkitRelativePath;
  if (isSystemFile(relativePath)) return faultyEntry(named.name, 'system-file', relativePath);
  return { file: named, relativePath, handle, ...(fault && { fault }) };
}
