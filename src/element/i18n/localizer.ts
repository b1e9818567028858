import type { ReactiveController, ReactiveControllerHost } from 'lit';
import { formatOf, type Format } from './format.js';
import { strings as english, type MuleStrings } from './strings.js';
import { createTranslate, type Translate } from './translate.js';

/** Translations for all elements, by language and script. */
const translations = new Map<string, Partial<MuleStrings>>();
const connectedLocalizers = new Set<Localizer>();

/** Sets the texts of a language, for all elements of the page and those created later. */
export function setTranslation(language: string, strings: Partial<MuleStrings>): void {
  translations.set(translationKeyOf(language), strings);
  for (const localizer of connectedLocalizers) localizer.host.requestUpdate();
}

/** Provides texts and number formats in the element's language, and renders again when `lang` changes. */
export class Localizer implements ReactiveController {
  #hostStrings: Partial<MuleStrings> | null = null;
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

  /** Returns the same function until a text or the language changes, so that unchanged rows are not rendered again. */
  get translate(): Translate {
    const { format } = this;
    const { strings } = this.host;
    const translation = translations.get(translationKeyOf(format.locale ?? ''));
    if (
      !this.#translate
      || strings !== this.#hostStrings
      || format !== this.#format
      || translation !== this.#translation
    ) {
      this.#hostStrings = strings;
      this.#translation = translation;
      this.#format = format;
      this.#translate = createTranslate({ ...english, ...translation, ...strings }, format);
    }
    return this.#translate;
  }

  hostConnected(): void {
    connectedLocalizers.add(this);
    this.#observer = new MutationObserver(() => {
      if (languageOf(this.host) !== (this.#format?.language ?? '')) this.host.requestUpdate();
    });
    for (const root of rootsOf(this.host))
      this.#observer.observe(root, { attributes: true, attributeFilter: ['lang'], subtree: true });
  }

  hostDisconnected(): void {
    connectedLocalizers.delete(this);
    this.#observer?.disconnect();
  }
}

/** Returns the key of a translation: `pt` and `pt-BR` give `pt-Latn`, `zh` and `zh-CN` give `zh-Hans`. */
function translationKeyOf(language: string): string {
  try {
    const locale = new Intl.Locale(language).maximize();
    return `${locale.language}-${locale.script}`;
  } catch {
    return '';
  }
}

/** Yields the trees that contain an element, from its own root to the document. */
function* rootsOf(element: Element): Generator<Node> {
  for (let current: Element | undefined = element; current;) {
    const root: Node = current.getRootNode();
    yield root;
    current = (root as Partial<ShadowRoot>).host;
  }
}

/** Returns the `lang` that applies to an element, across shadow roots; empty if the page sets none. */
function languageOf(element: Element): string {
  let current: Element | null = element;
  while (current?.closest) {
    const elementWithLang = current.closest('[lang]:not([lang=""])');
    if (elementWithLang) return elementWithLang.getAttribute('lang')!;
    current = (current.getRootNode() as Partial<ShadowRoot>).host ?? null;
  }
  return '';
}
