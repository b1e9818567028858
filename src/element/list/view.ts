import type { TotalProgress, UploadSnapshot, UploaderStatus } from '../../engine/api/types.js';
import type { StoredFile } from '../form/stored-file.js';
import type { StatusContext } from '../i18n/status-text.js';
import type { RowLayout } from './row-ranges.js';

/** The two answers to a question. */
type Answer = 'confirm' | 'keep';

/** Actions of the buttons in a row, as in `data-action`. */
export type RowAction =
  'start' | 'pause' | 'resume' | 'abort' | 'retry' | 'choose' | 'dismiss' | 'remove-value' | Answer;

/** Actions of the buttons that concern all uploads. */
export type BulkAction = 'start' | 'pause' | 'resume' | 'retry' | 'abort' | 'clear' | 'discard' | Answer;

/** The question that is shown: the ID of the upload to abort, `abort-all` or `discard-all`. */
export type OpenQuestion = string | null;

/** The element's state that the list shows and announces. */
export interface ListState extends StatusContext {
  readonly uploads: readonly UploadSnapshot[];
  /** Objects stored earlier, which belong to no listed upload. */
  readonly storedFiles: readonly StoredFile[];
  readonly status: UploaderStatus;
  readonly disabled: boolean;
  /** Returns the state of each part of an upload; null if unknown. */
  readonly partStates: (id: string) => Uint8Array | null;
}

/** All data that the templates of the list show. */
export interface View extends ListState {
  readonly progress: TotalProgress;
  readonly openQuestion: OpenQuestion;
  /** Returns the SVG path of an upload's speeds; for an empty ID, of the total speed. */
  readonly sparklinePath: (id: string) => string;
  /** Thumbnails by upload ID. */
  readonly thumbnails: ReadonlyMap<string, Node>;
  readonly rowLayout: RowLayout;
  /** Number of unfinished uploads of an earlier page load that wait for the user. */
  readonly recoverableCount: number;
  /** Whether the progress bar of an upload of several parts shows the state of each part. */
  readonly showsPartMaps: boolean;
}

/** Listeners of the list's buttons. */
export interface Handlers {
  /** Opens the file picker. */
  readonly browse: (event: Event) => void;
  /** For the buttons of rows. */
  readonly rowClick: (event: Event) => void;
  /** For buttons that concern all uploads. */
  readonly bulkClick: (event: Event) => void;
}
