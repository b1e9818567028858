import type { ReactiveController } from 'lit';
import { canPickHandles, pickHandles } from '../input/picker.js';
import { warnOnce } from '../api/attributes.js';
import { shouldPickHandles, type UploadProperties } from '../api/properties.js';
import { listItems, type FileSource } from '../input/read-files.js';

/** The members of the element that the controller uses. */
export interface IntakeHooks {
  /** Whether the element, or a fieldset around it, is disabled. */
  isDisabled(): boolean;
  /** @param reselectedId ID of the upload whose file was chosen again */
  addFiles(source: FileSource, reselectedId?: string): void;
}

/** Events of a drag. If their default action is not prevented, the browser opens a dropped file and leaves the page. */
const DRAG_EVENTS = ['dragenter', 'dragover', 'drop'] as const;

/** The element that gets the files of a drag event, unless an element with a drop area further inside is found. */
interface DropCandidate {
  /** Index of its drop area in the event's path. */
  depth: number;
  /** Called after the event was dispatched. @param isHandled whether the page has handled it within the drop area */
  afterDispatch(isHandled: boolean): void;
}
const candidates = new WeakMap<Event, DropCandidate>();

/** Receives files from the picker, and files that are dropped or pasted on the element or its `drop-target`. */
export class IntakeController implements ReactiveController {
  #isDragOver = false;
  #listeners: AbortController | null = null;
  #dropArea: EventTarget | null = null;
  #reselectedId: string | undefined;
  #isPicking = false;
  /** The latest drag event in the drop area; earlier ones no longer change `isDragOver`. */
  #lastDragEvent: Event | null = null;

  constructor(
    private readonly host: UploadProperties,
    private readonly hooks: IntakeHooks,
  ) {
    host.addController(this);
  }

  /** The drop area while files are dragged over it, if it is larger than the element. */
  get largeDropArea(): Element | null {
    return this.#isDragOver && this.#dropArea !== this.host ? (this.#dropArea as Element) : null;
  }

  /** Whether files are dragged over the drop area. */
  get isDragOver(): boolean {
    return this.#isDragOver;
  }

  hostConnected(): void {
    this.#listen();
  }

  hostDisconnected(): void {
    this.#listeners?.abort();
    this.#listeners = this.#dropArea = this.#lastDragEvent = null;
    this.#isDragOver = false;
  }

  hostUpdated(): void {
    if (this.host.isConnected && this.#findDropArea() !== this.#dropArea) this.#listen();
  }

  /**
   * Opens the picker, unless the element is disabled.
   * @param reselectedId ID of an upload whose file is to be chosen again
   */
  browse(reselectedId?: string): void {
    if (this.hooks.isDisabled() || this.#isPicking) return;
    this.#reselectedId = reselectedId;
    if (shouldPickHandles(this.host) && canPickHandles()) void this.#pick();
    else this.#openInput();
  }

  /** Opens the picker that returns file handles, which can be opened again after a reload. */
  async #pick(): Promise<void> {
    this.#isPicking = true;
    const { accept, multiple } = this.host;
    const reselectedId = this.#reselectedId;
    const handles = await pickHandles(accept, multiple && reselectedId === undefined).finally(() => {
      this.#isPicking = false;
    });
    if (!handles) this.#openInput();
    else if (handles.length > 0) this.hooks.addFiles(handles, reselectedId);
  }

  #openInput(): void {
    const input = this.host.shadowRoot?.querySelector<HTMLInputElement>('input[type=file]');
    if (!input) return;
    const { multiple, directory } = this.host;
    // for an upload whose file is missing, one file is chosen
    const isReselecting = this.#reselectedId !== undefined;
    input.multiple = multiple && !isReselecting;
    input.webkitdirectory = directory && !isReselecting;
    input.click();
  }

  /** Adds the chosen files, and empties the input, so that the same file can be chosen again. */
  inputChange(input: HTMLInputElement): void {
    const files = [...(input.files ?? [])];
    const reselectedId = this.#reselectedId;
    this.#reselectedId = undefined;
    input.value = '';
    if (files.length > 0) this.hooks.addFiles(files, reselectedId);
  }

  /** Handles `cancel` of the input, and stops it: the element has no such event. */
  inputCancel(event: Event): void {
    event.stopPropagation();
    this.#reselectedId = undefined;
  }

