import { adoptStyles, LitElement, nothing, type PropertyValues, type TemplateResult } from 'lit';
import { property } from 'lit/decorators.js';
import type { TotalProgress, UploadSnapshot, UploaderStatus } from '../engine/api/types.js';
import type { Uploader } from '../engine/index.js';
import { normalizeAccept } from './api/attributes.js';
import { emit, type MuleEventMap } from './api/events.js';
import { formValueOf, limitsOf } from './api/properties.js';
import { isPending } from './api/upload-state.js';
import { FallbackController } from './controllers/fallback-controller.js';
import { FileAdder } from './controllers/file-adder.js';
import { captureFocus, restoreFocus } from './controllers/focus.js';
import { IntakeController } from './controllers/intake-controller.js';
import { LazyList } from './controllers/lazy-list.js';
import { UploaderController } from './controllers/uploader-controller.js';
import { FormElement } from './form/form-element.js';
import { toStoredFiles } from './form/stored-file.js';
import { Localizer, setTranslation } from './i18n/localizer.js';
import { errorText } from './i18n/error-text.js';
import type { MuleStrings } from './i18n/strings.js';
import type { Translate } from './i18n/translate.js';
import { isOnSlottedControl } from './input/clicks.js';
import { elementTemplate, type ElementHandlers, type ElementView } from './input/element-template.js';
import { LiveRegions } from './input/live-regions.js';
import { showOverlay } from './input/overlay.js';
import type { FileSource } from './input/read-files.js';
import type { ListState } from './list/view.js';
import { baseStyles } from './styles/base-styles.js';
import { dropzoneStyles } from './styles/dropzone-styles.js';
import { mediaStyles } from './styles/media-styles.js';

const STATES = ['uploading', 'waiting', 'paused', 'complete', 'failed', 'dragover', 'offline'] as const;
// `mule-network` is not enough: the engine listens only while uploads run
const NETWORK_EVENTS = ['online', 'offline'] as const;

