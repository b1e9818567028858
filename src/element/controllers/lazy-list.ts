import type { CSSResult, LitElement, ReactiveController } from 'lit';
import { ModuleLoader } from '../../engine/util/module-loader.js';
import { pageTimers } from '../../engine/util/page-timers.js';
import type { LiveRegions } from '../input/live-regions.js';
import { mediaStyles } from '../styles/media-styles.js';
import type { ListController, ListHooks } from './list-controller.js';
import type { UploaderController } from './uploader-controller.js';

/** The list's code, for all elements of the page. */
const codeLoader = new ModuleLoader(() => import('./list-controller.js'), pageTimers);

/** Loads the code of the list of uploads after the element's first update. */
export class LazyList implements ReactiveController {
  #list: ListController | null = null;
  #isRequested = false;

  constructor(
    private readonly host: LitElement,
    private readonly uploader: UploaderController,
    private readonly liveRegions: LiveRegions,
    private readonly hooks: ListHooks,
  ) {
    host.addController(this);
  }

  /** The list; null until its code is loaded. */
  get current(): ListController | null {
    return this.#list;
  }

  /** Whether loading the code has failed; it is retried. */
  get isFailing(): boolean {
    return !this.#list && codeLoader.failures > 0;
  }

  hostUpdated(): void {
    if (this.#isRequested) return;
    this.#isRequested = true;
    codeLoader.onFailure(() => this.host.requestUpdate());
    void codeLoader.load().then(({ ListController }) => {
      const { host } = this;
      this.#list = new ListController(host, this.uploader, this.liveRegions, this.hooks);
      adoptStylesBefore(mediaStyles, ListController.styles, host.shadowRoot!);
      host.requestUpdate();
    });
  }
}

/** Inserts style sheets before one that overrides them. */
function adoptStylesBefore(last: CSSResult, added: readonly CSSResult[], root: ShadowRoot): void {
  const sheets = [...root.adoptedStyleSheets];
  const index = sheets.indexOf(last.styleSheet!);
  sheets.splice(index < 0 ? sheets.length : index, 0, ...added.map(({ styleSheet }) => styleSheet!));
  root.adoptedStyleSheets = sheets;
}
