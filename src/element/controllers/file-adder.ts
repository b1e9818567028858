import type { RejectDetail } from '../../engine/api/types.js';
import type { UploadSnapshot } from '../../engine/api/types.js';
import type { Rules } from '../../engine/files/file-entries.js';
import type { Uploader } from '../../engine/index.js';
import { limitsOf, type UploadProperties } from '../api/properties.js';
import { isAwaitingUser, isPending } from '../api/upload-state.js';
import type { Localizer } from '../i18n/localizer.js';
import { errorText, isUploadError } from '../i18n/error-text.js';
import { readFiles, type FileSource } from '../input/read-files.js';
import { isShownToUser, RejectionMessages, rejectionText, type Limits } from '../input/rejections.js';
import type { LiveRegions } from '../input/live-regions.js';
import type { UploaderController } from './uploader-controller.js';

/** Adds files to the uploader: reads folders, applies the element's limits, and collects messages about rejected files. */
export class FileAdder {
  readonly messages = new RejectionMessages();
  /** Number of files found so far in folders that are being read. */
  filesRead = 0;
  #addAbort = new AbortController();

  constructor(
    private readonly host: UploadProperties & { value: readonly string[] },
    private readonly uploader: UploaderController,
    private readonly localizer: Localizer,
    private readonly liveRegions: LiveRegions,
  ) {}

  /**
   * Adds files. With `multiple`, the first files of a folder are added, and start, while the others are being read.
   * @returns the added uploads; none if `stop()` was called in the meantime
   */
  async add(source: FileSource): Promise<UploadSnapshot[]> {
    this.clearMessages();
    const { signal } = this.#addAbort;
    const adding: Promise<UploadSnapshot[]>[] = [];
    let expectedFiles = 0;
    const addFiles = (files: unknown[], arePart = true): void => {
      const uploader = this.uploader.getOrCreate();
      this.uploader.expectFiles(files.length);
      expectedFiles += files.length;
      adding.push(uploader.add(files as File[], this.#rules(uploader, signal, arePart ? readEnd : undefined)));
      // uploads that are listed before the engine is loaded fire no event
      this.uploader.updateSoon();
    };
    const reading = this.#read(source, signal, this.host.multiple ? addFiles : undefined).then((rest) =>
      addFiles(rest, adding.length > 0),
    );
    // resolves after an abort too
    const readEnd = reading.catch(() => {});
    try {
      await reading;
      return (await Promise.all(adding)).flat();
    } catch (error) {
      if (signal.aborted) return [];
      throw error;
    } finally {
      this.uploader.expectFiles(-expectedFiles);
      this.uploader.update();
    }
  }

  /**
   * Adds what the user has picked, dropped or pasted, and shows errors as messages.
   * @param reselectedId ID of the upload whose file the user has chosen again
   */
  addFromUser(source: FileSource, reselectedId?: string): void {
    this.clearMessages();
    const [file] = reselectedId && Array.isArray(source) ? (source as (File | FileSystemFileHandle)[]) : [];
    const adding = file ? this.uploader.current?.resume(reselectedId, file) : this.add(source);
    adding?.catch((error: Error) => {
      const { name = '' } = file ?? {};
      this.#show(isUploadError(error) ? errorText({ name }, error, this.localizer.translate) : error.message);
    });
  }

  /** Sets the message of a rejection in the user's language, and shows it. */
  onReject(rejection: RejectDetail): void {
    const { translate, format } = this.localizer;
    rejection.message = rejectionText(rejection, this.#limits, translate, format);
    if (isShownToUser(rejection.code)) this.#show(rejection.message);
  }

  /** Stops reading folders, and clears all messages. */
  stop(): void {
    this.#addAbort.abort();
    this.#addAbort = new AbortController();
    this.filesRead = 0;
    this.messages.clear();
    this.liveRegions.clear();
    this.host.requestUpdate();
  }

  clearMessages(): void {
    if (this.messages.count === 0) return;
    this.messages.clear();
    this.liveRegions.assertive = '';
    this.host.requestUpdate();
  }

  async #read(source: FileSource, signal: AbortSignal, onBatch?: (files: unknown[]) => void): Promise<unknown[]> {
    let filesFound = 0;
    const onFile = (): void => {
      if (signal.aborted) return;
      filesFound++;
      this.filesRead++;
      this.uploader.updateSoon();
    };
    try {
      return await readFiles(source, { onFile, onBatch, signal });
    } finally {
      if (!signal.aborted) this.filesRead -= filesFound;
    }
  }

  get #limits(): Limits {
    const { accept, multiple } = this.host;
    return { accept, ...limitsOf(this.host), ...(!multiple && { maxFiles: 1 }) };
  }

  #rules(uploader: Uploader, signal: AbortSignal, readEnd?: Promise<void>): Rules {
    const { accept, maxSize, minSize, maxFiles } = this.#limits;
    const { host } = this;
    const { multiple } = host;
    return {
      accept,
      maxSize: maxSize ?? Infinity,
      minSize: minSize ?? 0,
      signal,
      readEnd,
      get maxFiles() {
        // unfinished uploads of an earlier page load do not count
        return multiple ? (maxFiles ?? Infinity) : 1 + uploader.uploads.filter(isAwaitingUser).length;
      },
      onReady: (isAnyAdmitted, listed) => {
        // without `multiple`, a new file replaces the previous one, as in a native control
        if (multiple || !isAnyAdmitted || signal.aborted || listed.some(isPending)) return;
        host.value = [];
        uploader.clear();
      },
    };
  }

  #show(message: string): void {
    this.messages.add(message);
    this.liveRegions.assertive = this.messages.announcement;
    this.uploader.refresh();
  }
}
