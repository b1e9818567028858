import type { UploadSnapshot } from '../../engine/api/types.js';
import { actionOf } from '../input/clicks.js';
import { isAtRest, isUnderWay } from '../form/form-control.js';
import type { Asked, BulkAction, RowAction } from '../i18n/status-text.js';

/** What the buttons do; all of it can be done by a script as well. */
export interface ActionHooks {
  readonly uploads: readonly UploadSnapshot[];
  start(id?: string): void;
  pause(id?: string): void;
  resume(id?: string): Promise<void>;
  abort(id: string): void;
  retry(id: string): void;
  dismiss(id: string): void;
  clear(): void;
  /** Has an upload's file chosen again. */
  choose(id: string): void;
  /** Lets go of a value that was stored before. */
  forgetValue(value: string): void;
  forgetMessages(): void;
  /** Shows what has come of it. */
  show(): void;
}

/** Whether the store holds anything of it that an abort would delete. */
const hasStored = ({ parts }: UploadSnapshot): boolean => parts.done > 0;

/** Does what the buttons of the list say. Nothing that the store holds is deleted unasked. */
export class Actions {
  /** What is asked at the moment. */
  asked: Asked = null;

  constructor(private readonly hooks: ActionHooks) {}

  readonly row = (event: Event): void => {
    const button = actionOf(event);
    if (!button) return;
    const { id = '', value = '' } = button.closest<HTMLElement>('.row')?.dataset ?? {};
    const action = button.dataset['action'] as RowAction;
    const { hooks } = this;
    switch (action) {
      case 'keep':
        this.asked = null;
        break;
      case 'confirm':
        this.asked = null;
        hooks.abort(id);
        break;
      case 'abort':
        if (hooks.uploads.some((upload) => upload.id === id && hasStored(upload))) this.asked = id;
        else hooks.abort(id);
        break;
      case 'forget-value':
        hooks.forgetMessages();
        hooks.forgetValue(value);
        break;
      case 'dismiss':
        hooks.forgetMessages();
        hooks.dismiss(id);
        break;
      default:
        void hooks[action](id);
    }
    hooks.show();
  };

  readonly bulk = (event: Event): void => {
    const action = actionOf(event)?.dataset['action'] as BulkAction | undefined;
    if (!action) return;
    const { hooks, asked } = this;
    this.asked = null;
    switch (action) {
      case 'keep':
        break;
      case 'confirm':
        this.#end(asked === 'discard-all');
        break;
      case 'abort':
        if (hooks.uploads.some((upload) => isUnderWay(upload) && hasStored(upload))) this.asked = 'abort-all';
        else this.#end(false);
        break;
      case 'discard':
        if (hooks.uploads.some((upload) => isAtRest(upload) && hasStored(upload))) this.asked = 'discard-all';
        else this.#end(true);
        break;
      case 'retry':
        for (const { id, status } of hooks.uploads) if (status === 'failed') hooks.retry(id);
        break;
      default:
        void hooks[action]();
    }
    hooks.show();
  };

  /** Escape is the safe answer. */
  readonly key = (event: KeyboardEvent): void => {
    if (event.key !== 'Escape' || this.asked === null) return;
    event.stopPropagation();
    this.asked = null;
    this.hooks.show();
  };

  /** Aborts what runs, or what an earlier visit left. */
  #end(areLeftovers: boolean): void {
    for (const { id } of this.hooks.uploads.filter(areLeftovers ? isAtRest : isUnderWay)) {
      this.hooks.abort(id);
      if (areLeftovers) this.hooks.dismiss(id);
    }
  }
}
