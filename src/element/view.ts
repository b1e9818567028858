import type { TotalProgress, UploadSnapshot, UploaderStatus } from '../engine/types.js';
import type { Format } from './format.js';
import { fill, type MuleStrings, type TextValues } from './strings.js';

/** Writes one of the element's texts in the reader's language. */
export type Say = (text: keyof MuleStrings, values?: TextValues) => string;

/** What a click in the list asks for; each button bears one in `data-action`. */
export type RowAction = 'start' | 'pause' | 'resume' | 'abort' | 'retry' | 'choose' | 'dismiss' | 'forget-value';

/** What a click in the summary asks for, of all uploads at once. */
export type BulkAction = 'start' | 'pause' | 'resume' | 'clear';

/** All that the templates show, at one moment. */
export interface View {
  readonly say: Say;
  readonly format: Format;
  readonly uploads: readonly UploadSnapshot[];
  /** Values stored before, which no upload listed here brought. */
  readonly adopted: readonly string[];
  readonly progress: TotalProgress;
  readonly status: UploaderStatus;
  /** Why files were not taken. */
  readonly messages: readonly string[];
  /** Epoch milliseconds. */
  readonly now: number;
  /** Whether added files wait for `start()`. */
  readonly held: boolean;
  /** Whether the browser says that it has no network. */
  readonly offline: boolean;
  readonly accept: string;
  readonly capture: string;
  readonly multiple: boolean;
  readonly directory: boolean;
  readonly disabled: boolean;
  readonly canDrop: boolean;
  readonly over: boolean;
  /** Whether the page brings a text of its own; white space between the tags is none. */
  readonly invited: boolean;
  readonly minSize: number | null;
  readonly maxSize: number | null;
  /** Texts for the live regions: what is told in passing, and what interrupts. */
  readonly polite: string;
  readonly assertive: string;
}

/** What the templates call when the reader acts. */
export interface Handlers {
  readonly browse: (event: Event) => void;
  readonly picked: (event: Event) => void;
  readonly cancelled: (event: Event) => void;
  readonly slotted: () => void;
  readonly row: (event: Event) => void;
  readonly bulk: (event: Event) => void;
  readonly dismissMessages: () => void;
}

/** Binds the texts to a language; the same function while nothing changed, so that rows can tell. */
export function sayIn(strings: MuleStrings, format: Format): Say {
  return (text, values = {}) => fill(strings[text], values, format.number, format.locale);
}

/** Says in words what an upload is doing, or what it waits for and until when. */
export function statusText(
  upload: UploadSnapshot,
  { say, format, now, held, offline }: Pick<View, 'say' | 'format' | 'now' | 'held' | 'offline'>,
): string {
  const { status, waitingFor, retryAt } = upload;
  if (status === 'failed') return upload.error?.message ?? say('failed');
  if (status === 'needs-file') return say('needsFile');
  if (status === 'queued') return say(held ? 'held' : 'queued');
  if (status !== 'waiting') return say(status);
  const until = (text: 'waiting' | 'waitingStore' | 'waitingSigner'): string =>
    retryAt !== null && retryAt > now ? say(`${text}In`, { time: format.time((retryAt - now) / 1000) }) : say(text);
  switch (waitingFor) {
    case 'network':
      return say(offline ? 'waitingNetwork' : 'waitingConnection');
    case 'store':
      // Its error, shown below, tells more, and that the store is not busy.
      return until(upload.error ? 'waiting' : 'waitingStore');
    case 'signer':
      return until('waitingSigner');
    case 'authorization':
      return say('waitingAuthorization');
    case 'tab':
      return say('waitingTab');
    case 'file':
      return say('waitingFile');
    case null:
      return say('waiting');
  }
}
