import type { RejectCode, RejectDetail } from '../../engine/api/types.js';
import type { Format } from '../i18n/format.js';
import type { Say } from '../i18n/status-text.js';

/** Messages that are shown; of the others only the number is. */
const SHOWN = 5;
/** Messages that are spoken. */
const SPOKEN = 3;

/** The limits that a refusal may speak of. */
export interface Limits {
  readonly accept: string;
  readonly minSize: number | null;
  readonly maxSize: number | null;
  readonly maxFiles: number | null;
}

/** Why files were not taken, to be told next to the control. */
export class Refusals {
  #shown: readonly string[] = [];
  #count = 0;

  get shown(): readonly string[] {
    return this.#shown;
  }

  get count(): number {
    return this.#count;
  }

  get spoken(): string {
    return this.#shown.slice(0, SPOKEN).join(' ');
  }

  add(message: string): void {
    if (this.#shown.includes(message)) return;
    this.#count++;
    if (this.#shown.length < SHOWN) this.#shown = [...this.#shown, message];
  }

  clear(): void {
    this.#shown = [];
    this.#count = 0;
  }
}

/** Whether readers are told: what the page kept out is the page's to explain, and system files are nobody's. */
export const isShown = (code: RejectCode): code is Exclude<RejectCode, 'cancelled' | 'system-file'> =>
  code !== 'cancelled' && code !== 'system-file';

/** Says in the reader's language why a file was not taken. */
export function refusalText(
  { file, relativePath, code, message }: RejectDetail,
  { accept, minSize, maxSize, maxFiles }: Limits,
  say: Say,
  format: Format,
): string {
  if (!isShown(code)) return message;
  return say(`reject-${code}`, {
    name: (code === 'unreadable' && relativePath) || file.name,
    message,
    size: format.bytes(file.size),
    min: format.bytes(minSize ?? 0),
    max: format.bytes(maxSize ?? 0),
    // with room to break a line in
    accept: accept
      .split(/[\s,]+/)
      .filter(Boolean)
      .join(', '),
    count: maxFiles ?? 1,
  });
}
