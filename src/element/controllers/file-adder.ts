import type { RejectDetail } from '../../engine/api/types.js';
import type { UploadSnapshot } from '../../engine/api/types.js';
import type { Rules } from '../../engine/files/file-entries.js';
import type { UploadError, Uploader } from '../../engine/index.js';
import { limitsOf, type UploadProperties } from '../api/properties.js';
import { hasEnded, isAwaitingUser, isPending } from '../api/upload-state.js';
import type { Localizer } from '../i18n/localizer.js';
import { errorText } from '../i18n/error-text.js';
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
  /** The call of `add()` whose first listed file replaces the files that are listed now. */
  #replacingCall: object | null = null;

  constructor(
    private readonly host: UploadProperties,
    private readonly uploader: UploaderController,
    private readonly localizer: Localizer,
    private readonly liveRegions: LiveRegions,
    /** Returns the number of objects stored earlier, which count for `max-files`. */
    private readonly storedCount: () => number,
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
    const addConfirmed = async (uploader: Uploader, files: unknown[], arePart: boolean): Promise<UploadSnapshot[]> => {
      // until then, the uploader's events are not forwarded
      while (this.uploader.confirmation) await this.uploader.confirmation;
      return uploader.add(files as File[], this.#rules(uploader, signal, adding, arePart ? readEnd : undefined));
    };
    const addFiles = (files: unknown[], arePart = true): void => {
      const uploader = this.uploader.getOrCreate();
      this.uploader.expectFiles(files.length);
      expectedFiles += files.length;
      adding.push(addConfirmed(uploader, files, arePart));
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
      if (this.#replacingCall === adding) this.#replacingCall = null;
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
    adding?.catch((error: UploadError) => {
      const { name = '' } = this.uploader.uploads.find(({ id }) => id === reselectedId) ?? {};
      this.#show(errorText({ name }, error, this.localizer.translate));
    });
  }

  /** Sets the message of a rejection in the user's language, and shows it. */
  onReject(rejection: RejectDetail): void {
    const { translate, format } = this.localizer;
    rejection.message = rejectionText(rejection, this.#limits, translate, format);
    if (isShownToUser(rejection.code)) this.#show(rejection.message);
  }

  /** Returns, only once for each call of `add()`, whether the upload that is now listed replaces the previous one. */
  takeReplacing(): boolean {
    const isReplacing = this.#replacingCall !== null;
    this.#replacingCall = null;
    return isReplacing;
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

  #rules(uploader: Uploader, signal: AbortSignal, call: object, readEnd?: Promise<void>): Rules {
    const { accept, maxSize, minSize, maxFiles } = this.#limits;
    const { multiple } = this.host;
    const { storedCount } = this;
    // unfinished uploads of an earlier page load do not count, nor do those that will be replaced
    const isUncounted = (upload: UploadSnapshot): boolean =>
      isAwaitingUser(upload) || (this.#replacingCall === call && hasEnded(upload));
    return {
      accept,
      maxSize: maxSize ?? Infinity,
      minSize: minSize ?? 0,
      signal,
      readEnd,
      get maxFiles() {
        return multiple
          ? Math.max(0, (maxFiles ?? Infinity) - storedCount())
          : 1 + uploader.uploads.filter(isUncounted).length;
      },
      onReady: (isAnyAdmitted, listed) => {
        // Without `multiple`, a new file replaces the previous one, as in a native control, but only once it is listed: the
        // page may cancel `mule-before-add`.
        if (!multiple && isAnyAdmitted && !signal.aborted && !listed.some(isPending)) this.#replacingCall = call;
      },
    };
  }

  #show(message: string): void {
    this.messages.add(message);
    this.liveRegions.assertive = this.messages.announcement;
    this.uploader.refresh();
  }
}
