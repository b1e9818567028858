import type { ReactiveController } from 'lit';
import { canPick, pickFiles } from './picker.js';
import { wantsHandles, type UploadProperties } from './properties.js';
import type { FileSource } from './walk.js';

/** What intake asks of the element. */
export interface IntakeHooks {
  /** Whether the element, or a fieldset around it, is disabled. */
  isDisabled(): boolean;
  /** @param chosen id of the upload whose file was chosen again */
  take(source: FileSource, chosen?: string): void;
}

/**
 * Every way in for files: the picker, and what is dropped or pasted onto the element or its larger `drop-target`.
 * `over` tells whether files hover, so that the host can show where they would fall.
 */
export class IntakeController implements ReactiveController {
  #over = false;
  #listening: AbortController | null = null;
  #area: EventTarget | null = null;
  #chosen: string | undefined;
  #isPicking = false;

  constructor(
    private readonly host: UploadProperties,
    private readonly hooks: IntakeHooks,
  ) {
    host.addController(this);
  }

  /** A drop area that is larger than the element, while files hover over it. */
  get wideArea(): Element | null {
    return this.#over && this.#area instanceof Element && this.#area !== this.host ? this.#area : null;
  }

  /** Whether files are being dragged over the drop area. */
  get over(): boolean {
    return this.#over;
  }

  hostConnected(): void {
    this.#listen();
  }

  hostDisconnected(): void {
    this.#listening?.abort();
    this.#listening = this.#area = null;
    this.#over = false;
  }

  hostUpdated(): void {
    if (this.host.isConnected && this.#findArea() !== this.#area) this.#listen();
  }

  /**
   * Opens the picker; nothing happens while the host is disabled.
   * @param chosen id of an upload whose file is to be chosen again
   */
  browse(chosen?: string): void {
    if (this.hooks.isDisabled() || this.#isPicking) return;
    this.#chosen = chosen;
    if (wantsHandles(this.host) && canPick()) void this.#pick();
    else this.#openInput();
  }

  /** By handles, which the next visit can open again. */
  async #pick(): Promise<void> {
    this.#isPicking = true;
    const { accept, multiple } = this.host;
    const chosen = this.#chosen;
    const picked = await pickFiles(accept, multiple && chosen === undefined).finally(() => {
      this.#isPicking = false;
    });
    if (!picked) this.#openInput();
    else if (picked.length > 0) this.hooks.take(picked, chosen);
  }

  #openInput(): void {
    this.host.shadowRoot?.querySelector<HTMLInputElement>('input[type=file]')?.click();
  }

  /** Takes what was picked, and empties the input so that the same file can be picked again. */
  picked(input: HTMLInputElement): void {
    const files = [...(input.files ?? [])];
    const chosen = this.#chosen;
    this.#chosen = undefined;
    input.value = '';
    if (files.length > 0) this.hooks.take(files, chosen);
  }

  /** Forgets whose file was to be chosen. The inner event stays inside: it is no event of the element's. */
  cancelled(event: Event): void {
    event.stopPropagation();
    this.#chosen = undefined;
  }

  #findArea(): EventTarget {
    const selector = this.host.dropTarget;
    if (!selector) return this.host;
    try {
      const root = this.host.getRootNode() as Document | ShadowRoot;
      return (
        this.host.closest(selector) ?? root.querySelector(selector) ?? document.querySelector(selector) ?? this.host
      );
    } catch {
      console.warn(`<mule-upload drop-target="${selector}">: wanted a CSS selector; files drop on the element itself.`);
      return this.host;
    }
  }

  #listen(): void {
    this.#listening?.abort();
    this.#listening = new AbortController();
    this.#area = this.#findArea();
    const { signal } = this.#listening;
    for (const area of new Set([this.host, this.#area])) {
      area.addEventListener('dragenter', (event) => this.#drag(event as DragEvent), { signal });
      area.addEventListener('dragover', (event) => this.#drag(event as DragEvent), { signal });
      area.addEventListener('dragleave', (event) => this.#leave(event as DragEvent), { signal });
      area.addEventListener('drop', (event) => this.#drop(event as DragEvent), { signal });
      area.addEventListener('paste', (event) => this.#paste(event as ClipboardEvent), { signal });
    }
  }

  #drag(event: DragEvent): void {
    const transfer = event.dataTransfer;
    if (event.defaultPrevented || this.host.noDrop || !transfer?.types.includes('Files')) return;
    event.preventDefault();
    transfer.dropEffect = this.hooks.isDisabled() ? 'none' : 'copy';
    this.#setOver(!this.hooks.isDisabled());
  }

  #leave(event: DragEvent): void {
    // Leaving one child for another is not leaving; WebKit gives no relatedTarget and enters again at once.
    const to = event.relatedTarget;
    if (to instanceof Node && this.#area instanceof Node && this.#area.contains(to)) return;
    this.#setOver(false);
  }

  #drop(event: DragEvent): void {
    this.#setOver(false);
    const transfer = event.dataTransfer;
    if (event.defaultPrevented || this.host.noDrop || !transfer?.types.includes('Files')) return;
    event.preventDefault();
    if (!this.hooks.isDisabled()) this.hooks.take(transfer);
  }

  #paste(event: ClipboardEvent): void {
    const transfer = event.clipboardData;
    if (event.defaultPrevented || this.host.noPaste || this.hooks.isDisabled() || !transfer?.files.length) return;
    event.preventDefault();
    this.hooks.take(transfer);
  }

  #setOver(over: boolean): void {
    if (over === this.#over) return;
    this.#over = over;
    this.host.requestUpdate();
  }
}
