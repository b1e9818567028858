import { expect } from '@open-wc/testing';
import { acceptText } from '../../../src/element/i18n/accept-text.js';
import { formatOf } from '../../../src/element/i18n/format.js';
import { strings } from '../../../src/element/i18n/strings.js';
import { createTranslate } from '../../../src/element/i18n/translate.js';

const textOf = (accept: string, language = 'en'): string => {
  const format = formatOf(language);
  return acceptText(accept, createTranslate(strings, format), format);
};

describe('acceptText', () => {
  it('names kinds of files, extensions and types', () => {
    expect(textOf('image/*,.pdf')).to.equal('images, PDF');
    expect(textOf('.jpg, .JPG, image/png, image/svg+xml, audio/*')).to.equal('JPG, PNG, SVG, audio');
    expect(textOf('text/plain,audio/mpeg')).to.equal('TXT, MP3');
    expect(textOf('')).to.equal('');
  });

  it('separates names as the language does', () => {
    expect(['de', 'ja', 'zh-Hans', 'ar'].map((language) => textOf('.jpg,.png', language))).to.deep.equal([
      'JPG, PNG',
      'JPG、PNG',
      'JPG、PNG',
      'JPG، PNG',
    ]);
  });

  it('names none if one has no name that users know', () => {
    expect(textOf('.pdf,application/vnd.openxmlformats-officedocument.wordprocessingml.document')).to.equal('');
  });
});
