import type { ReactiveController, ReactiveControllerHost } from 'lit';
import { formatOf, type Format } from './format.js';
import { strings as english, type MuleStrings } from './strings.js';
import { createTranslate, type Translate } from './translate.js';

/** Translations for all elements, by language and script. */
const translations = new Map<string, Partial<MuleStrings>>();
const connected = new Set<Localizer>();

/** Sets the texts of a language for all elements, present and future. */
export function setTranslation(language: string, strings: Partial<MuleStrings>): void {
  translations.set(scriptOf(language), strings);
  for (const localizer of connected) localizer.host.requestUpdate();
}

/** Provides texts and number formats in the element's language, and follows changes of `lang`. */
export class Localizer implements ReactiveController {
  #ownStrings: Partial<MuleStrings> | null = null;
  #translation: Partial<MuleStrings> | undefined;
  #format: Format | null = null;
  #translate: Translate | null = null;
  #observer: MutationObserver | null = null;

  constructor(readonly host: ReactiveControllerHost & HTMLElement & { readonly strings: Partial<MuleStrings> }) {
    host.addController(this);
  }

  get format(): Format {
    return formatOf(languageOf(this.host));
  }

  /** The same function until a text or the language changes, so that unchanged rows are not rendered again. */
  get translate(): Translate {
    const { format } = this;
    const { strings } = this.host;
    const translation = translations.get(scriptOf(format.locale ?? ''));
    if (
      !this.#translate
      || strings !== this.#ownStrings
      || format !== this.#format
      || translation !== this.#translation
    ) {
      this.#ownStrings = strings;
      this.#translation = translation;
      this.#format = format;
      this.#translate = createTranslate({ ...english, ...translation, ...strings }, format);
    }
    return this.#translate;
  }

  hostConnected(): void {
    connected.add(this);
    this.#observer = new MutationObserver(() => {
      if (languageOf(this.host) !== (this.#format?.language ?? '')) this.host.requestUpdate();
    });
    for (const root of rootsOf(this.host))
      this.#observer.observe(root, { attributes: true, attributeFilter: ['lang'], subtree: true });
  }

  hostDisconnected(): void {
    connected.delete(this);
    this.#observer?.disconnect();
  }
}

/** Returns the key of a translation: `pt` and `pt-BR` give `pt-Latn`, `zh` and `zh-CN` give `zh-Hans`. */
function scriptOf(language: string): string {
  try {
    const locale = new Intl.Locale(language).maximize();
    return `${locale.language}-${locale.script}`;
  } catch {
    return '';
  }
}

/** Yields the trees that contain an element, from its own root to the document. */
function* rootsOf(element: Element): Generator<Node> {
  for (let at: Element | undefined = element; at;) {
    const root: Node = at.getRootNode();
    yield root;
    at = (root as Partial<ShadowRoot>).host;
  }
}

/** Returns the `lang` that applies to an element, across shadow roots; empty if the page sets none. */
function languageOf(element: Element): string {
  for (let at: Element | null = element; at?.closest; at = (at.getRootNode() as Partial<ShadowRoot>).host ?? null) {
    const found = at.closest('[lang]:not([lang=""])');
    if (found) return found.getAttribute('lang')!;
  }
  return '';
}
