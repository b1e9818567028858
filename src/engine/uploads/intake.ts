import { rejectionOf } from '../files/file-rules.js';
import type { Rejection } from '../files/file-rules.js';
import type { Entry } from '../files/file-entries.js';
import { fingerprint, isIdentifiedByTime } from '../files/fingerprint.js';
import { identifyFile } from '../resume/identify-file.js';
import type { UploadList } from './upload-list.js';
import type { SmallFileCache } from '../files/small-file-cache.js';
import type { AdmissionRules, FileEntry, UploaderEventMap } from '../api/types.js';
import type { InitGate } from '../signing/init-batcher.js';
import type { Upload } from './upload.js';

type Emit = <K extends keyof UploaderEventMap>(type: K, detail: UploaderEventMap[K]['detail']) => boolean;

/** Decides what happens to an added file: it is rejected, resumes an unfinished upload, or is new. The page may object. */
export class Intake implements InitGate {
  readonly #list: UploadList;
  readonly #emit: Emit;
  readonly #smallFiles: SmallFileCache;
  readonly #prepared = new WeakMap<Upload, Promise<boolean>>();

  /** @param emit dispatches an event; returns false if the page cancelled it */
  constructor(list: UploadList, smallFiles: SmallFileCache, emit: Emit) {
    this.#list = list;
    this.#smallFiles = smallFiles;
    this.#emit = emit;
  }

  /** Returns why a file is not added; null if it is. */
  refuse({ file, relativePath = '', fault }: Entry, rules: AdmissionRules): Rejection | null {
    if (fault) return fault;
    if (!this.#emit('mule-before-add', { file, relativePath })) {
      return { code: 'cancelled', message: `“${file.name}” was not added: the page rejected it.` };
    }
    const rejection = rejectionOf(file, rules, this.#list.listed);
    if (rejection) return rejection;
    const { name, size, lastModified } = file;
    const duplicates = this.#list.duplicatesOf({ name, size, lastModified, relativePath });
    const isListed = [...duplicates].some(({ status }) => status !== 'aborted' && status !== 'failed');
    return isListed ? { code: 'duplicate', message: `“${file.name}” was not added: it is already in the list.` } : null;
  }

  /** Finds the unfinished upload of this file, by its content: its name may have changed. */
  async findUnfinished({ file, relativePath = '' }: FileEntry): Promise<Upload | null> {
    const changed = [...this.#list.withStatus('failed')].find(
      ({ takesChangedFile, facts }) =>
        takesChangedFile && facts.name === file.name && facts.relativePath === relativePath,
    );
    if (changed) return changed;
    const { name, size, lastModified } = file;
    const duplicates = this.#list.duplicatesOf({ name, size, lastModified, relativePath });
    const idle = [...this.#list.withStatus('needs-file'), ...this.#list.withStatus('paused')];
    const waiting = idle
      .filter(({ facts, snapshot }) => facts.size === size && (snapshot.needsFile || snapshot.found))
      .concat([...duplicates].filter(({ status }) => status === 'failed'));
    if (!waiting.length) return null;
    const print = await fingerprint(file).catch(() => null);
    const same = waiting.filter((upload) => upload.fingerprint === print);
    const duplicate = same.find((upload) => duplicates.has(upload));
    // if the bytes are not read, files of one name in two folders are two
    return duplicate ?? (size && !isIdentifiedByTime(file) ? same[0] : null) ?? null;
  }

  /** Prepares an upload for init, once: computes its fingerprint and dispatches `mule-before-upload`. */
  prepare(upload: Upload): Promise<boolean> {
    const known = this.#prepared.get(upload);
    if (known) return known;
    const work = this.#askPage(upload);
    this.#prepared.set(upload, work);
    work.catch(() => this.#prepared.delete(upload));
    return work;
  }

  async #askPage(upload: Upload): Promise<boolean> {
    await identifyFile(upload, this.#smallFiles);
    if (upload.isReleased) return false;
    const waits: Promise<unknown>[] = [];
    const isAllowed = this.#emit('mule-before-upload', {
      upload: upload.snapshot,
      params: upload.params,
      waitUntil: (promise) => waits.push(promise),
    });
    try {
      await Promise.all(waits);
    } catch (error) {
      upload.refuse(error);
      throw error;
    }
    if (!isAllowed) upload.abort();
    return isAllowed;
  }
}
