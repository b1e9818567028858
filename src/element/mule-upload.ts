import { LitElement, type PropertyValues, type TemplateResult } from 'lit';
import { property } from 'lit/decorators.js';
import { whyRejected } from '../engine/admission.js';
import type { Uploader } from '../engine/index.js';
import type {
  AdmissionRules,
  RejectDetail,
  TotalProgress,
  UploadSnapshot,
  UploaderOptions,
  UploaderStatus,
} from '../engine/types.js';
import { Announcer } from './announcer.js';
import type { MuleEventMap } from './events.js';
import { focusPlace, refocus } from './focus.js';
import { FormControl, isUnderWay, restoredValues } from './form-control.js';
import { formatOf, type Format } from './format.js';
import { IntakeController } from './intake-controller.js';
import { formValueOf, limitsOf, optionsOf, UploadProperties } from './properties.js';
import { strings as english, type MuleStrings } from './strings.js';
import { listStyles } from './list-styles.js';
import { styles } from './styles.js';
import { page } from './templates.js';
import { UploaderController } from './uploader-controller.js';
import { sayIn, type BulkAction, type Handlers, type RowAction, type Say, type View } from './view.js';
import { filesOf, type FileSource } from './walk.js';

/**
 * A form control that uploads files of any size straight to S3, and goes on from where it stopped.
 *
 * @slot - Text of the drop zone, in place of "or drop it here".
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
 * @fires {CustomEvent} mule-finish - Nothing is left running.
 * @fires {Event} input - The value changed.
 * @fires {Event} change - The value changed.
 *
 * @csspart dropzone - The area to drop on; holds button and text.
 * @csspart button - The button that opens the picker.
 * @csspart messages - Why files were not taken.
 * @csspart recover - The note on unfinished uploads of earlier visits.
 * @csspart summary - The line of totals above several uploads.
 * @csspart list - The list of uploads.
 * @csspart item - One upload.
 * @csspart name - Its file's name.
 * @csspart percent - How much of it is stored.
 * @csspart progress - The track of its progress bar.
 * @csspart bar - The filled part of the track.
 * @csspart status - What it does or waits for.
 * @csspart size - Its size.
 * @csspart speed - Its speed.
 * @csspart time - The time left.
 * @csspart error - Why it waits, in more words.
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
 *
 * @cssstate dragover - Files hover over the drop area.
 * @cssstate uploading - Something is going up.
 * @cssstate waiting - All that runs waits.
 * @cssstate paused - All that is left is paused.
 * @cssstate offline - The browser has no network.
 * @cssstate complete - All is stored.
 * @cssstate failed - All is over, and something failed.
 */
export class MuleUploadElement extends UploadProperties {
  static readonly formAssociated = true;
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

  /** Texts in place of the English ones, as many as are given. */
  @property({ attribute: false }) strings: Partial<MuleStrings> = {};

  readonly #internals = this.attachInternals();
  readonly #form = new FormControl(this.#internals);
  readonly #uploader = new UploaderController(this);
  readonly #intake = new IntakeController(this);
  readonly #announcer = new Announcer();
  #formDisabled = false;
  #offline = false;
  #messages: readonly string[] = [];
  #said: { strings: Partial<MuleStrings>; format: Format; say: Say } | null = null;

  constructor() {
    super();
    this.addEventListener('click', (event) => {
      // By `click()` or through a label: what happens to a built-in file input then.
      if (event.composedPath()[0] === this) this.browse();
    });
  }

  override attributeChangedCallback(name: string, old: string | null, value: string | null): void {
    super.attributeChangedCallback(name, old, value);
    if (name === 'name' || name === 'required' || name === 'form-value') this.uploadsChanged();
  }

  /** An uploader of the page's own, shared between elements; its uploads outlive the element. */
  @property({ attribute: false, noAccessor: true })
  get uploader(): Uploader | null {
    return this.#uploader.shared;
  }
  set uploader(uploader: Uploader | null | undefined) {
    this.#uploader.shared = uploader ?? null;
  }

