import type { UploadSnapshot } from '../../engine/api/types.js';
import type { RemoveDetail } from '../api/events.js';
import { hasEnded, isAwaitingUser, isPending } from '../api/upload-state.js';
import { actionButtonOf } from '../input/clicks.js';
import type { BulkAction, OpenQuestion, RowAction } from '../list/view.js';
import type { UploaderController } from './uploader-controller.js';

/** The methods of the element that the buttons call. */
export interface ListActionHooks {
  /** Opens the picker for an upload whose file is missing. */
  choose(id: string): void;
  /** Asks the page, by an event, whether the user may remove an uploaded file. */
  mayRemove(removed: RemoveDetail): boolean;
  /** Removes the key of an object that was stored earlier. */
  removeValue(value: string): void;
  clearMessages(): void;
}

const hasStoredParts = ({ parts }: UploadSnapshot): boolean => parts.done > 0;

/** Handles the buttons of the list. Asks before it deletes stored parts. */
export class ListActions {
  #openQuestion: OpenQuestion = null;

  constructor(
    private readonly uploader: UploaderController,
    private readonly hooks: ListActionHooks,
  ) {}

  /** The question that is shown; null if there is none, or if the uploads it is about have ended. */
  get openQuestion(): OpenQuestion {
    const question = this.#openQuestion;
    const isAffected = (upload: UploadSnapshot): boolean =>
      question === 'discard-all'
        ? isAwaitingUser(upload)
        : question === 'abort-all'
          ? isPending(upload)
          : question === upload.id && !hasEnded(upload);
    // a single unfinished upload has no note that could show the question
    const least = question === 'discard-all' ? 2 : 1;
    if (question !== null && this.uploader.uploads.filter(isAffected).length < least) this.#openQuestion = null;
    return this.#openQuestion;
  }

  set openQuestion(question: OpenQuestion) {
    this.#openQuestion = question;
  }

  readonly rowClick = (event: Event): void => {
    const button = actionButtonOf(event);
    if (!button) return;
    const { id = '', value = '' } = button.closest<HTMLElement>('.row')?.dataset ?? {};
    const action = button.dataset['action'] as RowAction;
    const { hooks, uploader } = this;
    const { current, uploads } = uploader;
    switch (action) {
      case 'keep':
        this.openQuestion = null;
        break;
      case 'confirm':
        this.openQuestion = null;
        current?.abort(id);
        break;
      case 'abort':
        if (uploads.some((upload) => upload.id === id && hasStoredParts(upload))) this.openQuestion = id;
        else current?.abort(id);
        break;
      case 'choose':
        hooks.choose(id);
        break;
      case 'remove-value':
        if (!hooks.mayRemove({ upload: null, value })) break;
        hooks.clearMessages();
        hooks.removeValue(value);
        break;
      case 'dismiss':
        if (this.#dismiss(uploads.filter((upload) => upload.id === id))) hooks.clearMessages();
        break;
      default:
        void current?.[action](id);
    }
    uploader.update(true);
  };

  readonly bulkClick = (event: Event): void => {
    const action = actionButtonOf(event)?.dataset['action'] as BulkAction | undefined;
    if (!action) return;
    const { openQuestion, uploader } = this;
    const { current, uploads } = uploader;
    const haveStoredParts = (isAffected: (upload: UploadSnapshot) => boolean): boolean =>
      uploads.some((upload) => isAffected(upload) && hasStoredParts(upload));
    this.openQuestion = null;
    switch (action) {
      case 'keep':
        break;
      case 'confirm':
        if (openQuestion === 'discard-all') this.#discardAll();
        else this.#abortAll();
        break;
      case 'abort':
        if (haveStoredParts(isPending)) this.openQuestion = 'abort-all';
        else this.#abortAll();
        break;
      case 'discard':
        if (haveStoredParts(isAwaitingUser)) this.openQuestion = 'discard-all';
        else this.#discardAll();
        break;
      case 'clear':
        this.#dismiss(uploads);
        break;
      case 'retry':
        for (const { id, status } of uploads) if (status === 'failed') current?.retry(id);
        break;
      default:
        void current?.[action]();
    }
    uploader.update(true);
  };

  /** Closes the question on Escape, which has the effect of the safe answer. */
  readonly keydown = (event: KeyboardEvent): void => {
    if (event.key !== 'Escape' || this.openQuestion === null) return;
    // a dialog around the element stays open: a native one, and one that listens to the key
    event.preventDefault();
    event.stopPropagation();
    this.openQuestion = null;
    this.uploader.update(true);
  };

  /** Removes uploads that have ended from the list; those that are complete only if the page permits it. */
  #dismiss(uploads: readonly UploadSnapshot[]): boolean {
    const removed = uploads.filter(
      (upload) => hasEnded(upload) && (upload.status !== 'complete' || this.hooks.mayRemove({ upload, value: null })),
    );
    for (const { id } of removed) this.uploader.current?.dismiss(id);
    return removed.length > 0;
  }

  #abortAll(): void {
    for (const { id } of this.uploader.uploads.filter(isPending)) this.uploader.current?.abort(id);
  }

  /** Aborts the unfinished uploads of an earlier page load, and removes them from the list. */
  #discardAll(): void {
    for (const { id } of this.uploader.uploads.filter(isAwaitingUser)) {
      this.uploader.current?.abort(id);
      this.uploader.current?.dismiss(id);
    }
  }
}
