import { isPending } from '../api/upload-state.js';
import { toStoredFiles } from './stored-file.js';
import type { StoredFile } from './stored-file.js';
import type { UploadSnapshot } from '../../engine/api/types.js';

/** The data that determines value and validity. */
export interface FormState {
  readonly uploads: readonly UploadSnapshot[];
  readonly name: string;
  readonly required: boolean;
  readonly formValue: 'key' | 'receipt';
  readonly valueMissing: string;
  readonly pendingMessage: (count: number, arePaused: boolean) => string;
  /** The element at which the browser shows its validation message. */
  readonly anchor: HTMLElement | undefined;
}

/** With more values, `setFormValue` is called only at intervals while uploads are pending. */
const MAX_VALUES_WITHOUT_INTERVAL = 200;
const FORM_VALUE_INTERVAL_MS = 5_000;

/**
 * Value and validity of the element, passed to the browser through `ElementInternals`.
 * The value is an ordered list: the keys that the page has set, then those of completed uploads.
 */
export class FormValue {
  #values: readonly string[] = Object.freeze([]);
  /** The names, sizes and other details that the page has set for its keys. */
  #descriptions = new Map<string, StoredFile>();
  /** Values of completed uploads, by upload ID. */
  #uploadValues = new Map<string, string>();
  /** Whether `add()` has appended values since the last `sync()`, which gives them the order of the list. */
  #isUnsorted = false;
  #customMessage = '';
  /** The arguments of the last `setFormValue` call. */
  #lastSet: { readonly name: string; readonly values: readonly string[]; readonly setAtMs: number } | null = null;
  #hasWarned = false;

  constructor(private readonly internals: ElementInternals) {}

  /** The submitted values; frozen. */
  get values(): readonly string[] {
    return this.#values;
  }

  /** Objects stored earlier: the values that belong to no listed upload. */
  get storedFiles(): readonly StoredFile[] {
    const uploadValues = new Set(this.#uploadValues.values());
    return this.#values
      .filter((value) => !uploadValues.has(value))
      .map((key) => this.#descriptions.get(key) ?? { key });
  }

  /**
   * Replaces the value. A key alone keeps its description.
   * @returns IDs of completed uploads whose value was removed; `described` if only descriptions have changed; null if
   *   nothing has
   */
  replace(files: readonly StoredFile[]): string[] | 'described' | null {
    const before = this.#descriptions;
    const isDescribed = (file: StoredFile): boolean => Object.keys(file).length > 1;
    this.#descriptions = new Map(
      files.flatMap((file) => {
        const described = isDescribed(file) ? file : before.get(file.key);
        return described ? [[file.key, described]] : [];
      }),
    );
    const values = [...new Set(files.map(({ key }) => key))];
    if (isSameList(values, this.#values))
      return JSON.stringify([...this.#descriptions]) === JSON.stringify([...before]) ? null : 'described';
    this.#values = Object.freeze(values);
    this.#isUnsorted = false;
    const kept = new Set(this.#values);
    return [...this.#uploadValues].filter(([, value]) => !kept.has(value)).map(([id]) => id);
  }

  /** Appends the value of one completed upload, without an iteration over the others. @returns whether the value changed */
  add(upload: UploadSnapshot, formValue: FormState['formValue']): boolean {
    const value = this.#valueOf(upload, formValue);
    if (value === null || this.#uploadValues.get(upload.id) === value) return false;
    this.#uploadValues.set(upload.id, value);
    this.#isUnsorted = true;
    if (this.#values.includes(value)) return false;
    this.#values = Object.freeze([...this.#values, value]);
    return true;
  }

  /** Sets a message that makes the control invalid; an empty message removes it. */
  setCustomValidity(message: string): void {
    this.#customMessage = message;
  }

  /** Updates value and validity. @returns whether an upload changed the value */
  sync(state: FormState): boolean {
    const hasChanged = this.#updateValues(state);
    const isBlocked = this.#validate(state);
    this.#setFormValue(state, isBlocked);
    return hasChanged;
  }

  #updateValues({ uploads, formValue }: FormState): boolean {
    const previousValues = this.#uploadValues;
    const currentValues = new Map<string, string>();
    for (const upload of uploads) {
      const value = upload.status === 'complete' ? this.#valueOf(upload, formValue) : null;
      if (value !== null) currentValues.set(upload.id, value);
    }
    this.#uploadValues = currentValues;
    const hasAdded = this.#isUnsorted || [...currentValues].some(([id, value]) => previousValues.get(id) !== value);
    this.#isUnsorted = false;
    const uploadValues = new Set(currentValues.values());
    // two uploads may have the same key
    const removed = new Set([...previousValues.values()].filter((value) => !uploadValues.has(value)));
    const kept = this.#values.filter((value) => !removed.has(value));
    // Values of uploads have the order of the list, not of completion. An order that the page has set stays until a value
    // is added.
    const values = hasAdded ? [...kept.filter((value) => !uploadValues.has(value)), ...uploadValues] : kept;
    if (isSameList(values, this.#values)) return false;
    this.#values = Object.freeze(values);
    return true;
  }

  #valueOf({ key, receipt, name }: UploadSnapshot, formValue: FormState['formValue']): string | null {
    if (formValue === 'key') return key;
    // the page's server would reject a bare key as a forged receipt
    if (receipt === null && !this.#hasWarned) {
      this.#hasWarned = true;
      console.warn(
        `<mule-upload form-value="receipt">: the signer returned no receipt for "${name}", so the form submits nothing for it.`,
      );
    }
    return receipt;
  }

  #setFormValue({ name }: FormState, isBlocked: boolean): void {
    const values = this.#values;
    const { name: oldName, values: oldValues = [], setAtMs = 0 } = this.#lastSet ?? {};
    if (name === oldName && isSameList(values, oldValues)) return;
    const nowMs = performance.now();
    if (isBlocked && values.length > MAX_VALUES_WITHOUT_INTERVAL && nowMs - setAtMs < FORM_VALUE_INTERVAL_MS) return;
    this.#lastSet = { name, values, setAtMs: nowMs };
    const data = new FormData();
    for (const value of values) data.append(name, value);
    this.internals.setFormValue(name && values.length > 0 ? data : null, JSON.stringify(values));
  }

  /** @returns whether the form has to wait for an upload */
  #validate({ uploads, required, valueMissing, pendingMessage, anchor }: FormState): boolean {
    const pending = uploads.filter(isPending);
    const isBlocked = pending.length > 0;
    const isMissing = required && this.#values.length === 0;
    const waitMessage = (): string =>
      pendingMessage(
        pending.length,
        pending.every(({ status }) => status === 'paused'),
      );
    const message = this.#customMessage || (isBlocked ? waitMessage() : isMissing ? valueMissing : '');
    const flags = { customError: Boolean(this.#customMessage) || isBlocked, valueMissing: isMissing };
    this.internals.setValidity(flags, message, message ? anchor : undefined);
    return isBlocked;
  }
}

const isSameList = (values: readonly string[], others: readonly string[]): boolean =>
  values.length === others.length && values.every((value, index) => value === others[index]);

/** Parses the state that was passed to `setFormValue`, and that the browser returns when it restores the form. */
export function parseRestoredValues(state: unknown): string[] {
  try {
    return toStoredFiles(JSON.parse(String(state))).map(({ key }) => key);
  } catch {
    return [];
  }
}
