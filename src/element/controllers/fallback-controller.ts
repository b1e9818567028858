import type { ReactiveController, ReactiveControllerHost } from 'lit';

/** The shadow tree has no slot of this name: an input assigned to it is never rendered. */
const UNUSED_SLOT = 'replaced';

/** The members of the element that the fallback uses. */
export interface FallbackHooks {
  /** Whether an uploader exists. */
  isReady(): boolean;
  addFiles(files: File[]): void;
}

/**
 * Replaces each `<input type="file">` that the page has put into the element for browsers without scripts. Files chosen in
 * the input are uploaded; the input is neither shown nor submitted. It stays in the document, because the framework that
 * rendered it expects it there.
 */
export class FallbackController implements ReactiveController {
  #files: File[] = [];

  constructor(
    private readonly host: ReactiveControllerHost & HTMLElement,
    private readonly hooks: FallbackHooks,
  ) {
    host.addController(this);
  }

  /** Keeps the files chosen in inputs that are to be replaced. */
  collectFiles(inputs: Iterable<HTMLInputElement>): void {
    for (const { files } of inputs) this.#files.push(...(files ?? []));
  }

  hostConnected(): void {
    this.#replace();
  }

  // After each update, because the parser adds children after the element is connected if it is already defined.
  hostUpdated(): void {
    this.#replace();
    if (this.#files.length > 0 && this.hooks.isReady()) this.hooks.addFiles(this.#files.splice(0));
  }

  #replace(): void {
    const inputs = [...this.host.querySelectorAll<HTMLInputElement>(`input[type=file]:not([slot=${UNUSED_SLOT}])`)];
    this.collectFiles(inputs);
    for (const input of inputs) {
      input.slot = UNUSED_SLOT;
      input.hidden = input.disabled = true;
      // a browser that restores the page would choose the same files again
      input.value = '';
    }
  }
}
