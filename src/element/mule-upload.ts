import { adoptStyles, LitElement, type PropertyValues, type TemplateResult } from 'lit';
import { property } from 'lit/decorators.js';
import type { Rules } from '../engine/files/file-entries.js';
import type { Uploader } from '../engine/index.js';
import { NO_PROGRESS } from '../engine/api/status.js';
import type {
  RejectDetail,
  TotalProgress,
  UploadDetail,
  UploadSnapshot,
  UploaderEventMap,
  UploaderStatus,
} from '../engine/api/types.js';
import { DEFAULT_PART_SIZE } from '../limits.js';
import { Actions, type ActionHooks } from './controllers/actions.js';
import { Announcer } from './list/announcer.js';
import { acceptList } from './api/attributes.js';
import { isForSlotted } from './input/clicks.js';
import { FallbackController } from './controllers/fallback-controller.js';
import { focusPlace, refocus } from './controllers/focus.js';
import { isAtRest, isUnderWay } from './form/form-control.js';
import { FormElement } from './form/form-element.js';
import { IntakeController } from './controllers/intake-controller.js';
import { listStyles } from './styles/list-styles.js';
import { showOverlay } from './input/overlay.js';
import { limitsOf } from './api/properties.js';
import { isShown, Refusals, refusalText, type Limits } from './input/rejections.js';
import { RowWindow } from './list/row-window.js';
import { Speeds } from './list/speed-history.js';
import type { MuleStrings } from './i18n/strings.js';
import { styles } from './styles/styles.js';
import { page } from './list/templates.js';
import { Thumbnails } from './list/thumbnails.js';
import { UploaderController } from './controllers/uploader-controller.js';
import { errorText, isUploadError, type Handlers, type Say, type View } from './i18n/status-text.js';
import { filesOf, type FileSource } from './input/read-files.js';
import { translate, Words } from './i18n/localizer.js';

/**
 * A form control that uploads files of any size straight to S3, and goes on from where it stopped.
 *
 * @slot - Text of the drop zone, in place of "or drop it here". An `<input type="file">` here serves until the element
 * is there, which takes it over with the files chosen in it.
 * @slot button - A button of your own in place of ours; a click on it opens the picker.
 * @slot icon - A picture of your own in the drop zone.
 *
 * @fires {CustomEvent} mule-before-add - Gate: cancelled, the file is not taken.
 * @fires {CustomEvent} mule-before-upload - Gate: cancelled, the upload is aborted; `params` can be filled in.
 * @fires {CustomEvent} mule-add - A file was taken.
 * @fires {CustomEvent} mule-start - An upload began.
 * @fires {CustomEvent} mule-pause - An upload was paused.
 * @fires {CustomEvent} mule-resume - A paused upload goes on.
 * @fires {CustomEvent} mule-abort - An upload was aborted.
 * @fires {CustomEvent} mule-status - An upload's status changed.
 * @fires {CustomEvent} mule-reject - A file was not taken.
 * @fires {CustomEvent} mule-recover - Unfinished uploads of an earlier visit were found.
 * @fires {CustomEvent} mule-progress - Bytes went up; at most 10 a second for each upload.
 * @fires {CustomEvent} mule-part - A part is stored.
 * @fires {CustomEvent} mule-retry - Something failed and is tried again.
 * @fires {CustomEvent} mule-network - The network went or came back.
 * @fires {CustomEvent} mule-complete - An upload is stored.
 * @fires {CustomEvent} mule-error - An upload failed, or waits for the page.
 * @fires {CustomEvent} mule-owner-change - Uploads left the list: another user is signed in, the scope changed, or
 * `forget()` was called.
 * @fires {CustomEvent} mule-finish - Nothing is left running.
 * @fires {Event} input - The value changed.
 * @fires {Event} change - The value changed.
 *
 * @csspart dropzone - The area to drop on; holds button and text.
 * @csspart overlay - What covers a larger `drop-target` while files hover over it.
 * @csspart button - The button that opens the picker.
 * @csspart messages - Why files were not taken.
 * @csspart recover - The note on unfinished uploads of earlier visits.
 * @csspart summary - The line of totals above several uploads.
 * @csspart total - The progress bar of them all.
 * @csspart list - The list of uploads.
 * @csspart item - One upload.
 * @csspart thumbnail - A small picture of its image or video.
 * @csspart name - Its file's name.
 * @csspart percent - How much of it is stored.
 * @csspart progress - The track of its progress bar.
 * @csspart bar - The filled part of the track.
 * @csspart map - Which of its parts are stored, on their way, and still to come; drawn in `color`.
 * @csspart status - What it does or waits for.
 * @csspart size - Its size.
 * @csspart retries - How many times something had to be tried again.
 * @csspart speed - Its speed.
 * @csspart time - The time left.
 * @csspart error - Why it waits, in more words.
 * @csspart question - What is asked before stored parts are deleted.
 * @csspart pause - The button that pauses.
 * @csspart resume - The button that starts or resumes.
 * @csspart abort - The button that aborts.
 * @csspart retry - The button that tries again.
 * @csspart choose - The button that chooses the file again.
 * @csspart dismiss - The button that takes an upload off the list.
 *
 * @cssprop --mule-upload-accent - Colour of button, bar and focus ring.
 * @cssprop --mule-upload-on-accent - Colour of text on the accent.
 * @cssprop --mule-upload-success - Colour of what is stored.
 * @cssprop --mule-upload-warning - Colour of what waits.
 * @cssprop --mule-upload-danger - Colour of what failed.
 * @cssprop --mule-upload-muted - Colour of lesser text.
 * @cssprop --mule-upload-line - Colour of lines.
 * @cssprop --mule-upload-surface - Background of the drop zone.
 * @cssprop --mule-upload-track - Background of progress bars.
 * @cssprop [--mule-upload-radius=12px] - Corner radius.
 * @cssprop [--mule-upload-gap=12px] - Space between the blocks.
 * @cssprop [--mule-upload-bar-size=6px] - Height of progress bars.
 * @cssprop [--mule-upload-map-size=8px] - Height of part maps.
 * @cssprop [--mule-upload-list-size=36rem] - Height at which a list of more than a hundred uploads scrolls by itself.
 *
 * @cssstate dragover - Files hover over the drop area.
 * @cssstate uploading - Something is going up.
 * @cssstate waiting - All that runs waits.
 * @cssstate paused - All that is left is paused.
 * @cssstate offline - The browser has no network.
 * @cssstate complete - All is stored.
 * @cssstate failed - All is over, and something failed.
 */