  #findDropArea(): EventTarget {
    const selector = this.host.dropTarget;
    if (!selector) return this.host;
    try {
      const root = this.host.getRootNode() as Document | ShadowRoot;
      return (
        this.host.closest(selector) ?? root.querySelector(selector) ?? document.querySelector(selector) ?? this.host
      );
    } catch {
      // called at each update
      warnOnce('drop-target', selector, 'a CSS selector', null);
      return this.host;
    }
  }

  #listen(): void {
    this.#listeners?.abort();
    this.#listeners = new AbortController();
    this.#dropArea = this.#findDropArea();
    const { signal } = this.#listeners;
    // Captured, because listeners of the page may stop the event. Host and drop area get listeners too: if they are in a
    // closed shadow root, the event's path at the window does not contain them.
    const options = { signal, capture: true };
    for (const target of new Set([globalThis, this.host, this.#dropArea])) {
      for (const type of DRAG_EVENTS)
        target.addEventListener(type, (event) => this.#onDrag(event as DragEvent), options);
      target.addEventListener('dragleave', (event) => this.#onDragLeave(event as DragEvent), options);
    }
    for (const area of new Set([this.host, this.#dropArea]))
      area.addEventListener('paste', (event) => this.#onPaste(event as ClipboardEvent), { signal });
  }

  /**
   * Prevents the browser from opening the files, and adds them if no other element has a drop area further inside. Does
   * not add them if the page calls `preventDefault()` within the drop area, and so handles the event itself.
   */
  #onDrag(event: DragEvent): void {
    const depth = event.composedPath().findIndex((target) => target === this.host || target === this.#dropArea);
    const transfer = event.dataTransfer;
    if (depth < 0 || this.host.noDrop || !transfer?.types.includes('Files')) return;
    const isDrop = event.type === 'drop';
    if (isDrop) this.#setDragOver(false);
    const isDisabled = this.hooks.isDisabled();
    if (!isDrop) transfer.dropEffect = isDisabled ? 'none' : 'copy';
    const candidate = candidates.get(event);
    if (candidate && candidate.depth <= depth) return;
    // items can be read only during the event
    const items = isDrop && !isDisabled ? listItems(transfer) : null;
    this.#lastDragEvent = event;
    const afterDispatch = (isHandled: boolean): void => {
      if (this.#lastDragEvent === event && !isDrop) this.#setDragOver(!isHandled && !isDisabled);
      if (items && !isHandled) this.hooks.addFiles(items as FileSource);
    };
    if (candidate) Object.assign(candidate, { depth, afterDispatch });
    else addCandidate(event, { depth, afterDispatch });
  }

  #onDragLeave(event: DragEvent): void {
    const path = event.composedPath();
    if (!path.includes(this.host) && !path.includes(this.#dropArea!)) return;
    // moving to another child does not count; WebKit sets no relatedTarget, and fires `dragenter` next
    const enteredNode = event.relatedTarget as Node | null;
    if (enteredNode?.nodeType && (this.#dropArea as Partial<Node>).contains?.(enteredNode)) return;
    this.#lastDragEvent = null;
    this.#setDragOver(false);
  }

  #onPaste(event: ClipboardEvent): void {
    const transfer = event.clipboardData;
    if (event.defaultPrevented || this.host.noPaste || this.hooks.isDisabled() || !transfer?.files.length) return;
    // cells of a spreadsheet are copied as text and as an image: a text field gets the text
    if (isTextField(event.composedPath()[0]) && transfer.types.includes('text/plain')) return;
    event.preventDefault();
    this.hooks.addFiles(transfer);
  }

  #setDragOver(isDragOver: boolean): void {
    if (isDragOver === this.#isDragOver) return;
    this.#isDragOver = isDragOver;
    this.host.requestUpdate();
  }
}

const isTextField = (target: EventTarget | undefined): boolean =>
  target instanceof HTMLElement && (target.isContentEditable || target.matches('input, textarea'));

/**
 * Sets the first candidate of an event. Prevents the default action at once, because the page may stop the event; calls
 * the candidate after dispatch. A `preventDefault()` of the page counts only within the drop area, because listeners outside
 * it often prevent all drops.
 */
function addCandidate(event: DragEvent, candidate: DropCandidate): void {
  candidates.set(event, candidate);
  event.preventDefault();
  const path = event.composedPath();
  let innermostHandler = Infinity;
  event.preventDefault = () => {
    const depth = path.indexOf(event.currentTarget!);
    if (depth >= 0) innermostHandler = Math.min(innermostHandler, depth);
  };
  setTimeout(() => candidate.afterDispatch(innermostHandler < candidate.depth));
}
