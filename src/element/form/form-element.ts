import { property } from 'lit/decorators.js';
import type { UploadSnapshot } from '../../engine/api/types.js';
import { formValueOf, UploadProperties } from '../api/properties.js';
import { hasEnded } from '../api/upload-state.js';
import type { Translate } from '../i18n/translate.js';
import { FormValue, parseRestoredValues } from './form-value.js';
import { submitImplicitly } from './implicit-submission.js';
import { toStoredFiles } from './stored-file.js';
import type { StoredFile } from './stored-file.js';

/** The properties, methods and callbacks that every form control has. */
export abstract class FormElement extends UploadProperties {
  static readonly formAssociated = true;

  protected readonly internals = this.attachInternals();
  protected readonly formControl = new FormValue(this.internals);
  /** Whether the browser treats the element as disabled, because of its attribute or of a fieldset. */
  #isFormDisabled = false;
  /** Whether an upload was completed since the form was last submitted or reset. */
  #hasNewValue = false;
  #form: HTMLFormElement | null = null;
  readonly #onSubmit = (): void => void (this.#hasNewValue = false);

  constructor() {
    super();
    this.addEventListener('mule-complete', () => (this.#hasNewValue = true));
    // after the page's own listeners, which may fill in fields
    this.addEventListener('mule-finish', () => queueMicrotask(() => this.#submitIfDone()));
  }

  abstract get uploads(): readonly UploadSnapshot[];
  protected abstract readonly translateText: Translate;
  /** Removes completed uploads whose value was removed, and updates the list. */
  protected abstract dismissUploads(ids: readonly string[]): void;
  /** Aborts all pending uploads and clears the list. */
  protected abstract abortAndClear(): void;
  /** Updates validity and the order of values now if a long list has deferred the update. */
  protected abstract syncNow(): void;

  /**
   * The submitted values. Set it to keys of objects stored earlier, or to objects with a key, and with a name, size, type,
   * url or thumbnail to show; `[]` clears it.
   */
  @property({ attribute: false, noAccessor: true })
  get value(): readonly string[] {
    return this.formControl.values;
  }
  set value(values: readonly (string | StoredFile)[]) {
    const removedIds = this.formControl.replace(toStoredFiles(values));
    if (removedIds === 'described') this.requestUpdate();
    // frameworks assign the same list at each rendering
    else if (removedIds) this.dismissUploads(removedIds);
  }

  /** The form that owns the element, or null. */
  get form(): HTMLFormElement | null {
    return this.internals.form;
  }
  /** The `<label>` elements of the element. */
  get labels(): NodeList {
    return this.internals.labels;
  }
  /** The element's validity state. */
  get validity(): ValidityState {
    this.syncNow();
    return this.internals.validity;
  }
  /** The message that the browser shows while the element is invalid. */
  get validationMessage(): string {
    this.syncNow();
    return this.internals.validationMessage;
  }
  /** Whether the form validates the element. */
  get willValidate(): boolean {
    return this.internals.willValidate;
  }

  override attributeChangedCallback(name: string, old: string | null, value: string | null): void {
    super.attributeChangedCallback(name, old, value);
    if (name === 'name' || name === 'required' || name === 'form-value') this.syncForm();
  }

  /** Returns whether the element is valid; fires `invalid` if it is not. */
  checkValidity(): boolean {
    this.syncNow();
    return this.internals.checkValidity();
  }
  /** Does the same as `checkValidity()`, and shows the validation message to the user. */
  reportValidity(): boolean {
    this.syncNow();
    return this.internals.reportValidity();
  }

  /** Sets a custom validation message, which makes the element invalid; an empty message removes it. */
  setCustomValidity(message: string): void {
    this.formControl.setCustomValidity(message);
    this.syncForm();
  }

  /** Whether the element, or a fieldset around it, is disabled. */
  protected get isDisabled(): boolean {
    return this.disabled || this.#isFormDisabled;
  }

  /** Updates value and validity. @returns whether an upload changed the value */
  protected syncForm(): boolean {
    // else its change would be found here, and not be reported
    this.syncNow();
    return this.formControl.sync({
      uploads: this.uploads,
      name: this.name,
      required: this.required,
      formValue: formValueOf(this),
      valueMissing: this.translateText('valueMissing'),
      pendingMessage: (count, arePaused) => this.translateText(arePaused ? 'stillPaused' : 'stillUploading', { count }),
      anchor: this.#findAnchor(),
    });
  }

  /** Fires `input` and `change`, as native controls do. */
  protected dispatchChange(): void {
    this.dispatchEvent(new Event('input', { bubbles: true, composed: true }));
    this.dispatchEvent(new Event('change', { bubbles: true }));
  }

  /** Returns the button, because Firefox and WebKit focus an anchor only if it is focusable itself. */
  #findAnchor(): HTMLElement | undefined {
    const slot = this.shadowRoot?.querySelector<HTMLSlotElement>('slot[name=button]');
    const [button] = slot?.assignedElements({ flatten: true }) ?? [];
    // a button that a component around the element passes on is outside the element, where an anchor must not be
    const isInside = button && (this.contains(button) || this.shadowRoot!.contains(button));
    return isInside && button instanceof HTMLElement ? button : undefined;
  }

  /** Whether a new value of this element waits for the submission of the form. */
  get #hasToSubmit(): boolean {
    const isDone = this.uploads.every((upload) => hasEnded(upload) && upload.status !== 'failed');
    return this.#hasNewValue && isDone && this.value.length > 0 && this.submitWhenDone && !this.isDisabled;
  }

  /** Submits the form if it waits for an element, which may be another one: that one had to wait for this one. */
  #submitIfDone(): void {
    const { form } = this;
    const elements = [...(form?.elements ?? [])].filter((control) => control instanceof FormElement);
    if (elements.some((element) => element.#hasToSubmit) && submitImplicitly(form!))
      for (const element of elements) element.#hasNewValue = false;
  }

  formAssociatedCallback(form: HTMLFormElement | null): void {
    this.#form?.removeEventListener('submit', this.#onSubmit);
    this.#form = form;
    form?.addEventListener('submit', this.#onSubmit);
  }

  formDisabledCallback(disabled: boolean): void {
    this.#isFormDisabled = disabled;
    this.requestUpdate();
  }

  formResetCallback(): void {
    this.#hasNewValue = false;
    this.formControl.replace([]);
    this.abortAndClear();
  }

  formStateRestoreCallback(state: unknown): void {
    this.value = parseRestoredValues(state);
  }
}
