/**
 * Formats numbers, sizes, speeds and durations for one language. One instance per language is cached, because `Intl`
 * objects are slow to create.
 */
export interface Format {
  /** The language tag as the page wrote it. */
  readonly language: string;
  /** The canonical tag; undefined for the browser's language. */
  readonly locale: string | undefined;
  number(value: number): string;
  /** @param ratio 0 to 1 */
  percent(ratio: number): string;
  /** Formats a size in decimal units, as most file managers do. */
  bytes(bytes: number): string;
  /** @param speed bytes per second */
  speed(speed: number): string;
  /** Joins names by the language's commas. */
  list(items: readonly string[]): string;
  /** Formats a duration in one or two units. @param seconds rounded up */
  time(seconds: number): string;
}

const UNITS = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte', 'petabyte'];
const formats = new Map<string, Format>();

/**
 * Returns the formats of a language.
 * @param language BCP 47 tag; if empty or malformed, the browser's language is used
 */
export function formatOf(language: string): Format {
  let format = formats.get(language);
  if (!format) formats.set(language, (format = createFormat(language, localeOf(language))));
  return format;
}

function localeOf(language: string): string | undefined {
  try {
    return Intl.getCanonicalLocales(language)[0];
  } catch {
    return undefined;
  }
}

function createFormat(language: string, locale: string | undefined): Format {
  const numberFormats = new Map<string, Intl.NumberFormat>();
  const formatNumber = (value: number, options: Intl.NumberFormatOptions): string => {
    const id = JSON.stringify(options);
    let format = numberFormats.get(id);
    if (!format) numberFormats.set(id, (format = new Intl.NumberFormat(locale, options)));
    return format.format(value);
  };
  const formatUnit = (value: number, name: string, digits = 0, unitDisplay: 'short' | 'long' = 'short'): string =>
    formatNumber(value, {
      style: 'unit',
      unit: name,
      unitDisplay,
      minimumFractionDigits: digits,
      maximumFractionDigits: digits,
    });

  const formatScaled = (bytes: number, suffix: string): string => {
    // 999,500 bytes or more would be rounded to "1,000 kB"
    const power = bytes < 1000 ? 0 : Math.min(Math.floor(Math.log10(bytes / 0.9995) / 3), UNITS.length - 1);
    const value = bytes / 1000 ** power;
    const digits = power < 2 || value >= 100 || Number.isInteger(value) ? 0 : 1;
    return formatUnit(value, `${UNITS[power]!}${suffix}`, digits, power === 0 && !suffix ? 'long' : 'short');
  };

  return {
    language,
    locale,
    number: (value) => formatNumber(value, {}),
    // rounded down, so that 100 % means complete
    percent: (ratio) => formatNumber(Math.floor(ratio * 100 + 1e-9) / 100, { style: 'percent' }),
    bytes: (bytes) => formatScaled(bytes, ''),
    list: (items) => items.join(separatorOf(locale)),
    speed: (speed) => formatScaled(Math.max(speed, 0), '-per-second'),
    time: (seconds) => {
      const wholeSeconds = Math.max(0, Math.ceil(seconds));
      if (wholeSeconds < 60) return formatUnit(wholeSeconds, 'second');
      if (wholeSeconds < 600)
        return `${formatUnit(Math.floor(wholeSeconds / 60), 'minute')} ${formatUnit(wholeSeconds % 60, 'second')}`;
      if (wholeSeconds < 3600) return formatUnit(Math.ceil(wholeSeconds / 60), 'minute');
      if (wholeSeconds < 86_400)
        return `${formatUnit(Math.floor(wholeSeconds / 3600), 'hour')} ${formatUnit(Math.floor((wholeSeconds % 3600) / 60), 'minute')}`;
      return `${formatUnit(Math.floor(wholeSeconds / 86_400), 'day')} ${formatUnit(Math.floor((wholeSeconds % 86_400) / 3600), 'hour')}`;
    },
  };
}

/** Returns what separates the items of a list. `Intl.ListFormat` adds words, or separates Chinese items by nothing. */
function separatorOf(locale = ''): string {
  if (/^(?:zh|ja)\b/.test(locale)) return '、';
  return /^(?:ar|fa)\b/.test(locale) ? '، ' : ', ';
}
