/** Registers translations, and lets the user choose a language. The element follows `lang` and `dir` of the page. */
import { MuleUploadElement } from '../src/index.js';
import { strings as ar } from '../src/element/i18n/strings/ar.js';
import { strings as de } from '../src/element/i18n/strings/de.js';
import { strings as es } from '../src/element/i18n/strings/es.js';
import { strings as fr } from '../src/element/i18n/strings/fr.js';
import { strings as he } from '../src/element/i18n/strings/he.js';
import { strings as it } from '../src/element/i18n/strings/it.js';
import { strings as ja } from '../src/element/i18n/strings/ja.js';
import { strings as pl } from '../src/element/i18n/strings/pl.js';
import { strings as ptBR } from '../src/element/i18n/strings/pt-BR.js';
import { strings as zhHans } from '../src/element/i18n/strings/zh-Hans.js';

const TRANSLATIONS = { ar, de, es, fr, he, it, ja, pl, 'pt-BR': ptBR, 'zh-Hans': zhHans };
const RIGHT_TO_LEFT: readonly string[] = ['ar', 'he'];

for (const [language, strings] of Object.entries(TRANSLATIONS)) MuleUploadElement.translate(language, strings);

const languageSelect = document.querySelector<HTMLSelectElement>('#language')!;
for (const language of ['en', ...Object.keys(TRANSLATIONS)]) {
  const name = new Intl.DisplayNames([language], { type: 'language' }).of(language) ?? language;
  const option = new Option(name, language);
  option.lang = language;
  languageSelect.add(option);
}
languageSelect.addEventListener('change', () => {
  const { documentElement } = document;
  documentElement.lang = languageSelect.value;
  documentElement.dir = RIGHT_TO_LEFT.includes(languageSelect.value) ? 'rtl' : 'ltr';
});
