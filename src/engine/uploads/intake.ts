import { rejectionOf } from '../files/file-rules.js';
import type { Rejection } from '../files/file-rules.js';
import type { Entry } from '../files/file-entries.js';
import { fingerprint, isIdentifiedByTime } from '../files/fingerprint.js';
import { identifyFile } from '../resume/identify-file.js';
import type { UploadList } from './upload-list.js';
import type { SmallFileCache } from '../files/small-file-cache.js';
import type { AdmissionRules, BeforeUploadDetail, FileEntry } from '../api/types.js';
import type { Emit } from '../ports.js';
import type { InitGate } from '../signing/init-batcher.js';
import type { Upload } from './upload.js';

/** Decides whether an added file is rejected, resumes an unfinished upload, or is a new one; asks the page by events. */
export class Intake implements InitGate {
  readonly #list: UploadList;
  readonly #emit: Emit;
  readonly #smallFiles: SmallFileCache;
  readonly #preparations = new WeakMap<Upload, Promise<boolean>>();

  /** @param emit dispatches an event; returns false if the page cancelled it */
  constructor(list: UploadList, smallFiles: SmallFileCache, emit: Emit) {
    this.#list = list;
    this.#smallFiles = smallFiles;
    this.#emit = emit;
  }

  /** Returns why a file is not added; null if it is. */
  findRejection({ file, relativePath = '', fault }: Entry, rules: AdmissionRules): Rejection | null {
    if (fault) return fault;
    if (!this.#emit('mule-before-add', { file, relativePath })) {
      return { code: 'cancelled', message: `“${file.name}” was not added: the page rejected it.` };
    }
    return this.findViolation({ file, relativePath }, rules);
  }

  /** Whether too many files are listed to retry a failed upload, which does not count; dispatches `mule-reject` then. */
  refusesRetry({ status, file }: Upload, { maxFiles = Infinity }: AdmissionRules): boolean {
    const rejection = status === 'failed' && file && rejectionOf(file, { maxFiles }, this.#list.listedCount);
    if (rejection) this.#emit('mule-reject', { file, ...rejection });
    return Boolean(rejection);
  }

  /** Returns why the rules or a listed upload exclude a file; null if they do not. */
  findViolation({ file, relativePath = '' }: Entry, rules: AdmissionRules): Rejection | null {
    const rejection = rejectionOf(file, rules, this.#list.listedCount);
    if (rejection) return rejection;
    const { name, size, lastModified } = file;
    const duplicates = this.#list.duplicatesOf({ name, size, lastModified, relativePath });
    const isListed = [...duplicates].some(({ status }) => status !== 'aborted' && status !== 'failed');
    return isListed ? { code: 'duplicate', message: `“${file.name}” was not added: it is already in the list.` } : null;
  }

  /** Finds the unfinished upload of this file by its fingerprint, because the name may have changed. */
  async findUnfinished({ file, relativePath = '' }: FileEntry): Promise<Upload | null> {
    const changedUpload = [...this.#list.withStatus('failed')].find(
      ({ acceptsChangedFile, facts }) =>
        acceptsChangedFile && facts.name === file.name && facts.relativePath === relativePath,
    );
    if (changedUpload) return changedUpload;
    const { name, size, lastModified } = file;
    const duplicates = this.#list.duplicatesOf({ name, size, lastModified, relativePath });
    const idle = [...this.#list.withStatus('needs-file'), ...this.#list.withStatus('paused')];
    const candidates = idle
      .filter(({ facts, snapshot }) => facts.size === size && (snapshot.needsFile || snapshot.found))
      .concat([...duplicates].filter(({ status }) => status === 'failed'));
    if (!candidates.length) return null;
    const fileFingerprint = await fingerprint(file).catch(() => null);
    const matches = candidates.filter((upload) => upload.fingerprint === fileFingerprint);
    const duplicate = matches.find((upload) => duplicates.has(upload));
    // a fingerprint that was made without reading bytes is the same for files of one name in two folders
    return duplicate ?? (size && !isIdentifiedByTime(file) ? matches[0] : null) ?? null;
  }

  /** Prepares an upload for init, only once: computes its fingerprint and dispatches `mule-before-upload`. */
  async prepare(upload: Upload): Promise<boolean> {
    // only to renew the grant, with which the multipart upload is aborted
    if (upload.status === 'aborted') return true;
    const earlier = this.#preparations.get(upload);
    if (earlier) return earlier;
    const preparation = this.#askPage(upload);
    this.#preparations.set(upload, preparation);
    preparation.catch(() => this.#preparations.delete(upload));
    return preparation;
  }

  async #askPage(upload: Upload): Promise<boolean> {
    await identifyFile(upload, this.#smallFiles);
    if (upload.hasFormerOwner) return false;
    const pagePromises: Promise<unknown>[] = [];
    const detail: BeforeUploadDetail = {
      upload: upload.snapshot,
      params: upload.params,
      waitUntil: (promise) => pagePromises.push(promise),
    };
    const isAllowed = this.#emit('mule-before-upload', detail);
    try {
      await Promise.all(pagePromises);
    } catch (error) {
      upload.refuse(error);
      throw error;
    }
    upload.params = detail.params;
    if (!isAllowed) upload.abort();
    return isAllowed;
  }
}
