import { isOver as isEnd } from '../../engine/api/status.js';
import type { UploadSnapshot } from '../../engine/api/types.js';

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

/** Above so many values the browser gets them once in `PACE` milliseconds while uploads are under way. */
const MANY = 200;
const PACE = 5_000;

/** Whether an upload has reached its end, good or bad. */
export const isOver = ({ status }: UploadSnapshot): boolean => isEnd(status);

/** Whether an upload is at rest until somebody gives it its file, or lets go on what an earlier visit left. */
export const isAtRest = ({ status, found }: UploadSnapshot): boolean =>
  status === 'needs-file' || (found && status === 'paused');

/** Whether a form has to wait for this upload. What an earlier visit left holds no form up. */
export const isUnderWay = (upload: UploadSnapshot): boolean => !isOver(upload) && !isAtRest(upload);

/**
 * Value and validity of the form control, kept in step with the uploads through `ElementInternals`.
 * The value is one ordered list: what an edit form adopted, and what completed uploads brought.
 */
export class FormControl {
  #values: readonly string[] = Object.freeze([]);
  #stored = new Map<string, string>();
  #custom = '';
  #submitted: { readonly name: string; readonly values: readonly string[]; readonly at: number } | null = null;
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
    const isHeldUp = this.#validate(state);
    this.#submit(state, isHeldUp);
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

  /** @param isHeldUp whether the form has to wait anyhow: ten thousand values are then not handed over for each new one */
  #submit({ name }: FormState, isHeldUp: boolean): void {
    const values = this.#values;
    const { name: oldName, values: old = [], at = 0 } = this.#submitted ?? {};
    if (name === oldName && values.length === old.length && values.every((value, index) => value === old[index]))
      return;
    const now = performance.now();
    if (isHeldUp && values.length > MANY && now - at < PACE) return;
    this.#submitted = { name, values, at: now };
    const data = new FormData();
    for (const value of values) data.append(name, value);
    this.internals.setFormValue(name && values.length > 0 ? data : null, JSON.stringify(values));
  }

  /** @returns whether something is still under way */
  #validate({ uploads, required, valueMissing, stillUnderWay, anchor }: FormState): boolean {
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
    return running > 0;
  }
}

/** Reads a value as a page or a framework sets it; those that bind text fields give a bare or an empty string. */
export const valuesOf = (value: unknown): readonly string[] =>
  Array.isArray(value) ? (value as string[]) : typeof value === 'string' && value !== '' ? [value] : [];

/** Reads back what `setFormValue` was given as state. */
export function restoredValues(state: unknown): string[] {
  try {
    return valuesOf(JSON.parse(String(state))).filter((value) => typeof value === 'string');
  } catch {
    return [];
  }
}
