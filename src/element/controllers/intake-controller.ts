import type { ReactiveController } from 'lit';
import { canPick, pickFiles } from '../input/picker.js';
import { wantsHandles, type UploadProperties } from '../api/properties.js';
import { itemsOf, type FileSource } from '../input/read-files.js';

/** What intake asks of the element. */
export interface IntakeHooks {
  /** Whether the element, or a fieldset around it, is disabled. */
  isDisabled(): boolean;
  /** @param chosen id of the upload whose file was chosen again */
  take(source: FileSource, chosen?: string): void;
}

/** Events of a drag that would make the browser leave the page for the file, unless somebody prevents that. */
const GUARDED = ['dragenter', 'dragover', 'drop'] as const;

/** What an element would do with a drag event. */
interface Offer {
  /** Where its drop area stands in the event's path: the innermost area of all elements gets it. */
  depth: number;
  /** @param isHandled whether a part of the page within the area has handled the event itself */
  act(isHandled: boolean): void;
}
const offers = new WeakMap<Event, Offer>();

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
  /** The drag event that decides whether files hover. */
  #last: Event | null = null;

  constructor(
    private readonly host: UploadProperties,
    private readonly hooks: IntakeHooks,
  ) {
    host.addController(this);
  }

  /** A drop area that is larger than the element, while files hover over it. */
  get wideArea(): Element | null {
    return this.#over && this.#area !== this.host ? (this.#area as Element) : null;
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
    this.#listening = this.#area = this.#last = null;
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
    // Before the page's own listeners, which may stop the event; within a closed shadow root only the area hears of it.
    const early = { signal, capture: true };
    for (const target of new Set([globalThis, this.host, this.#area])) {
      for (const type of GUARDED) target.addEventListener(type, (event) => this.#guard(event as DragEvent), early);
      target.addEventListener('dragleave', (event) => this.#leave(event as DragEvent), early);
    }
    for (const area of new Set([this.host, this.#area]))
      area.addEventListener('paste', (event) => this.#paste(event as ClipboardEvent), { signal });
  }

  /**
   * Keeps the browser on the page, and offers to take the files: the innermost drop area of all elements gets them. They
   * are left to a part of the page within that area which handles the event itself, as it says by `preventDefault()`.
   */
  #guard(event: DragEvent): void {
    const depth = event.composedPath().findIndex((target) => target === this.host || target === this.#area);
    const transfer = event.dataTransfer;
    if (depth < 0 || this.host.noDrop || !transfer?.types.includes('Files')) return;
    const isDrop = event.type === 'drop';
    if (isDrop) this.#setOver(false);
    const isDisabled = this.hooks.isDisabled();
    if (!isDrop) transfer.dropEffect = isDisabled ? 'none' : 'copy';
    const offer = offers.get(event);
    if (offer && offer.depth <= depth) return;
    // readable only now
    const items = isDrop && !isDisabled ? itemsOf(transfer) : null;
    this.#last = event;
    const act = (isHandled: boolean): void => {
      if (this.#last === event && !isDrop) this.#setOver(!isHandled && !isDisabled);
      if (items && !isHandled) this.hooks.take(items as FileSource);
    };
    if (offer) Object.assign(offer, { depth, act });
    else decideLater(event, { depth, act });
  }

  #leave(event: DragEvent): void {
    const path = event.composedPath();
    if (!path.includes(this.host) && !path.includes(this.#area!)) return;
    // Leaving one child for another is not leaving; WebKit gives no relatedTarget and enters again at once.
    const to = event.relatedTarget as Node | null;
    if (to?.nodeType && (this.#area as Partial<Node>).contains?.(to)) return;
    this.#last = null;
    this.#setOver(false);
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

/**
 * Prevents the browser's own action at once, for the page may stop the event on its way, and acts when the event is over.
 * Guards of the page around the area call `preventDefault()` as well: it counts only where the area holds the caller.
 */
function decideLater(event: DragEvent, offer: Offer): void {
  offers.set(event, offer);
  event.preventDefault();
  const path = event.composedPath();
  let innermost = Infinity;
  event.preventDefault = () => {
    const depth = path.indexOf(event.currentTarget!);
    if (depth >= 0) innermost = Math.min(innermost, depth);
  };
  setTimeout(() => offer.act(innermost < offer.depth));
}
