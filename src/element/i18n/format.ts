/** Formats numbers, sizes, speeds and times for one language. Cached, because `Intl` objects are slow to create. */
export interface Format {
  /** The tag that was requested. */
  readonly language: string;
  readonly locale: string | undefined;
  number(value: number): string;
  /** @param ratio 0 to 1 */
  percent(ratio: number): string;
  /** In decimal units, as most file managers count. */
  bytes(bytes: number): string;
  /** @param speed bytes per second */
  speed(speed: number): string;
  /** In one or two units. @param seconds rounded up */
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
  const unit = (value: number, name: string, digits = 0, unitDisplay: 'short' | 'long' = 'short'): string =>
    formatNumber(value, {
      style: 'unit',
      unit: name,
      unitDisplay,
      minimumFractionDigits: digits,
      maximumFractionDigits: digits,
    });

  const scaled = (bytes: number, suffix: string): string => {
    // 999,500 bytes or more would be rounded to "1,000 kB"
    const power = bytes < 1000 ? 0 : Math.min(Math.floor(Math.log10(bytes / 0.9995) / 3), UNITS.length - 1);
    const value = bytes / 1000 ** power;
    const digits = power < 2 || value >= 100 || Number.isInteger(value) ? 0 : 1;
    return unit(value, `${UNITS[power]!}${suffix}`, digits, power === 0 && !suffix ? 'long' : 'short');
  };

  return {
    language,
    locale,
    number: (value) => formatNumber(value, {}),
    // rounded down, so that 100 % means complete
    percent: (ratio) => formatNumber(Math.floor(ratio * 100 + 1e-9) / 100, { style: 'percent' }),
    bytes: (bytes) => scaled(bytes, ''),
    speed: (speed) => scaled(Math.max(speed, 0), '-per-second'),
    time: (seconds) => {
      const whole = Math.max(0, Math.ceil(seconds));
      if (whole < 60) return unit(whole, 'second');
      if (whole < 600) return `${unit(Math.floor(whole / 60), 'minute')} ${unit(whole % 60, 'second')}`;
      if (whole < 3600) return unit(Math.ceil(whole / 60), 'minute');
      if (whole < 86_400)
        return `${unit(Math.floor(whole / 3600), 'hour')} ${unit(Math.floor((whole % 3600) / 60), 'minute')}`;
      return `${unit(Math.floor(whole / 86_400), 'day')} ${unit(Math.floor((whole % 86_400) / 3600), 'hour')}`;
    },
  };
}