  /** The submitted values; setting it adopts keys already stored, `[]` clears. */
  @property({ attribute: false, noAccessor: true })
  get value(): readonly string[] {
    return this.#form.values;
  }
  set value(values: readonly string[]) {
    for (const id of this.#form.replace(values ?? [])) this.#uploader.current?.dismiss(id);
    this.#uploader.follow();
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
  /** The form that the element belongs to. */
  get form(): HTMLFormElement | null {
    return this.#internals.form;
  }
  /** The labels of the element. */
  get labels(): NodeList {
    return this.#internals.labels;
  }
  /** Whether and why the element is invalid. */
  get validity(): ValidityState {
    return this.#internals.validity;
  }
  /** What the browser would say about it. */
  get validationMessage(): string {
    return this.#internals.validationMessage;
  }
  /** Whether the form validates the element at all. */
  get willValidate(): boolean {
    return this.#internals.willValidate;
  }
  /** Whether the element, or a fieldset around it, is disabled. */
  get barred(): boolean {
    return this.disabled || this.#formDisabled;
  }

  /** Opens the file picker; needs a user's gesture, as everywhere. */
  browse(): void {
    this.#intake.browse();
  }

  /** Takes files as if they were picked. Folders are walked. @returns the uploads made of them */
  async add(source: FileSource): Promise<UploadSnapshot[]> {
    const files = await filesOf(source);
    const uploader = this.#uploader.need();
    await uploader.ready;
    const rules = this.#rules(uploader.uploads);
    // One file at a time, as in a built-in control: the new one takes the place of what was done.
    if (
      !this.multiple
      && !uploader.uploads.some(isUnderWay)
      && files.some(({ file }) => !whyRejected(file, rules, 0))
    ) {
      this.value = [];
      uploader.clear();
    }
    const added = await uploader.add(files, rules);
    this.#uploader.follow();
    return added;
  }

  /** Starts one held upload, or all. */
  start(id?: string): void {
    this.#uploader.current?.start(id);
  }
  /** Pauses one upload, or all; stored parts are kept. */
  pause(id?: string): void {
    this.#uploader.current?.pause(id);
  }
  /** Lets one paused upload go on, or all; `file` is the file of one that lost it. Rejects for another file. */
  async resume(id?: string, file?: File): Promise<void> {
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

  /** Wipes what this scope remembers of unfinished uploads, for sign-out. */
  async forget(): Promise<void> {
    await this.#uploader.need().forget();
    this.#uploader.follow();
  }

  /** Tells whether the element is valid; fires `invalid` where it is not. */
  checkValidity(): boolean {
    return this.#internals.checkValidity();
  }
  /** The same, and the browser tells the reader. */
  reportValidity(): boolean {
    return this.#internals.reportValidity();
  }

  /** Makes the element invalid for a reason of the page's own; an empty message takes it back. */
  setCustomValidity(message: string): void {
    this.#form.setCustom(message);
    this.uploadsChanged();
  }

  protected override update(changed: PropertyValues): void {
    if (changed.size > 0) this.#uploader.configure();
    const place = focusPlace(this.shadowRoot);
    const { uploads, status, progress } = this;
    this.#announcer.observe({ uploads, status, progress, say: this.#say, format: this.#format });
    super.update(changed);
    refocus(place, this);
  }

  protected override updated(changed: PropertyValues): void {
    if (changed.size > 0) this.uploadsChanged();
    const { status } = this;
    this.#internals.role = 'group';
    this.#internals.ariaLabel = this.labels.length > 0 ? null : this.#say('label');
    for (const state of ['uploading', 'waiting', 'paused', 'complete', 'failed'] as const)
      this.#setState(state, status === state);
    this.#setState('dragover', this.#intake.over);
    this.#setState('offline', this.#offline);
  }

  protected override render(): TemplateResult {
    return page(this.#view(), this.#handlers);
  }

  #view(): View {
    const { accept, capture, multiple, directory, barred, uploads, progress, status } = this;
    const { minSize, maxSize } = limitsOf(this);
    return {
      accept,
      capture,
      multiple,
      directory,
      minSize,
      maxSize,
      uploads,
      progress,
      status,
      say: this.#say,
      format: this.#format,
      adopted: this.#form.adopted,
      messages: this.#messages,
      now: Date.now(),
      held: this.#uploader.current?.options.autostart === false,
      disabled: barred,
      canDrop: !this.noDrop && !barred,
      over: this.#intake.over,
      invited: [...(this.childNodes ?? [])].some(isInvitation),
      polite: this.#announcer.polite,
      assertive: this.#announcer.assertive,
    };
  }

  get #format(): Format {
    return formatOf(languageOf(this));
  }

  // The same function while texts and language stay: rows that did not change are then skipped.
  get #say(): Say {
    const format = this.#format;
    if (this.#said?.strings !== this.strings || this.#said.format !== format) {
      this.#said = { strings: this.strings, format, say: sayIn({ ...english, ...this.strings }, format) };
    }
    return this.#said.say;
  }

  #setState(state: string, isOn: boolean): void {
    if (isOn) this.#internals.states.add(state);
    else this.#internals.states.delete(state);
  }

