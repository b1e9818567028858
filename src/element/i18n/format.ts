/** Writes numbers, sizes, speeds and times for one language; made once for each, since `Intl` objects are dear. */
export interface Format {
  /** As it was asked for. */
  readonly language: string;
  readonly locale: string | undefined;
  number(value: number): string;
  /** @param ratio 0 to 1 */
  percent(ratio: number): string;
  /** @param bytes decimal units, as disks and file managers count */
  bytes(bytes: number): string;
  /** @param speed bytes per second */
  speed(speed: number): string;
  /** @param seconds shown by their two largest units, so that the text seldom changes its length */
  time(seconds: number): string;
}

const UNITS = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte', 'petabyte'];
const formats = new Map<string, Format>();

/**
 * Gives the format of a language.
 * @param language BCP 47 tag; empty or malformed: the browser's own language
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
  const made = new Map<string, Intl.NumberFormat>();
  const write = (value: number, options: Intl.NumberFormatOptions): string => {
    const id = JSON.stringify(options);
    let format = made.get(id);
    if (!format) made.set(id, (format = new Intl.NumberFormat(locale, options)));
    return format.format(value);
  };
  const unit = (value: number, name: string, digits = 0, unitDisplay: 'short' | 'long' = 'short'): string =>
    write(value, {
      style: 'unit',
      unit: name,
      unitDisplay,
      minimumFractionDigits: digits,
      maximumFractionDigits: digits,
    });

  const scaled = (bytes: number, suffix: string): string => {
    // 999,500 bytes and more would be rounded to "1,000 kB"
    const step = bytes < 1000 ? 0 : Math.min(Math.floor(Math.log10(bytes / 0.9995) / 3), UNITS.length - 1);
    const value = bytes / 1000 ** step;
    const digits = step < 2 || value >= 100 || Number.isInteger(value) ? 0 : 1;
    return unit(value, `${UNITS[step]!}${suffix}`, digits, step === 0 && !suffix ? 'long' : 'short');
  };

  return {
    language,
    locale,
    number: (value) => write(value, {}),
    // Rounded down: 100 % is said when all is there, and not before.
    percent: (ratio) => write(Math.floor(ratio * 100 + 1e-9) / 100, { style: 'percent' }),
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
