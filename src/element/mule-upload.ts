import { LitElement, type PropertyValues, type TemplateResult } from 'lit';
import { property } from 'lit/decorators.js';
import { whyRejected } from '../engine/admission.js';
import type { Uploader } from '../engine/index.js';
import type {
  AdmissionRules,
  RejectDetail,
  TotalProgress,
  UploadSnapshot,
  UploaderEventMap,
  UploaderStatus,
} from '../engine/types.js';
import { Announcer } from './announcer.js';
import { actionOf, isForSlotted } from './clicks.js';
import { focusPlace, refocus } from './focus.js';
import { isUnderWay } from './form-control.js';
import { FormElement } from './form-element.js';
import { IntakeController } from './intake-controller.js';
import { listStyles } from './list-styles.js';
import { limitsOf } from './properties.js';
import type { MuleStrings } from './strings.js';
import { styles } from './styles.js';
import { page } from './templates.js';
import { UploaderController } from './uploader-controller.js';
import type { BulkAction, Handlers, RowAction, Say, View } from './view.js';
import { filesOf, type FileSource } from './walk.js';
import { Words } from './words.js';

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

  /** Texts in place of the English ones, as many as are given. */
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
  #offline = false;
  #messages: readonly string[] = [];

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

  /** Takes files as if they were picked. Folders are walked. @returns the uploads made of them */
  async add(source: FileSource): Promise<UploadSnapshot[]> {
    this.#forgetMessages();
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

  protected override update(changed: PropertyValues): void {
    if (changed.size > 0) this.#uploader.configure();
    const place = focusPlace(this.shadowRoot);
    const { uploads, status, progress } = this;
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
    const { accept, capture, multiple, directory, isDisabled, uploads, progress, status } = this;
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
      say: this.say,
      format: this.#words.format,
      adopted: this.formControl.adopted,
      messages: this.#messages,
      now: Date.now(),
      offline: isOffline(),
      held: this.#uploader.current?.options.autostart === false,
      disabled: isDisabled,
      canDrop: !this.noDrop && !isDisabled,
      over: this.#intake.over,
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

  protected override empty(): void {
    this.#messages = [];
    this.#announcer.silence();
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
    row: (event) => this.#actOnRow(event),
    bulk: (event) => this.#actOnAll(actionOf(event)?.dataset['action'] as BulkAction | undefined),
    dismissMessages: () => this.#forgetMessages(),
  };

  #actOnRow(event: Event): void {
    const button = actionOf(event);
    const { id, value } = button?.closest<HTMLElement>('.row')?.dataset ?? {};
    const action = button?.dataset['action'] as RowAction | undefined;
    if (action === 'dismiss' || action === 'forget-value') this.#forgetMessages();
    if (action === 'forget-value') this.formControl.replace(this.value.filter((kept) => kept !== value));
    else if (action === 'choose' && id) this.#intake.browse(id);
    else if (action === 'dismiss' && id) this.#uploader.current?.dismiss(id);
    else if (action && action !== 'choose' && action !== 'dismiss' && id) void this[action](id);
    this.#uploader.follow(true);
    if (action === 'forget-value') this.tellValue();
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

  #take(source: FileSource, chosen?: string): void {
    this.#forgetMessages();
    const file: unknown = Array.isArray(source) ? source[0] : null;
    const work = chosen && file instanceof File ? this.resume(chosen, file) : this.add(source);
    work.catch((error: Error) => this.#refuse(error.message));
  }

  #hear<K extends keyof UploaderEventMap>(type: K, detail: UploaderEventMap[K]['detail']): void {
    if (type === 'mule-network') this.#offline = !(detail as { online: boolean }).online;
    if (type === 'mule-recover') {
      const { uploads } = detail as { uploads: readonly UploadSnapshot[] };
      this.#announcer.polite = this.say('saidRecover', { count: uploads.length });
    }
    const { code, message } = detail as RejectDetail;
    // What the page itself kept out is the page's to explain.
    if (type === 'mule-reject' && code !== 'cancelled') this.#refuse(message);
  }

  #forgetMessages(): void {
    if (this.#messages.length === 0) return;
    this.#messages = [];
    this.#announcer.assertive = '';
    this.requestUpdate();
  }

  #refuse(message: string): void {
    this.#messages = [...this.#messages, message];
    this.#announcer.assertive = this.#messages.slice(0, 3).join(' ');
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