/**
 * A form control that uploads files of any size directly to S3, and resumes after interruptions.
 *
 * @slot - Text of the drop zone; replaces "or drop it here". An `<input type="file">` in this slot works without scripts;
 * the element replaces it and uploads the files chosen in it.
 * @slot button - Replaces the button. A click on it opens the picker.
 * @slot icon - Replaces the icon of the drop zone.
 *
 * @fires {CustomEvent} mule-before-add - A file is about to be added. Cancel the event to reject the file.
 * @fires {CustomEvent} mule-before-upload - An upload is about to start. Cancel the event to abort it; set `detail.params`
 * to send values to the signer.
 * @fires {CustomEvent} mule-remove - The user is about to remove an uploaded file: `detail.upload`, or `detail.value`, a key
 * that was stored earlier. Cancel the event to keep it.
 * @fires {CustomEvent} mule-add - A file was added.
 * @fires {CustomEvent} mule-start - An upload started.
 * @fires {CustomEvent} mule-pause - An upload was paused.
 * @fires {CustomEvent} mule-resume - An upload was resumed.
 * @fires {CustomEvent} mule-abort - An upload was aborted.
 * @fires {CustomEvent} mule-status - The status of an upload changed.
 * @fires {CustomEvent} mule-reject - A file was not added.
 * @fires {CustomEvent} mule-recover - Unfinished uploads of an earlier page load were found.
 * @fires {CustomEvent} mule-progress - Bytes of an upload were sent; at most 10 times a second for each upload.
 * @fires {CustomEvent} mule-part - A part was stored.
 * @fires {CustomEvent} mule-retry - A request failed and will be retried.
 * @fires {CustomEvent} mule-network - The browser went offline or online.
 * @fires {CustomEvent} mule-complete - An upload is complete: S3 has stored the object.
 * @fires {CustomEvent} mule-error - An upload failed, or waits for something that the page or the user has to do.
 * @fires {CustomEvent} mule-owner-change - Uploads were removed from the list, because another user is signed in, the
 * scope changed, or `forget()` was called.
 * @fires {CustomEvent} mule-finish - No upload is running or queued any more; paused ones may remain.
 * @fires {Event} input - The value changed.
 * @fires {Event} change - The value changed.
 *
 * @csspart dropzone - The drop zone, which contains the button and the text.
 * @csspart overlay - The overlay over a larger `drop-target` while files are dragged over it.
 * @csspart button - The button that opens the picker.
 * @csspart messages - The messages about files that were not added.
 * @csspart recover - The note on unfinished uploads of an earlier page load.
 * @csspart summary - The totals of several uploads.
 * @csspart total - The progress bar of all uploads.
 * @csspart list - The list of uploads.
 * @csspart item - One upload.
 * @csspart thumbnail - The thumbnail of an image or a video.
 * @csspart name - The name of the file.
 * @csspart link - The link around the name of an object in `value` that has a `url`.
 * @csspart percent - The stored share of the file, in percent.
 * @csspart progress - The track of the progress bar.
 * @csspart bar - The filled part of the track.
 * @csspart map - The segments of the progress bar of an upload of several parts, in place of `bar`: parts stored, in flight
 * and missing; drawn in `color`.
 * @csspart status - The text of the status.
 * @csspart size - The size of the file.
 * @csspart retries - The number of retries.
 * @csspart speed - The speed of the upload.
 * @csspart time - The time left.
 * @csspart error - The error because of which an upload waits.
 * @csspart question - The question before stored parts are deleted.
 * @csspart pause - The button that pauses an upload.
 * @csspart resume - The button that starts or resumes an upload.
 * @csspart abort - The button that aborts an upload.
 * @csspart retry - The button that retries an upload.
 * @csspart choose - The button that opens the picker for a missing file.
 * @csspart dismiss - The button that removes an upload from the list.
 *
 * @cssprop --mule-upload-accent - Color of the button, progress bars and focus ring.
 * @cssprop --mule-upload-on-accent - Color of text on the accent color.
 * @cssprop --mule-upload-success - Color of complete uploads.
 * @cssprop --mule-upload-warning - Color of waiting uploads.
 * @cssprop --mule-upload-danger - Color of failed uploads.
 * @cssprop --mule-upload-muted - Color of secondary text.
 * @cssprop --mule-upload-line - Color of borders.
 * @cssprop --mule-upload-surface - Background of the drop zone.
 * @cssprop --mule-upload-track - Background of progress bars.
 * @cssprop [--mule-upload-radius=12px] - Corner radius.
 * @cssprop [--mule-upload-gap=12px] - Space between blocks.
 * @cssprop [--mule-upload-bar-size=6px] - Height of progress bars.
 * @cssprop [--mule-upload-map-size=8px] - Height of progress bars with segments.
 * @cssprop [--mule-upload-list-size=36rem] - Maximum height of a list of more than 100 uploads, which then scrolls.
 *
 * @cssstate dragover - Files are dragged over the drop area.
 * @cssstate uploading - An upload is in progress.
 * @cssstate waiting - All uploads in progress wait.
 * @cssstate paused - All uploads that have not ended are paused.
 * @cssstate offline - The browser is offline.
 * @cssstate complete - All uploads are complete.
 * @cssstate failed - All uploads have ended, and at least one failed.
 */
export class MuleUploadElement extends FormElement {
  static override readonly shadowRootOptions: ShadowRootInit = {
    ...LitElement.shadowRootOptions,
    delegatesFocus: true,
  };
  static override readonly styles = [baseStyles, dropzoneStyles, mediaStyles];

  /**
   * Registers the element, unless the tag is already defined.
   * @param registry a scoped registry
   */
  static define(tag = 'mule-upload', registry: CustomElementRegistry = customElements): void {
    if (registry.get(tag)) return;
    // a registry accepts a class for one tag only
    registry.define(tag, registry.getName?.(this) ? class extends this {} : this);
  }

  /**
   * Sets the texts of a language, such as those of `mule-upload/strings/de.js`, for all elements in that language. An
   * element's language is that of the closest `lang` attribute.
   * @param language BCP 47 tag
   */
  static translate(language: string, strings: Partial<MuleStrings>): void {
    setTranslation(language, strings);
  }

