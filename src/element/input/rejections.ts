import type { RejectCode, RejectDetail } from '../../engine/api/types.js';
import { acceptText } from '../i18n/accept-text.js';
import type { Format } from '../i18n/format.js';
import type { Translate } from '../i18n/translate.js';

/** Maximum number of messages that are shown; the others are only counted. */
const MAX_SHOWN = 5;
/** Maximum number of messages that a screen reader announces. */
const MAX_ANNOUNCED = 3;

/** The limits that a message mentions. */
export interface Limits {
  readonly accept: string;
  readonly minSize: number | null;
  readonly maxSize: number | null;
  readonly maxFiles: number | null;
}

/** The messages about files that were not added. */
export class RejectionMessages {
  #shown: readonly string[] = [];
  #count = 0;

  get shown(): readonly string[] {
    return this.#shown;
  }

  /** The number of all messages, shown or not. */
  get count(): number {
    return this.#count;
  }

  get announcement(): string {
    return this.#shown.slice(0, MAX_ANNOUNCED).join(' ');
  }

  add(message: string): void {
    if (this.#shown.includes(message)) return;
    this.#count++;
    if (this.#shown.length < MAX_SHOWN) this.#shown = [...this.#shown, message];
  }

  clear(): void {
    this.#shown = [];
    this.#count = 0;
  }
}

/** Whether a rejection is shown. The page explains files that it rejects itself; system files need no explanation. */
export const isShownToUser = (code: RejectCode): code is Exclude<RejectCode, 'cancelled' | 'system-file'> =>
  code !== 'cancelled' && code !== 'system-file';

/** Describes, in the user's language, why a file was not added. */
export function rejectionText(
  { file, relativePath, code, message }: RejectDetail,
  { accept, minSize, maxSize, maxFiles }: Limits,
  translate: Translate,
  format: Format,
): string {
  if (!isShownToUser(code)) return message;
  return translate(`reject-${code}`, {
    name: (code === 'unreadable' && relativePath) || file.name,
    message,
    size: format.bytes(file.size),
    min: format.bytes(minSize ?? 0),
    max: format.bytes(maxSize ?? 0),
    accept: acceptText(accept, translate, format) || format.list(accept.split(/[\s,]+/).filter(Boolean)),
    count: maxFiles ?? 1,
  });
}
