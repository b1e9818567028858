import type { TotalProgress, UploadSnapshot, UploaderStatus } from '../../engine/api/types.js';
import type { StatusContext } from '../i18n/status-text.js';
import type { DropzoneHandlers, DropzoneView } from '../input/dropzone-template.js';
import type { MessagesView } from '../input/messages-template.js';
import type { PartMap } from './part-map.js';
import type { RowRanges } from './row-ranges.js';

/** The two answers to a question. */
type Answer = 'confirm' | 'keep';

/** Actions of the buttons in a row, as in `data-action`. */
export type RowAction =
  'start' | 'pause' | 'resume' | 'abort' | 'retry' | 'choose' | 'dismiss' | 'remove-value' | Answer;

/** Actions of the buttons that concern all uploads. */
export type BulkAction = 'start' | 'pause' | 'resume' | 'retry' | 'abort' | 'clear' | 'discard' | Answer;

/** The question that is shown: the ID of the upload to abort, `abort-all` or `discard-all`. */
export type OpenQuestion = string | null;

/** All that the templates show, at one moment. */
export interface View extends DropzoneView, MessagesView, StatusContext {
  readonly uploads: readonly UploadSnapshot[];
  /** Keys of objects stored earlier, which belong to no listed upload. */
  readonly storedKeys: readonly string[];
  readonly progress: TotalProgress;
  readonly status: UploaderStatus;
  readonly openQuestion: OpenQuestion;
  /** Returns the state of each part of an upload; null if unknown. */
  readonly partStates: (id: string) => Uint8Array | null;
  /** Draws a part map; null until the code for it is loaded. */
  readonly drawPartMap: ((states: Uint8Array) => PartMap) | null;
  /** Returns the sparkline of an upload; that of all uploads for an empty ID. */
  readonly sparklinePath: (id: string) => string;
  /** Thumbnails by upload ID. */
  readonly thumbnails: ReadonlyMap<string, Node>;
  readonly rowRanges: RowRanges;
  /** Whether to cover a drop area that is larger than the element. */
  readonly hasOverlay: boolean;
  /** Texts of the two live regions: one waits for a pause in speech, the other interrupts. */
  readonly polite: string;
  readonly assertive: string;
}

/** Listeners of the templates. */
export interface Handlers extends DropzoneHandlers {
  readonly rowClick: (event: Event) => void;
  /** For buttons that concern all uploads. */
  readonly bulkClick: (event: Event) => void;
  readonly closeMessages: () => void;
  readonly keydown: (event: KeyboardEvent) => void;
}
