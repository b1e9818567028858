import type { Format } from './format.js';
import type { MuleStrings, Text } from './strings.js';

/** Values of a text's placeholders. Numbers are formatted for the language. */
export type TextValues = Readonly<Record<string, string | number>>;

/** Returns one of the element's texts in the user's language, with its placeholders filled in. */
export type Translate = (key: keyof MuleStrings, values?: TextValues) => string;

/** Creates a function that finds a text by its key, and fills in its placeholders. */
export const createTranslate =
  (strings: MuleStrings, { number, locale }: Format): Translate =>
  (key, values = {}) =>
    // the error codes of a page's own signer have no text, so their message is shown
    fillText(strings[key] ?? '{message}', values, number, locale);

/**
 * Fills in a text's placeholders.
 * @param formatNumber formats a number for the language
 * @param locale selects the plural rules; undefined for the browser's language
 */
export function fillText(
  text: Text,
  values: TextValues,
  formatNumber: (value: number) => string,
  locale?: string,
): string {
  const pluralForm =
    typeof text === 'string' ? text : (text[pluralCategory(Number(values['count']), locale)] ?? text.other);
  return pluralForm.replace(/\{(\w+)\}/g, (placeholder, name: string) => {
    const value = values[name];
    return typeof value === 'number' ? formatNumber(value) : (value ?? placeholder);
  });
}

const pluralRules = new Map<string | undefined, Intl.PluralRules>();

function pluralCategory(count: number, locale: string | undefined): Intl.LDMLPluralRule {
  let rule = pluralRules.get(locale);
  if (!rule) pluralRules.set(locale, (rule = new Intl.PluralRules(locale)));
  return rule.select(count);
}
