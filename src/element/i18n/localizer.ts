import type { ReactiveController, ReactiveControllerHost } from 'lit';
import { formatOf, type Format } from './format.js';
import { strings as english, type MuleStrings } from './strings.js';
import { sayIn, type Say } from './status-text.js';

/** Texts by language and script, for all elements. */
const translations = new Map<string, Partial<MuleStrings>>();
const connected = new Set<Words>();

/** Gives a language's texts to all elements that are in that language, now and later. */
export function translate(language: string, strings: Partial<MuleStrings>): void {
  translations.set(scriptOf(language), strings);
  for (const words of connected) words.host.requestUpdate();
}

/** The element's texts and numbers in the language that applies to it, followed live. */
export class Words implements ReactiveController {
  #given: Partial<MuleStrings> | null = null;
  #translated: Partial<MuleStrings> | undefined;
  #format: Format | null = null;
  #say: Say | null = null;
  #observer: MutationObserver | null = null;

  constructor(readonly host: ReactiveControllerHost & HTMLElement & { readonly strings: Partial<MuleStrings> }) {
    host.addController(this);
  }

  get format(): Format {
    return formatOf(languageOf(this.host));
  }

  /** The same function while texts and language stay: rows that did not change are then skipped. */
  get say(): Say {
    const { format } = this;
    const given = this.host.strings;
    const translated = translations.get(scriptOf(format.locale ?? ''));
    if (!this.#say || given !== this.#given || format !== this.#format || translated !== this.#translated) {
      this.#given = given;
      this.#translated = translated;
      this.#format = format;
      this.#say = sayIn({ ...english, ...translated, ...given }, format);
    }
    return this.#say;
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

/** What a translation is found by: `pt` and `pt-BR` are `pt-Latn`, `zh` and `zh-CN` are `zh-Hans`. */
function scriptOf(language: string): string {
  try {
    const locale = new Intl.Locale(language).maximize();
    return `${locale.language}-${locale.script}`;
  } catch {
    return '';
  }
}

/** The trees that an element is in, from its own root out to the document. */
function* rootsOf(element: Element): Generator<Node> {
  for (let at: Element | undefined = element; at;) {
    const root: Node = at.getRootNode();
    yield root;
    at = (root as Partial<ShadowRoot>).host;
  }
}

/** The language that applies to an element, through shadow roots; empty where the page names none. */
function languageOf(element: Element): string {
  for (let at: Element | null = element; at?.closest; at = (at.getRootNode() as Partial<ShadowRoot>).host ?? null) {
    const found = at.closest('[lang]:not([lang=""])');
    if (found) return found.getAttribute('lang')!;
  }
  return '';
}
