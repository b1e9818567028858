import { expect } from '@open-wc/testing';
import { formatOf } from '../../../src/element/i18n/format.js';
import { strings } from '../../../src/element/i18n/strings.js';
import { fillText } from '../../../src/element/i18n/translate.js';

describe('format', () => {
  const { bytes, speed, time, percent, number } = formatOf('en');

  it('formats sizes in decimal units, with numbers below 1,000', () => {
    expect([0, 1, 999, 1000, 999_499, 999_500, 1_500_000, 2e9, 123_456_789, 48.8e12].map(bytes)).to.deep.equal([
      '0 bytes',
      '1 byte',
      '999 bytes',
      '1 kB',
      '999 kB',
      '1.0 MB',
      '1.5 MB',
      '2 GB',
      '123 MB',
      '48.8 TB',
    ]);
  });

  it('formats speeds, and times in their two largest units', () => {
    expect(speed(12_400_000)).to.equal('12.4 MB/s');
    expect([0.2, 59, 61, 1800, 7300, 90_000].map(time)).to.deep.equal([
      '1 sec',
      '59 sec',
      '1 min 1 sec',
      '30 min',
      '2 hr 1 min',
      '1 day 1 hr',
    ]);
  });

  it('rounds percents down, so that 100 % means complete', () => {
    expect([0, 0.29, 0.999, 1].map(percent)).to.deep.equal(['0%', '29%', '99%', '100%']);
  });

  it('formats for the requested language, and accepts a malformed tag', () => {
    expect(formatOf('de').bytes(1_500_000)).to.equal('1,5 MB');
    expect(formatOf('not a language').number(1)).to.be.a('string');
  });

  it('fills in texts with the plural rules of the language', () => {
    expect(fillText(strings.summaryStored, { done: 1, count: 1 }, number, 'en')).to.equal('1 of 1 file uploaded');
    expect(fillText(strings.summaryStored, { done: 1, count: 2000 }, number, 'en')).to.equal(
      '1 of 2,000 files uploaded',
    );
    expect(fillText({ few: '{count} pliki', other: '{count} plików' }, { count: 3 }, number, 'pl')).to.equal('3 pliki');
    expect(fillText('Pause {name}', { name: '{count}.txt' }, number)).to.equal('Pause {count}.txt');
  });
});