export class MuleUploadElement extends FormElement {
  static override readonly shadowRootOptions: ShadowRootInit = {
    ...LitElement.shadowRootOptions,
    delegatesFocus: true,
  };
  static override readonly styles = [styles, listStyles];

  /**
   * Registers the element; a tag that is taken is left alone.
   * @param registry a scoped registry, where the page has one
   */
  static define(tag = 'mule-upload', registry: CustomElementRegistry = customElements): void {
    if (registry.get(tag)) return;
    // A registry takes a class for one tag only.
    registry.define(tag, registry.getName?.(this) ? class extends this {} : this);
  }

  /**
   * Gives all elements that are in a language its texts, such as those of `mule-upload/strings/de.js`; they follow `lang`.
   * @param language BCP 47 tag
   */
  static translate(language: string, strings: Partial<MuleStrings>): void {
    translate(language, strings);
  }

  /** Texts in place of those of the language, as many as are given. */
  @property({ attribute: false }) strings: Partial<MuleStrings> = {};

  readonly #words = new Words(this);
  readonly #announcer = new Announcer();
  readonly #uploader = new UploaderController(this, {
    changed: () => this.syncForm(),
    told: () => this.tellValue(),
    heard: (type, detail) => this.#hear(type, detail),
  });
  readonly #intake = new IntakeController(this, {
    isDisabled: () => this.isDisabled,
    take: (source, chosen) => this.#take(source, chosen),
  });
  readonly #window = new RowWindow(this);
  readonly #refusals = new Refusals();
  readonly #actions = new Actions(this.#actionHooks());
  readonly #speeds = new Speeds();
  readonly #thumbnails = new Thumbnails(this, {
    isOn: () => !this.noThumbnails,
    isListed: (id) => this.#uploader.has(id),
    fileOf: (id) => (this.#uploader.has(id) ? this.#uploader.current!.fileOf(id) : null),
  });
  #offline = false;
  /** What is shown. */
  #seen: Pick<View, 'uploads' | 'status' | 'progress'> = { uploads: [], status: 'idle', progress: NO_PROGRESS };
  /** Files met so far in folders that are being read. */
  #reading = 0;
  /** Aborted when the form is reset: what is being read then is not added. */
  #adding = new AbortController();
  readonly #fallback = new FallbackController(this, {
    isReady: () => this.#uploader.current !== null,
    take: (files) => this.#take(files),
  });
  #isFocusLost = false;

  constructor() {
    super();
    this.addEventListener('click', (event) => {
      // By `click()` or through a label: what happens to a built-in file input then.
      if (event.composedPath()[0] === this) this.browse();
    });
  }

  /** An uploader of the page's own, shared between elements; its uploads outlive the element. */
  @property({ attribute: false, noAccessor: true })
  get uploader(): Uploader | null {
    return this.#uploader.shared;
  }
  set uploader(uploader: Uploader | null | undefined) {
    this.#uploader.shared = uploader ?? null;
  }

  /** All uploads listed, in the order added. */
  get uploads(): readonly UploadSnapshot[] {
    return this.#uploader.uploads;
  }
  /** Totals over all uploads: bytes, bytes per second, seconds. */
  get progress(): TotalProgress {
    return this.#uploader.progress;
  }
  /** All uploads seen as one. */
  get status(): UploaderStatus {
    return this.#uploader.status;
  }
  /** Opens the file picker; needs a user's gesture, as everywhere. */
  browse(): void {
    this.#intake.browse();
  }

  /**
   * Adds files as if they were picked. Folders are walked; each item that cannot be added is one `mule-reject`.
   * @returns the uploads made of them; none where the form was reset meanwhile
   * @throws TypeError for what is no object
   */
  async add(source: FileSource): Promise<UploadSnapshot[]> {
    this.#forgetMessages();
    const { signal } = this.#adding;
    try {
      const files = await this.#read(source, signal);
      const uploader = this.#uploader.need();
      const adding = uploader.add(files as File[], this.#rules(uploader, signal));
      // rows that wait for the engine's code: no event tells of them
      this.#uploader.follow();
      return await adding;
    } catch (error) {
      if (signal.aborted) return [];
      throw error;
    } finally {
      this.#uploader.follow();
    }
  }

  async #read(source: FileSource, signal: AbortSignal): Promise<unknown[]> {
    let found = 0;
    const onFound = (): void => {
      if (signal.aborted) return;
      found++;
      this.#reading++;
      this.#uploader.refresh();
    };
    try {
      return await filesOf(source, onFound, signal);
    } finally {
      if (!signal.aborted) this.#reading -= found;
    }
  }

  /** Starts one held upload, or all. */
  start(id?: string): void {
    this.#uploader.current?.start(id);
  }
  /** Pauses one upload, or all; stored parts are kept. */
  pause(id?: string): void {
    this.#uploader.current?.pause(id);
  }
  /**
   * Lets one paused upload go on, or all; `file` is the file of one that lost it. Within a user's gesture it asks for
   * leave to read files known from an earlier visit, one after the other. Rejects for another file.
   */
  async resume(id?: string, file?: File | FileSystemFileHandle): Promise<void> {
    await this.#uploader.current?.resume(id, file);
  }
  /** Aborts one upload, or all, here and on the store, and forgets it. */
  abort(id?: string): void {
    this.#uploader.current?.abort(id);
  }
  /** Tries a failed upload again, or all; one that waits tries at once. */
  retry(id?: string): void {
    this.#uploader.current?.retry(id);
  }

  /** Takes one upload that is over off the list. */
  dismiss(id: string): void {
    this.#uploader.current?.dismiss(id);
    this.#uploader.follow();
  }

  /** Takes all uploads that are over off the list. */
  clear(): void {
    this.#uploader.current?.clear();
    this.#uploader.follow();
  }

  /** Resolves once nothing is left to do; paused uploads and those without their file keep it pending. */
  finished(): Promise<UploadSnapshot[]> {
    return this.#uploader.need().finished();
  }

  /**
   * Ends every upload of this scope in this page, clears the value, and wipes what the browser stores of unfinished
   * uploads. Call it at sign-out.
   */
  async forget(): Promise<void> {
    this.value = [];
    this.#stopAdding();
    await this.#uploader.need().forget();
    this.#uploader.follow();
  }

  /**
   * What a server has rendered gives way to the first rendering here, which may be in another language or of another
   * version; files chosen in it, and the focus, stay.
   */
  protected override createRenderRoot(): HTMLElement | DocumentFragment {
    const root = this.shadowRoot;
    if (!root) return super.createRenderRoot();
    this.#fallback.keep(root.querySelectorAll<HTMLInputElement>('input[type=file]'));
    this.#isFocusLost = root.activeElement !== null;
    root.replaceChildren();
    adoptStyles(root, MuleUploadElement.elementStyles);
    return root;
  }

  protected override firstUpdated(): void {
    if (this.#isFocusLost) this.focus();
  }

  protected override update(changed: PropertyValues): void {
    if (changed.size > 0) this.#uploader.configure();
    const place = focusPlace(this.shadowRoot);
    const { uploads, status, progress } = this;
    // looked through once, however many there are
    this.#seen = { uploads, status, progress };
    this.#speeds.note('', progress.speed, performance.now());
    this.#announcer.observe({
      uploads,
      status,
      progress,
      say: this.say,
      format: this.#words.format,
      offline: isOffline(),
    });
    super.update(changed);
    refocus(place, this);
  }

  protected override updated(changed: PropertyValues): void {
    if (changed.size > 0) this.syncForm();
    showOverlay(this.shadowRoot?.querySelector('.overlay') ?? null, this.#intake.wideArea);
    this.internals.role = 'group';
    this.internals.ariaLabel = this.labels.length > 0 ? null : this.say('label');
    const on = new Set<string>([this.status]);
    if (this.#intake.over) on.add('dragover');
    if (this.#offline) on.add('offline');
    for (const state of STATES) {
      if (on.has(state)) this.internals.states.add(state);
      else this.internals.states.delete(state);
    }
  }

  protected override render(): TemplateResult {
    return page(this.#view(), this.#handlers);
  }

  #view(): View {
    const { accept, capture, multiple, directory, isDisabled } = this;
    const { minSize, maxSize } = limitsOf(this);
    return {
      accept: acceptList(accept),
      capture,
      multiple,
      directory,
      minSize,
      maxSize,
      ...this.#seen,
      say: this.say,
      format: this.#words.format,
      adopted: this.formControl.adopted,
      messages: this.#refusals.shown,
      refused: this.#refusals.count,
      reading: this.#reading,
      asked: this.#actions.asked,
      states: (id) => this.#uploader.current?.partStates(id) ?? null,
      speeds: (id) => this.#speeds.of(id),
      thumbnails: this.#thumbnails.made,
      window: this.#window,
      now: Date.now(),
      offline: isOffline(),
      held: this.#uploader.current?.options.autostart === false,
      disabled: isDisabled,
      canDrop: !this.noDrop && !isDisabled,
      over: this.#intake.over,
      overlaid: this.#intake.wideArea !== null,
      invited: [...(this.childNodes ?? [])].some(isInvitation),
      polite: this.#announcer.polite,
      assertive: this.#announcer.assertive,
    };
  }

  protected override get say(): Say {
    return this.#words.say;
  }

  protected override release(ids: readonly string[]): void {
    this.#forgetMessages();
    for (const id of ids) this.#uploader.current?.dismiss(id);
    this.#uploader.follow();
  }

  protected override catchUp(): void {
    this.#uploader.catchUp();
  }

  protected override empty(): void {
    this.#stopAdding();
    for (const { id } of this.uploads.filter(isUnderWay)) this.abort(id);
    this.clear();
  }

  readonly #handlers: Handlers = {
    browse: (event) => {
      if (!event.defaultPrevented && !isForSlotted(event)) this.browse();
    },
    picked: (event) => this.#intake.picked(event.target as HTMLInputElement),
    cancelled: (event) => this.#intake.cancelled(event),
    slotted: () => this.requestUpdate(),
    row: this.#actions.row,
    bulk: this.#actions.bulk,
    key: this.#actions.key,
    dismissMessages: () => this.#forgetMessages(),
  };

  #actionHooks(): ActionHooks {
    const getUploads = (): readonly UploadSnapshot[] => this.uploads;
    return {
      get uploads() {
        return getUploads();
      },
      start: (id) => this.start(id),
      pause: (id) => this.pause(id),
      resume: (id) => this.resume(id),
      abort: (id) => this.abort(id),
      retry: (id) => this.retry(id),
      dismiss: (id) => this.#uploader.current?.dismiss(id),
      clear: () => this.#uploader.current?.clear(),
      choose: (id) => this.#intake.browse(id),
      forgetValue: (value) => {
        this.formControl.replace(this.value.filter((kept) => kept !== value));
        this.#uploader.follow();
        this.tellValue();
      },
      forgetMessages: () => this.#forgetMessages(),
      show: () => this.#uploader.follow(true),
    };
  }

  get #limits(): Limits {
    return { accept: this.accept, ...limitsOf(this), ...(!this.multiple && { maxFiles: 1 }) };
  }

  #rules(uploader: Uploader, signal: AbortSignal): Rules {
    const { accept, maxSize, minSize, maxFiles } = this.#limits;
    const isMany = this.multiple;
    return {
      accept,
      maxSize: maxSize ?? Infinity,
      minSize: minSize ?? 0,
      signal,
      get maxFiles() {
        // What an earlier visit left unfinished must not keep a single file from being taken.
        return isMany ? (maxFiles ?? Infinity) : 1 + uploader.uploads.filter(isAtRest).length;
      },
      onReady: (isAnyAdmitted, listed) => {
        // One file at a time, as in a built-in control: the new one takes the place of what was done.
        if (isMany || !isAnyAdmitted || signal.aborted || listed.some(isUnderWay)) return;
        this.value = [];
        uploader.clear();
      },
    };
  }

  #take(source: FileSource, chosen?: string): void {
    this.#forgetMessages();
    const [file] = chosen && Array.isArray(source) ? (source as (File | FileSystemFileHandle)[]) : [];
    const work = file ? this.resume(chosen, file) : this.add(source);
    work.catch((error: Error) =>
      this.#refuse(isUploadError(error) ? errorText({ name: file?.name ?? '' }, error, this.say) : error.message),
    );
  }

  #hear<K extends keyof UploaderEventMap>(type: K, detail: UploaderEventMap[K]['detail']): void {
    if (type === 'mule-network') this.#offline = !(detail as { online: boolean }).online;
    if (type === 'mule-progress') {
      const { upload } = detail as UploaderEventMap['mule-progress']['detail'];
      if (upload.status === 'uploading' && upload.size > DEFAULT_PART_SIZE)
        this.#speeds.note(upload.id, upload.speed, performance.now());
    }
    if (type === 'mule-complete' || type === 'mule-abort') this.#speeds.forget((detail as UploadDetail).upload.id);
    if (type === 'mule-recover') {
      const { uploads } = detail as { uploads: readonly UploadSnapshot[] };
      this.#announcer.polite = this.say('saidRecover', { count: uploads.length });
    }
    if (type === 'mule-error') {
      const { upload, error } = detail as UploaderEventMap['mule-error']['detail'];
      if (upload.needsFile) this.#announcer.polite = errorText(upload, error, this.say);
    }
    // messages name files of the former owner, who may have been adding some
    if (type === 'mule-owner-change') this.#stopAdding();
    if (type !== 'mule-reject') return;
    const rejection = detail as RejectDetail;
    rejection.message = refusalText(rejection, this.#limits, this.say, this.#words.format);
    if (isShown(rejection.code)) this.#refuse(rejection.message);
  }

  /** Ends what is still being read, and takes back what was said of files. */
  #stopAdding(): void {
    this.#adding.abort();
    this.#adding = new AbortController();
    this.#reading = 0;
    this.#refusals.clear();
    this.#announcer.silence();
    this.requestUpdate();
  }

  #forgetMessages(): void {
    if (this.#refusals.count === 0) return;
    this.#refusals.clear();
    this.#announcer.assertive = '';
    this.requestUpdate();
  }

  #refuse(message: string): void {
    this.#refusals.add(message);
    this.#announcer.assertive = this.#refusals.spoken;
    this.#uploader.refresh();
  }
}

const STATES = ['uploading', 'waiting', 'paused', 'complete', 'failed', 'dragover', 'offline'] as const;

// Only a clear no counts: a server that renders the element has no such property.
const isOffline = (): boolean => globalThis.navigator?.onLine === false;

const isInvitation = (node: ChildNode): boolean =>
  node instanceof Element ? node.slot === '' : node instanceof Text && node.data.trim() !== '';

declare global {
  interface HTMLElementTagNameMap {
    'mule-upload': MuleUploadElement;
  }
}
