import { whyRejected } from './admission.js';
import type { Rejection } from './admission.js';
import { UploadError } from './errors.js';
import { fingerprint } from './fingerprint.js';
import type { Roster } from './roster.js';
import type { AdmissionRules, FileEntry, UploaderEventMap } from './types.js';
import type { Upload, UploadFacts } from './upload.js';

type Emit = <K extends keyof UploaderEventMap>(type: K, detail: UploaderEventMap[K]['detail']) => boolean;

/** What becomes of a file that comes in: refused, gone on with, or new; and the page's say in it. */
export class Intake {
  readonly #roster: Roster;
  readonly #emit: Emit;
  readonly #prepared = new WeakMap<Upload, Promise<boolean>>();

  /** @param emit tells the page; false where it cancelled */
  constructor(roster: Roster, emit: Emit) {
    this.#roster = roster;
    this.#emit = emit;
  }

  /** Tells why a file is not taken in; null where it is. */
  refuse({ file, relativePath = '' }: FileEntry, rules: AdmissionRules): Rejection | null {
    if (!this.#emit('mule-before-add', { file, relativePath })) {
      return { code: 'cancelled', message: `“${file.name}” was not accepted by the page.` };
    }
    const listed = this.#roster.all.filter(({ status }) => status !== 'aborted' && status !== 'failed');
    const rejection = whyRejected(file, rules, listed.length);
    if (rejection) return rejection;
    const isListed = listed.some(({ facts }) => isSame(facts, file, relativePath));
    return isListed ? { code: 'duplicate', message: `“${file.name}” is in the list already.` } : null;
  }

  /** Finds the upload that waits for this very file, by content: its name may have changed. */
  async findUnfinished({ file, relativePath = '' }: FileEntry): Promise<Upload | null> {
    const waiting = this.#roster.all.filter(
      ({ status, facts }) =>
        facts.size === file.size
        && (status === 'needs-file' || (status === 'failed' && isSame(facts, file, relativePath))),
    );
    if (!waiting.length) return null;
    const print = await fingerprint(file).catch(() => null);
    const same = waiting.filter((upload) => upload.fingerprint === print);
    return same.find(({ facts }) => isSame(facts, file, relativePath)) ?? (file.size ? same[0] : null) ?? null;
  }

  /**
   * Gives an upload its file back.
   * @throws UploadError `file-changed` for another file than the one that was begun
   */
  async giveFile(upload: Upload, file: File): Promise<void> {
    const { name, size } = upload.facts;
    if (upload.fingerprint && upload.fingerprint !== (await fingerprint(file))) {
      throw new UploadError(
        'file-changed',
        `“${file.name}” is another file, or has changed: choose “${name}” (${size} bytes).`,
      );
    }
    upload.file = file;
  }

  /** Makes an upload ready for init, once: what it is recognised by, and the page's leave. */
  prepare(upload: Upload): Promise<boolean> {
    const known = this.#prepared.get(upload);
    if (known) return known;
    const work = this.#askPage(upload);
    this.#prepared.set(upload, work);
    work.catch(() => this.#prepared.delete(upload));
    return work;
  }

  /** Gives what the upload's file is recognised by. */
  async recognise(upload: Upload): Promise<string> {
    try {
      return (upload.fingerprint ??= await fingerprint(upload.file!));
    } catch (cause) {
      throw new UploadError('file-unreadable', `“${upload.facts.name}” cannot be read: choose it again.`, {
        phase: 'init',
        cause,
      });
    }
  }

  async #askPage(upload: Upload): Promise<boolean> {
    await this.recognise(upload);
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

const isSame = (facts: UploadFacts, { name, size, lastModified }: File, relativePath: string): boolean =>
  facts.name === name
  && facts.size === size
  && facts.lastModified === lastModified
  && facts.relativePath === relativePath;
