/** The languages of the demo: the element follows the page's `lang` and `dir`. */
import { MuleUploadElement } from '../src/index.js';
import { strings as ar } from '../src/element/strings/ar.js';
import { strings as de } from '../src/element/strings/de.js';
import { strings as es } from '../src/element/strings/es.js';
import { strings as fr } from '../src/element/strings/fr.js';
import { strings as he } from '../src/element/strings/he.js';
import { strings as it } from '../src/element/strings/it.js';
import { strings as ja } from '../src/element/strings/ja.js';
import { strings as pl } from '../src/element/strings/pl.js';
import { strings as ptBR } from '../src/element/strings/pt-BR.js';
import { strings as zhHans } from '../src/element/strings/zh-Hans.js';

const TRANSLATIONS = { ar, de, es, fr, he, it, ja, pl, 'pt-BR': ptBR, 'zh-Hans': zhHans };
const FROM_RIGHT: readonly string[] = ['ar', 'he'];

for (const [language, strings] of Object.entries(TRANSLATIONS)) MuleUploadElement.translate(language, strings);

const choice = document.querySelector<HTMLSelectElement>('#language')!;
for (const language of ['en', ...Object.keys(TRANSLATIONS)]) {
  const name = new Intl.DisplayNames([language], { type: 'language' }).of(language) ?? language;
  const option = new Option(name, language);
  option.lang = language;
  choice.add(option);
}
choice.addEventListener('change', () => {
  const { documentElement } = document;
  documentElement.lang = choice.value;
  documentElement.dir = FROM_RIGHT.includes(choice.value) ? 'rtl' : 'ltr';
});