  /** Texts of this element; each replaces the one of its language. */
  @property({ attribute: false }) strings: Partial<MuleStrings> = {};

  readonly #localizer = new Localizer(this);
  readonly #liveRegions = new LiveRegions();
  readonly #uploader = new UploaderController(this, {
    syncValue: () => this.syncForm(),
    addValue: (upload) => this.formControl.add(upload, formValueOf(this)),
    onValueChange: () => this.dispatchChange(),
    beforeForward: (type, detail) => this.#eventHandlers[type]?.(detail),
  });
  readonly #adder = new FileAdder(
    this,
    this.#uploader,
    this.#localizer,
    this.#liveRegions,
    () => this.formControl.storedFiles.length,
  );
  readonly #intake = new IntakeController(this, {
    isDisabled: () => this.isDisabled,
    addFiles: (source, reselectedId) => this.#adder.addFromUser(source, reselectedId),
  });
  readonly #list = new LazyList(this, this.#uploader, this.#liveRegions, {
    hasThumbnails: () => !this.noThumbnails,
    hasPartMaps: () => !this.noPartMap,
    choose: (id) => this.#intake.browse(id),
    clearMessages: () => this.#adder.clearMessages(),
    mayRemove: (removed) => emit(this, 'mule-remove', removed),
    removeValue: (value) => {
      this.formControl.replace(toStoredFiles(this.value.filter((kept) => kept !== value)));
      this.#uploader.update();
      this.dispatchChange();
    },
  });
  readonly #fallback = new FallbackController(this, {
    isReady: () => this.#uploader.current !== null,
    addFiles: (files) => this.#adder.addFromUser(files),
  });
  /** The data of the list at the last update. */
  #listState!: ListState;
  /** The message that the list cannot be shown; announced when it first appears. */
  #listFailureMessage = '';
  #hadFocus = false;
  readonly #onNetworkChange = (): void => this.requestUpdate();

  readonly #eventHandlers: { readonly [K in keyof MuleEventMap]?: (detail: MuleEventMap[K]['detail']) => void } = {
    'mule-add': () => this.#replacePrevious(),
    'mule-status': ({ upload }) => {
      // the file of an unfinished upload, which is listed already, was added
      if (upload.status === 'queued') this.#replacePrevious();
    },
    'mule-progress': ({ upload }) => this.#list.current?.onProgress(upload),
    'mule-complete': ({ upload }) => this.#list.current?.onEnd(upload),
    'mule-abort': ({ upload }) => this.#list.current?.onEnd(upload),
    'mule-recover': ({ uploads }) => {
      this.#liveRegions.polite = this.translateText('saidRecover', { count: uploads.length });
    },
    'mule-error': ({ upload, error }) => {
      if (upload.needsFile) this.#liveRegions.polite = errorText(upload, error, this.translateText);
    },
    // the messages contain file names of the former user
    'mule-owner-change': () => this.#adder.stop(),
    'mule-reject': (rejection) => this.#adder.onReject(rejection),
  };

  constructor() {
    super();
    this.addEventListener('click', (event) => {
      // dispatched by `click()` or a label; a native file input opens its picker too
      if (event.composedPath()[0] === this) this.browse();
    });
  }

  /** An `Uploader` that the page has created, to share it between elements. Its uploads continue without the element. */
  @property({ attribute: false, noAccessor: true })
  get uploader(): Uploader | null {
    return this.#uploader.shared;
  }
  set uploader(uploader: Uploader | null | undefined) {
    this.#uploader.shared = uploader ?? null;
  }

  /** All listed uploads, in the order in which they were added. */
  get uploads(): readonly UploadSnapshot[] {
    return this.#uploader.uploads;
  }
  /** Totals of all uploads: bytes, bytes per second, and seconds left. */
  get progress(): TotalProgress {
    return this.#uploader.progress;
  }
  /** The status of all uploads together. */
  get status(): UploaderStatus {
    return this.#uploader.status;
  }

  /** Opens the file picker. Requires a user gesture. */
  browse(): void {
    this.#intake.browse();
  }

  /**
   * Adds files, and the files in folders, as if the user had picked them; also while the element is disabled. Fires
   * `mule-reject` for each item that cannot be added.
   * @returns the added uploads; none if the form was reset in the meantime
   * @throws TypeError if `source` is not an object
   */
  add(source: FileSource): Promise<UploadSnapshot[]> {
    return this.#adder.add(source);
  }

  /** Starts one queued upload, or all. */
  start(id?: string): void {
    this.#uploader.current?.start(id);
  }
  /** Pauses one upload, or all. Stored parts are kept. */
  pause(id?: string): void {
    this.#uploader.current?.pause(id);
  }
  /**
   * Resumes one paused upload, or all. In a user gesture, it asks for permission to read the files of an earlier page load.
   * Rejects if `file` is another file.
   * @param file the file of an upload that lost it
   */
  async resume(id?: string, file?: File | FileSystemFileHandle): Promise<void> {
    await this.#uploader.current?.resume(id, file);
  }
  /** Aborts one upload, or all, and deletes its stored parts. */
  abort(id?: string): void {
    this.#uploader.current?.abort(id);
  }
  /** Retries one failed upload, or all. A waiting upload retries immediately. */
  retry(id?: string): void {
    this.#uploader.current?.retry(id);
  }

  /** Removes one upload that has ended from the list. */
  dismiss(id: string): void {
    this.#uploader.current?.dismiss(id);
    this.#uploader.update();
  }

  /** Removes all uploads that have ended from the list. */
  clear(): void {
    this.#uploader.current?.clear();
    this.#uploader.update();
  }

  /** Resolves when all uploads have ended. Paused uploads, and uploads whose file is missing, keep it pending. */
  finished(): Promise<UploadSnapshot[]> {
    return this.#uploader.getOrCreate().finished();
  }

  /**
   * Removes all uploads of this scope from this page, clears the value, and deletes what the browser has stored for
   * resuming. Call it at sign-out.
   */
  async forget(): Promise<void> {
    this.value = [];
    this.#adder.stop();
    await this.#uploader.getOrCreate().forget();
    this.#uploader.update();
  }

  override connectedCallback(): void {
    super.connectedCallback();
    for (const type of NETWORK_EVENTS) globalThis.addEventListener(type, this.#onNetworkChange);
    // language and network may have changed while the element was elsewhere; the list continues its countdown
    this.requestUpdate();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    for (const type of NETWORK_EVENTS) globalThis.removeEventListener(type, this.#onNetworkChange);
  }

  /** Replaces a server-rendered shadow tree, which may differ from the first rendering; keeps chosen files and focus. */
  protected override createRenderRoot(): HTMLElement | DocumentFragment {
    const root = this.shadowRoot;
    if (!root) return super.createRenderRoot();
    this.#fallback.collectFiles(root.querySelectorAll<HTMLInputElement>('input[type=file]'));
    this.#hadFocus = root.activeElement !== null;
    root.replaceChildren();
    adoptStyles(root, MuleUploadElement.elementStyles);
    return root;
  }

  protected override firstUpdated(): void {
    if (this.#hadFocus) this.focus();
  }

  protected override update(changed: PropertyValues): void {
    if (changed.size > 0) this.#uploader.configure();
    const focus = captureFocus(this.shadowRoot);
    this.#listState = this.#readListState();
    this.#list.current?.observe(this.#listState);
    this.#updateListFailureMessage();
    super.update(changed);
    restoreFocus(focus, this);
  }

  protected override updated(changed: PropertyValues): void {
    if (changed.size > 0) this.syncForm();
    showOverlay(this.shadowRoot?.querySelector('.overlay') ?? null, this.#intake.largeDropArea);
    this.internals.role = 'group';
    this.internals.ariaLabel = this.labels.length > 0 ? null : this.translateText('label');
    const activeStates = new Set<string>([this.status]);
    if (this.#intake.isDragOver) activeStates.add('dragover');
    if (isOffline()) activeStates.add('offline');
    const { states } = this.internals;
    for (const state of STATES) {
      if (activeStates.has(state)) states.add(state);
      else states.delete(state);
    }
  }

  protected override render(): TemplateResult {
    const { accept, capture, multiple, directory, isDisabled } = this;
    const { minSize, maxSize, maxFiles } = limitsOf(this);
    const { translate, format } = this.#localizer;
    const view: ElementView = {
      accept: normalizeAccept(accept),
      capture,
      multiple,
      directory,
      minSize,
      maxSize,
      maxFiles,
      translate,
      format,
      messages: this.#adder.messages.shown,
      rejectedCount: this.#adder.messages.count,
      filesRead: this.#adder.filesRead,
      listFailureMessage: this.#listFailureMessage,
      uploadList: this.#list.current?.render(this.#listState, this.#handlers.browse) ?? nothing,
      disabled: isDisabled,
      canDrop: !this.noDrop && !isDisabled,
      isDragOver: this.#intake.isDragOver,
      hasOverlay: this.#intake.largeDropArea !== null,
      hasSlottedText: [...(this.childNodes ?? [])].some(isSlottedText),
      liveRegions: this.#liveRegions,
    };
    return elementTemplate(view, this.#handlers);
  }

  #readListState(): ListState {
    const { uploads, status, isDisabled } = this;
    const { translate, format } = this.#localizer;
    const { current } = this.#uploader;
    return {
      uploads,
      status,
      translate,
      format,
      storedFiles: this.formControl.storedFiles,
      partStates: (id) => current?.partStates(id) ?? null,
      now: Date.now(),
      offline: isOffline(),
      held: current?.options.autostart === false,
      disabled: isDisabled,
    };
  }

  /** Shows a message while the code of the list cannot be loaded; the uploads continue. */
  #updateListFailureMessage(): void {
    const { uploads, storedFiles, translate } = this.#listState;
    const isHidden = this.#list.isFailing && uploads.length + storedFiles.length > 0;
    const message = isHidden ? translate('waitingEngine') : '';
    if (message && !this.#listFailureMessage) this.#liveRegions.polite = message;
    this.#listFailureMessage = message;
  }

  readonly #handlers: ElementHandlers = {
    browse: (event) => {
      if (!event.defaultPrevented && !isOnSlottedControl(event)) this.browse();
    },
    inputChange: (event) => this.#intake.inputChange(event.target as HTMLInputElement),
    inputCancel: (event) => this.#intake.inputCancel(event),
    slotChange: () => this.requestUpdate(),
    keydown: (event) => this.#list.current?.keydown(event),
    closeMessages: () => this.#adder.clearMessages(),
  };

  /** Removes the previous upload and value if the upload that is now listed replaces them. */
  #replacePrevious(): void {
    if (!this.#adder.takeReplacing()) return;
    const hadValue = this.value.length > 0;
    this.formControl.replace([]);
    this.clear();
    if (hadValue) this.dispatchChange();
  }

  protected override get translateText(): Translate {
    return this.#localizer.translate;
  }

  protected override dismissUploads(ids: readonly string[]): void {
    this.#adder.clearMessages();
    for (const id of ids) this.#uploader.current?.dismiss(id);
    this.#uploader.update();
  }

  protected override abortAndClear(): void {
    this.#adder.stop();
    // also those that are hidden until the signer has confirmed the user
    for (const { id } of this.#uploader.current?.uploads.filter(isPending) ?? []) this.abort(id);
    this.clear();
  }

  protected override syncNow(): void {
    this.#uploader.syncNow();
  }
}

// `navigator.onLine` is undefined on a server
const isOffline = (): boolean => globalThis.navigator?.onLine === false;

/** Whether a child of the element is shown as the text of the drop zone; white space is not. */
const isSlottedText = (node: ChildNode): boolean =>
  node instanceof Element ? node.slot === '' : node instanceof Text && node.data.trim() !== '';

declare global {
  interface HTMLElementTagNameMap {
    'mule-upload': MuleUploadElement;
  }
}
