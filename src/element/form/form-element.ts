import { property } from 'lit/decorators.js';
import type { UploadSnapshot } from '../../engine/api/types.js';
import { FormControl, isOver, restoredValues, valuesOf } from './form-control.js';
import { formValueOf, UploadProperties } from '../api/properties.js';
import { submitByItself } from './submission.js';
import type { Say } from '../i18n/status-text.js';

/** What every form control has, over `ElementInternals`: value, validity, form, labels, and the browser's callbacks. */
export abstract class FormElement extends UploadProperties {
  static readonly formAssociated = true;

  protected readonly internals = this.attachInternals();
  protected readonly formControl = new FormControl(this.internals);
  #formDisabled = false;
  /** Whether something was stored that the form has not gone off with. */
  #hasNews = false;

  constructor() {
    super();
    this.addEventListener('mule-complete', () => (this.#hasNews = true));
    // the page's own listeners first: they may fill in fields
    this.addEventListener('mule-finish', () => queueMicrotask(() => this.#submitWhenDone()));
  }

  abstract get uploads(): readonly UploadSnapshot[];
  protected abstract readonly say: Say;
  /** Takes completed uploads off the list whose value is no longer wanted, and shows what is left. */
  protected abstract release(ids: readonly string[]): void;
  /** Ends what runs, and empties the list. */
  protected abstract empty(): void;
  /** Takes in what a long list of uploads has been slow to tell. */
  protected abstract catchUp(): void;

  /** The submitted values; setting it adopts keys already stored, `[]` clears. */
  @property({ attribute: false, noAccessor: true })
  get value(): readonly string[] {
    this.catchUp();
    return this.formControl.values;
  }
  set value(values: readonly string[]) {
    this.release(this.formControl.replace(valuesOf(values)));
  }

  /** The form that the element belongs to. */
  get form(): HTMLFormElement | null {
    return this.internals.form;
  }
  /** The labels of the element. */
  get labels(): NodeList {
    return this.internals.labels;
  }
  /** Whether and why the element is invalid. */
  get validity(): ValidityState {
    this.catchUp();
    return this.internals.validity;
  }
  /** What the browser would say about it. */
  get validationMessage(): string {
    this.catchUp();
    return this.internals.validationMessage;
  }
  /** Whether the form validates the element at all. */
  get willValidate(): boolean {
    return this.internals.willValidate;
  }

  override attributeChangedCallback(name: string, old: string | null, value: string | null): void {
    super.attributeChangedCallback(name, old, value);
    if (name === 'name' || name === 'required' || name === 'form-value') this.syncForm();
  }

  /** Tells whether the element is valid; fires `invalid` where it is not. */
  checkValidity(): boolean {
    this.catchUp();
    return this.internals.checkValidity();
  }
  /** The same, and the browser tells the reader. */
  reportValidity(): boolean {
    this.catchUp();
    return this.internals.reportValidity();
  }

  /** Makes the element invalid for a reason of the page's own; an empty message takes it back. */
  setCustomValidity(message: string): void {
    this.formControl.setCustom(message);
    this.syncForm();
  }

  /** Whether the element, or a fieldset around it, is disabled. */
  protected get isDisabled(): boolean {
    return this.disabled || this.#formDisabled;
  }

  /** Brings value and validity up to the uploads. @returns whether an upload changed the value */
  protected syncForm(): boolean {
    return this.formControl.sync({
      uploads: this.uploads,
      name: this.name,
      required: this.required,
      formValue: formValueOf(this),
      valueMissing: this.say('valueMissing'),
      stillUnderWay: (count, arePaused) => this.say(arePaused ? 'stillPaused' : 'stillUploading', { count }),
      anchor: this.#findAnchor(),
    });
  }

  /** Tells the page of a new value, as any form control does. */
  protected tellValue(): void {
    this.dispatchEvent(new Event('input', { bubbles: true, composed: true }));
    this.dispatchEvent(new Event('change', { bubbles: true }));
  }

  /** The button, ours or the page's own: Firefox and WebKit give the focus only to an anchor that takes it itself. */
  #findAnchor(): HTMLElement | undefined {
    const slot = this.shadowRoot?.querySelector<HTMLSlotElement>('slot[name=button]');
    const [button] = slot?.assignedElements({ flatten: true }) ?? [];
    return button instanceof HTMLElement ? button : undefined;
  }

  #submitWhenDone(): void {
    const isDone = this.uploads.every((upload) => isOver(upload) && upload.status !== 'failed');
    if (!this.#hasNews || !isDone || this.value.length === 0) return;
    this.#hasNews = false;
    if (this.submitWhenDone && this.form && !this.isDisabled) submitByItself(this.form);
  }

  formDisabledCallback(disabled: boolean): void {
    this.#formDisabled = disabled;
    this.requestUpdate();
  }

  formResetCallback(): void {
    this.formControl.replace([]);
    this.empty();
  }

  formStateRestoreCallback(state: unknown): void {
    this.value = restoredValues(state);
  }
}
