import type { UploadError } from '../../engine/api/errors.js';
import type { TotalProgress, UploadSnapshot, UploaderStatus } from '../../engine/api/types.js';
import type { Format } from './format.js';
import type { RowWindow } from '../list/row-window.js';
import { fill, type MuleStrings, type TextValues } from './strings.js';

/** Writes one of the element's texts in the reader's language. */
export type Say = (text: keyof MuleStrings, values?: TextValues) => string;

/** What a click in the list asks for; each button bears one in `data-action`. */
export type RowAction =
  'start' | 'pause' | 'resume' | 'abort' | 'retry' | 'choose' | 'dismiss' | 'forget-value' | Reply;

/** What a click in the summary asks for, of all uploads at once. */
export type BulkAction = 'start' | 'pause' | 'resume' | 'retry' | 'abort' | 'clear' | 'discard' | Reply;

/** The two answers to a question. */
type Reply = 'confirm' | 'keep';

/** What is asked before it is done: to abort one upload, by its id, or `abort-all`, or `discard-all`. */
export type Asked = string | null;

/** All that the templates show, at one moment. */
export interface View {
  readonly say: Say;
  readonly format: Format;
  readonly uploads: readonly UploadSnapshot[];
  /** Values stored before, which no upload listed here brought. */
  readonly adopted: readonly string[];
  readonly progress: TotalProgress;
  readonly status: UploaderStatus;
  /** Why files were not taken, the first few of `refused`. */
  readonly messages: readonly string[];
  readonly refused: number;
  /** Files met so far in folders that are being read. */
  readonly reading: number;
  readonly asked: Asked;
  /** What each part of an upload is at; null where that is not known. */
  readonly states: (id: string) => Uint8Array | null;
  /** How fast an upload was of late; of all by the empty id. */
  readonly speeds: (id: string) => readonly number[];
  readonly thumbnails: ReadonlyMap<string, Node>;
  /** Which rows of a long list are rendered. */
  readonly window: Pick<RowWindow, 'runs' | 'heightOf'>;
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
  /** Whether a drop area larger than the element is to show that it takes files. */
  readonly overlaid: boolean;
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
  /** What is asked of all at once, in the summary or in the note on earlier visits. */
  readonly bulk: (event: Event) => void;
  readonly dismissMessages: () => void;
  readonly key: (event: KeyboardEvent) => void;
}

/** Binds the texts to a language; the same function while nothing changed, so that rows can tell. */
export function sayIn(strings: MuleStrings, format: Format): Say {
  // what no text says, the message does: codes of a signer's own
  return (text, values = {}) => fill(strings[text] ?? '{message}', values, format.number, format.locale);
}

/** By name: the engine's working parts come with a class of their own. */
export const isUploadError = (error: Error): error is UploadError => error.name === 'UploadError';

/** Says what went wrong, in the reader's language; why the signer refused, in its own words. */
export const errorText = (
  { name }: { name: string },
  { code, message, refusal }: Pick<UploadError, 'code' | 'message'> & Partial<UploadError>,
  say: Say,
): string => say(`error-${refusal?.code ?? code}`, { name, message: refusal?.message ?? message });

/** Says in words what an upload is doing, or what it waits for and until when. */
export function statusText(
  upload: UploadSnapshot,
  { say, format, now, held, offline }: Pick<View, 'say' | 'format' | 'now' | 'held' | 'offline'>,
): string {
  const { status, waitingFor, retryAt, found, needsPermission } = upload;
  if (status === 'failed') return upload.error ? errorText(upload, upload.error, say) : say('failed');
  if (status === 'needs-file') return say(needsPermission ? 'needsPermission' : 'needsFile');
  if (status === 'paused' && found) return say('found');
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
    case 'engine':
      return say('waitingEngine');
    case null:
      return say('waiting');
  }
}
