import { isOver as isEnd } from '../engine/status.js';
import type { UploadSnapshot } from '../engine/types.js';

/** What of the host decides value and validity. */
export interface FormState {
  readonly uploads: readonly UploadSnapshot[];
  readonly name: string;
  readonly required: boolean;
  readonly formValue: 'key' | 'receipt';
  readonly valueMissing: string;
  readonly stillUnderWay: (count: number, arePaused: boolean) => string;
  /** Where the browser points its message at. */
  readonly anchor: HTMLElement | undefined;
}

/** Whether an upload has reached its end, good or bad. */
export const isOver = ({ status }: UploadSnapshot): boolean => isEnd(status);

/** Whether a form has to wait for this upload. One found from an earlier visit that lacks its file holds no form up. */
export const isUnderWay = (upload: UploadSnapshot): boolean => !isOver(upload) && upload.status !== 'needs-file';

/**
 * Value and validity of the form control, kept in step with the uploads through `ElementInternals`.
 * The value is one ordered list: what an edit form adopted, and what completed uploads brought.
 */
export class FormControl {
  #values: readonly string[] = Object.freeze([]);
  #stored = new Map<string, string>();
  #custom = '';
  #submitted = '';
  #warned = false;

  constructor(private readonly internals: ElementInternals) {}

  /** The submitted values: those adopted, then the uploads' in the order of the list; frozen. */
  get values(): readonly string[] {
    return this.#values;
  }

  /** Values that no upload listed here brought: keys stored before. */
  get adopted(): readonly string[] {
    const brought = new Set(this.#stored.values());
    return this.#values.filter((value) => !brought.has(value));
  }

  /** Replaces the value. @returns ids of completed uploads whose value is no longer wanted */
  replace(values: readonly string[]): string[] {
    this.#values = Object.freeze([...new Set(values.map(String))]);
    const wanted = new Set(this.#values);
    return [...this.#stored].filter(([, value]) => !wanted.has(value)).map(([id]) => id);
  }

  /** Sets a message that makes the control invalid, as on any form control; empty: valid again. */
  setCustom(message: string): void {
    this.#custom = message;
  }

  /** Brings value and validity up to the state. @returns whether an upload changed the value */
  sync(state: FormState): boolean {
    const changed = this.#follow(state);
    this.#submit(state);
    this.#validate(state);
    return changed;
  }

  #follow({ uploads, formValue }: FormState): boolean {
    const stored = new Map<string, string>();
    for (const upload of uploads) {
      const value = upload.status === 'complete' ? this.#valueOf(upload, formValue) : null;
      if (value !== null) stored.set(upload.id, value);
    }
    const added = [...stored].filter(([id, value]) => this.#stored.get(id) !== value).map(([, value]) => value);
    const removed = new Set(
      [...this.#stored].filter(([id, value]) => stored.get(id) !== value).map(([, value]) => value),
    );
    this.#stored = stored;
    const kept = this.#values.filter((value) => !removed.has(value));
    // The list's order, whatever was done first; what the page itself set stays as it is until something is added.
    const brought = new Set(stored.values());
    const values = added.length > 0 ? [...kept.filter((value) => !brought.has(value)), ...brought] : kept;
    const changed =
      values.length !== this.#values.length || values.some((value, index) => value !== this.#values[index]);
    if (changed) this.#values = Object.freeze(values);
    return changed;
  }

  #valueOf({ key, receipt, name }: UploadSnapshot, formValue: FormState['formValue']): string | null {
    if (formValue === 'key') return key;
    // A bare key in place of a receipt would look forged to the page's server.
    if (receipt === null && !this.#warned) {
      this.#warned = true;
      console.warn(
        `<mule-upload form-value="receipt">: the signer gave no receipt for "${name}", so the form submits nothing for it.`,
      );
    }
    return receipt;
  }

  #submit({ name }: FormState): void {
    const state = JSON.stringify([name, this.#values]);
    if (state === this.#submitted) return;
    this.#submitted = state;
    const data = new FormData();
    for (const value of this.#values) data.append(name, value);
    this.internals.setFormValue(name && this.#values.length > 0 ? data : null, JSON.stringify(this.#values));
  }

  #validate({ uploads, required, valueMissing, stillUnderWay, anchor }: FormState): void {
    const underWay = uploads.filter(isUnderWay);
    const running = underWay.length;
    const isMissing = required && this.#values.length === 0;
    const hold = (): string =>
      stillUnderWay(
        running,
        underWay.every(({ status }) => status === 'paused'),
      );
    const message = this.#custom || (running > 0 ? hold() : isMissing ? valueMissing : '');
    const flags = { customError: Boolean(this.#custom) || running > 0, valueMissing: isMissing };
    this.internals.setValidity(flags, message, message ? anchor : undefined);
  }
}

/** Reads back what `setFormValue` was given as state. */
export function restoredValues(state: unknown): string[] {
  try {
    const values: unknown = JSON.parse(String(state));
    return Array.isArray(values) ? values.filter((value) => typeof value === 'string') : [];
  } catch {
    return [];
  }
}
