import { expect, fixture, html } from '@open-wc/testing';
import { MuleUploadElement, strings as english } from '../../../src/index.js';
import type { MuleStrings, Text } from '../../../src/index.js';
import { fillText } from '../../../src/element/i18n/translate.js';
import { strings as ar } from '../../../src/element/i18n/strings/ar.js';
import { strings as de } from '../../../src/element/i18n/strings/de.js';
import { strings as es } from '../../../src/element/i18n/strings/es.js';
import { strings as fr } from '../../../src/element/i18n/strings/fr.js';
import { strings as he } from '../../../src/element/i18n/strings/he.js';
import { strings as it_ } from '../../../src/element/i18n/strings/it.js';
import { strings as ja } from '../../../src/element/i18n/strings/ja.js';
import { strings as pl } from '../../../src/element/i18n/strings/pl.js';
import { strings as ptBR } from '../../../src/element/i18n/strings/pt-BR.js';
import { strings as zhHans } from '../../../src/element/i18n/strings/zh-Hans.js';
import type { SignFunction, UploadError } from '../../../src/engine/index.js';
import { fileOf, shadowQuery, untilRendered, createHarness, until } from '../harness.js';

const TRANSLATIONS: Record<string, MuleStrings> = {
  ar,
  de,
  es,
  fr,
  he,
  it: it_,
  ja,
  pl,
  'pt-BR': ptBR,
  'zh-Hans': zhHans,
};
const formsOf = (text: Text): [string, string][] =>
  typeof text === 'string' ? [['other', text]] : Object.entries<string>(text);
const placeholdersOf = (text: string): string[] => [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name!);
/** Returns the placeholders that translations of a text may use. Those of errors may name the file. */
const allowedPlaceholders = (key: string, text: Text): Set<string> =>
  new Set([
    ...formsOf(text).flatMap(([, form]) => placeholdersOf(form)),
    ...(key.startsWith('error-') || key.startsWith('reject-') ? ['name'] : []),
  ]);

/** Words that only the people who run a site understand. */
const JARGON = /\b(?:CORS|CSP|ETag|HTTP|URL|S3|Content Security)\b/i;
const ENGLISH_JARGON = /\b(?:abort\w*|stor(?:e|es|ed|age)|objects?|signers?|signatures?)\b/i;

describe('the English texts', () => {
  it('have no words that a user of a page does not know', () => {
    for (const [key, text] of Object.entries(english)) {
      for (const [, form] of formsOf(text)) {
        expect(form, key).not.to.match(JARGON);
        expect(form, key).not.to.match(ENGLISH_JARGON);
      }
    }
  });

  it('say in a row what the user can do, and leave the cause to mule-error', async () => {
    const { element, store } = await createHarness();
    let cause = '';
    element.addEventListener('mule-error', ({ detail }) => (cause = detail.error.message));
    store.behaviour = 'refuse';
    await element.add([fileOf('a.txt')]);
    await until(() => element.uploads[0]?.status === 'failed');
    await untilRendered(element);
    const text = shadowQuery(element, '[part=status]')!.textContent;
    expect(text).to.equal(fillText(english['error-store-refused'], { name: 'a.txt' }, String, 'en'));
    expect(cause).to.match(/the store answered 403/);
  });

  it('are replaced by the reason of a page that refuses an upload', async () => {
    const { element } = await createHarness();
    element.addEventListener('mule-before-upload', ({ detail }) =>
      detail.waitUntil(Promise.reject(new Error('The album is full'))),
    );
    await element.add([fileOf('a.txt')]);
    await until(() => element.uploads[0]?.status === 'failed');
    await untilRendered(element);
    expect(shadowQuery(element, '[part=status]')!.textContent).to.include('The album is full');
  });
});

