import { formatOf, type Format } from './format.js';
import { strings as english, type MuleStrings } from './strings.js';
import { sayIn, type Say } from './view.js';

/** The element's texts and numbers in the language that applies to it. */
export class Words {
  #given: Partial<MuleStrings> | null = null;
  #format: Format | null = null;
  #say: Say | null = null;

  constructor(private readonly host: HTMLElement & { readonly strings: Partial<MuleStrings> }) {}

  get format(): Format {
    return formatOf(languageOf(this.host));
  }

  /** The same function while texts and language stay: rows that did not change are then skipped. */
  get say(): Say {
    const { format } = this;
    const given = this.host.strings;
    if (!this.#say || given !== this.#given || format !== this.#format) {
      this.#given = given;
      this.#format = format;
      this.#say = sayIn({ ...english, ...given }, format);
    }
    return this.#say;
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
