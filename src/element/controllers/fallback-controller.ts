import type { ReactiveController, ReactiveControllerHost } from 'lit';

/** No slot of this name exists: what bears it is not shown, whatever the page's style sheets say. */
const NOWHERE = 'replaced';

/** What is done with files that were chosen before the element was there. */
export interface FallbackHooks {
  /** Whether it is known where uploads go. */
  isReady(): boolean;
  take(files: File[]): void;
}

/**
 * Takes over each `<input type="file">` that a page has put between the tags, for readers without scripts or before the
 * script is there: what was chosen in it is uploaded, and it is neither shown nor submitted any more. It stays in the
 * document, where a framework that made it will look for it.
 */
export class FallbackController implements ReactiveController {
  #files: File[] = [];

  constructor(
    private readonly host: ReactiveControllerHost & HTMLElement,
    private readonly hooks: FallbackHooks,
  ) {
    host.addController(this);
  }

  /** Keeps what was chosen in inputs that are about to go. */
  keep(inputs: Iterable<HTMLInputElement>): void {
    for (const { files } of inputs) this.#files.push(...(files ?? []));
  }

  hostConnected(): void {
    this.#replace();
  }

  /** Again: children come after the element where the parser finds it defined already, and options when they come. */
  hostUpdated(): void {
    this.#replace();
    if (this.#files.length > 0 && this.hooks.isReady()) this.hooks.take(this.#files.splice(0));
  }

  #replace(): void {
    const inputs = [...this.host.querySelectorAll<HTMLInputElement>(`input[type=file]:not([slot=${NOWHERE}])`)];
    this.keep(inputs);
    for (const input of inputs) {
      input.slot = NOWHERE;
      input.hidden = input.disabled = true;
      // else a browser that restores the page chooses the same files again
      input.value = '';
    }
  }
}