describe('translations', () => {
  for (const [language, strings] of Object.entries(TRANSLATIONS)) {
    it(`${language}: has all texts, known placeholders only, and plural forms of its language`, () => {
      expect(Object.keys(strings)).to.deep.equal(Object.keys(english));
      const categories = new Set<string>(new Intl.PluralRules(language).resolvedOptions().pluralCategories);
      for (const [key, text] of Object.entries(strings as Record<string, Text>)) {
        const allowed = allowedPlaceholders(key, english[key as keyof typeof english]);
        for (const [category, form] of formsOf(text)) {
          expect(form, key).not.to.equal('');
          expect(form, key).not.to.match(JARGON);
          expect(categories.has(category) || category === 'other', `${key}: ${category}`).to.be.true;
          for (const name of placeholdersOf(form)) expect(allowed.has(name), `${key}: {${name}}`).to.be.true;
        }
      }
    });
  }

  it('apply by the language and script of lang; texts that the page sets replace them', async () => {
    MuleUploadElement.translate('de', de);
    MuleUploadElement.translate('pt-BR', ptBR);
    MuleUploadElement.translate('ar', ar);
    const { element } = await createHarness(
      html`<mule-upload lang="de-AT" .strings=${{ dropMany: 'her damit' }}></mule-upload>`,
    );
    const button = (): string => shadowQuery(element, '[part=button]')!.textContent;
    expect(button()).to.equal('Datei auswählen');
    element.multiple = true;
    await untilRendered(element);
    expect(button()).to.equal('Dateien auswählen');
    expect(shadowQuery(element, '.invitation')!.textContent).to.include('her damit');
    element.lang = 'pt';
    await untilRendered(element);
    expect(button()).to.equal('Escolher arquivos');
    element.removeAttribute('lang');
    const { lang, dir } = document.documentElement;
    try {
      Object.assign(document.documentElement, { lang: 'ar', dir: 'rtl' });
      await untilRendered(element);
      expect(button()).to.equal('اختيار ملفات');
      const [icon, text] = ['.icon', '.browse'].map((one) => shadowQuery(element, one)!.getBoundingClientRect());
      expect(icon!.left).to.be.above(text!.left);
    } finally {
      Object.assign(document.documentElement, { lang, dir });
    }
    await untilRendered(element);
    expect(button()).to.equal('Choose files');
    MuleUploadElement.translate('en', { browseMany: 'Pick files' });
    await untilRendered(element);
    expect(button()).to.equal(lang.startsWith('en') ? 'Pick files' : 'Choose files');
    MuleUploadElement.translate('en', {});
  });

  it('follow the language of the place to which the element is moved', async () => {
    MuleUploadElement.translate('de', de);
    const { element } = await createHarness(html`<div lang="de"><mule-upload></mule-upload></div>`);
    const button = (): string => shadowQuery(element, '[part=button]')!.textContent;
    expect(button()).to.equal('Datei auswählen');
    const place = await fixture<HTMLElement>(html`<div lang="en"></div>`);
    place.append(element);
    await untilRendered(element);
    expect(button()).to.equal('Choose a file');
  });

  it('contain the reason why a file was not added, in the element and in the event', async () => {
    MuleUploadElement.translate('pl', pl);
    const { element } = await createHarness(html`<mule-upload lang="pl" accept=".png" multiple></mule-upload>`);
    const messages: string[] = [];
    element.addEventListener('mule-reject', ({ detail }) => messages.push(detail.message));
    await element.add([fileOf('a.txt')]);
    await untilRendered(element);
    expect(messages).to.deep.equal(['Nie dodano „a.txt”: ten typ pliku nie jest dozwolony. Dozwolone: PNG.']);
    expect(shadowQuery(element, '[part=messages]')!.textContent).to.include(messages[0]);
  });

  it('show the message of a refusal of the signer, or the page’s text for its code', async () => {
    MuleUploadElement.translate('de', de);
    const refuse = ((_, body) => ({
      time: Date.now(),
      files: (body as { files: { id: string; filename: string }[] }).files.map(({ id, filename }) => ({
        id,
        error: { code: filename.split('.')[0]!, message: 'Your plan holds 5 GB.' },
      })),
    })) as SignFunction;
    const { element } = await createHarness(
      html`<mule-upload lang="de" multiple .strings=${{ 'error-quota': '{name}: kein Platz mehr.' }}></mule-upload>`,
      { sign: refuse },
    );
    const errors: UploadError[] = [];
    element.addEventListener('mule-error', ({ detail }) => errors.push(detail.error));
    await element.add([fileOf('plan.txt'), fileOf('quota.txt'), fileOf('too-big.txt')]);
    await until(() => errors.length === 3);
    await untilRendered(element);
    const texts = [...element.shadowRoot!.querySelectorAll('[part=status]')].map((one) => one.textContent);
    expect(texts).to.deep.equal(['Your plan holds 5 GB.', 'quota.txt: kein Platz mehr.', '„too-big.txt“ ist zu groß.']);
    const [first] = errors.filter(({ refusal }) => refusal?.code === 'plan');
    expect(first).to.include({ code: 'signer-refused', retryable: false });
    expect(first!.refusal).to.deep.equal({ code: 'plan', message: 'Your plan holds 5 GB.' });
  });
});