  readonly #handlers: Handlers = {
    browse: (event) => {
      if (!event.defaultPrevented && !isForItself(event)) this.browse();
    },
    picked: (event) => this.#intake.picked(event.target as HTMLInputElement),
    cancelled: (event) => this.#intake.cancelled(event),
    slotted: () => this.requestUpdate(),
    row: (event) => this.#actOnRow(event),
    bulk: (event) => this.#actOnAll(actionOf(event)?.dataset['action'] as BulkAction | undefined),
    dismissMessages: () => {
      this.#messages = [];
      this.requestUpdate();
    },
  };

  #actOnRow(event: Event): void {
    const button = actionOf(event);
    const { id, value } = button?.closest<HTMLElement>('.row')?.dataset ?? {};
    const action = button?.dataset['action'] as RowAction | undefined;
    if (action === 'forget-value') this.#form.replace(this.value.filter((kept) => kept !== value));
    else if (action === 'choose' && id) this.#intake.browse(id);
    else if (action === 'dismiss' && id) this.#uploader.current?.dismiss(id);
    else if (action && action !== 'choose' && action !== 'dismiss' && id) void this[action](id);
    this.#uploader.follow(true);
    if (action === 'forget-value') this.valueChanged();
  }

  #actOnAll(action: BulkAction | undefined): void {
    if (action === 'clear') this.#uploader.current?.clear();
    else if (action) void this[action]();
    this.#uploader.follow(true);
  }

  #rules(listed: readonly UploadSnapshot[]): AdmissionRules {
    const { maxSize, minSize, maxFiles } = limitsOf(this);
    // What an earlier visit left unfinished must not keep a single file from being taken.
    const most = this.multiple
      ? (maxFiles ?? undefined)
      : 1 + listed.filter(({ status }) => status === 'needs-file').length;
    return { accept: this.accept, maxSize: maxSize ?? Infinity, minSize: minSize ?? 0, maxFiles: most };
  }

  // What the controllers ask of their host.

  /** @internal */
  uploaderOptions(): UploaderOptions {
    return optionsOf(this);
  }

  /** @internal */
  take(source: FileSource, chosen?: string): void {
    this.#messages = [];
    this.#uploader.refresh();
    const file: unknown = Array.isArray(source) ? source[0] : null;
    if (chosen && file instanceof File) this.resume(chosen, file).catch((error: Error) => this.#refuse(error.message));
    else
      void this.add(source).catch((error: unknown) => console.warn('<mule-upload>: files could not be read.', error));
  }

  /** @internal */
  heard<K extends keyof MuleEventMap>(type: K, detail: MuleEventMap[K]['detail']): void {
    if (type === 'mule-network') this.#offline = !(detail as MuleEventMap['mule-network']['detail']).online;
    if (type === 'mule-recover') {
      const count = (detail as MuleEventMap['mule-recover']['detail']).uploads.length;
      this.#announcer.polite = this.#say('saidRecover', { count });
    }
    const { code, message } = detail as RejectDetail;
    if (type === 'mule-reject' && code !== 'cancelled') this.#refuse(message);
  }

  #refuse(message: string): void {
    this.#messages = [...this.#messages, message];
    this.#announcer.assertive = this.#messages.slice(0, 3).join(' ');
    this.#uploader.refresh();
  }

  /** @internal */
  uploadsChanged(): boolean {
    return this.#form.sync({
      uploads: this.uploads,
      name: this.name,
      required: this.required,
      formValue: formValueOf(this),
      valueMissing: this.#say('valueMissing'),
      stillUploading: (count) => this.#say('stillUploading', { count }),
      anchor: this.shadowRoot?.querySelector<HTMLElement>('.dropzone') ?? undefined,
    });
  }

  /** @internal */
  valueChanged(): void {
    this.dispatchEvent(new Event('input', { bubbles: true, composed: true }));
    this.dispatchEvent(new Event('change', { bubbles: true }));
  }

  formDisabledCallback(disabled: boolean): void {
    this.#formDisabled = disabled;
    this.requestUpdate();
  }

  formResetCallback(): void {
    this.#messages = [];
    this.#form.replace([]);
    for (const { id } of this.uploads.filter(isUnderWay)) this.abort(id);
    this.clear();
  }

  formStateRestoreCallback(state: unknown): void {
    this.value = restoredValues(state);
  }
}

const actionOf = (event: Event): HTMLElement | null => (event.target as Element).closest<HTMLElement>('[data-action]');

/** Whether a click meant something that the page put into the drop zone: a link, a field, a button. */
function isForItself(event: Event): boolean {
  const path = event.composedPath();
  return path
    .slice(0, path.indexOf(event.currentTarget!))
    .some(
      (node) =>
        node instanceof HTMLElement
        && node.getRootNode() !== (event.currentTarget as Element).getRootNode()
        && node.slot !== 'button'
        && node.matches('a[href], button, input, select, textarea, label, summary'),
    );
}

const isInvitation = (node: ChildNode): boolean =>
  node instanceof Element ? node.slot === '' : node instanceof Text && node.data.trim() !== '';

/** The language that applies to an element, through shadow roots. */
function languageOf(element: Element): string {
  for (let at: Element | null = element; at?.closest; at = (at.getRootNode() as Partial<ShadowRoot>).host ?? null) {
    const found = at.closest('[lang]:not([lang=""])');
    if (found) return found.getAttribute('lang')!;
  }
  return '';
}

declare global {
  interface HTMLElementTagNameMap {
    'mule-upload': MuleUploadElement;
  }
}
