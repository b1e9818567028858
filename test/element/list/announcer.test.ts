import { expect } from '@open-wc/testing';
import { Announcer } from '../../../src/element/list/announcer.js';
import { formatOf } from '../../../src/element/i18n/format.js';
import { strings } from '../../../src/element/i18n/strings.js';
import { createTranslate } from '../../../src/element/i18n/translate.js';
import type { UploaderStatus, UploadSnapshot } from '../../../src/engine/api/types.js';

const format = formatOf('en');
const say = createTranslate(strings, format);

/** Lets an announcer look at one upload of 100 bytes, and gives what it says politely. */
function listener(): (status: UploaderStatus, loaded: number) => string {
  const announcer = new Announcer();
  return (status, loaded) => {
    const upload = { id: 'u', name: 'a.txt', status, waitingFor: 'network', retryAt: null } as UploadSnapshot;
    const progress = { loaded, total: 100, ratio: loaded / 100, speed: 0, eta: null };
    announcer.observe({ uploads: [upload], status, progress, translate: say, format, offline: false });
    return announcer.polite;
  };
}

describe('what a screen reader is told when the line comes back', () => {
  it('changes once bytes go up, and not by a first try that fails at once', () => {
    const hear = listener();
    expect(hear('uploading', 30)).to.equal('Uploading a.txt');
    const waiting = hear('waiting', 30);
    expect(waiting).to.contain('No connection');
    expect(hear('uploading', 30)).to.equal(waiting);
    expect(hear('waiting', 30)).to.equal(waiting);
    expect(hear('uploading', 30)).to.equal(waiting);
    expect(hear('uploading', 31)).to.equal('Uploading a.txt');
    expect(hear('uploading', 60)).to.equal('50% uploaded');
  });

  it('is the end at once where nothing but that was missing', () => {
    const hear = listener();
    hear('uploading', 100);
    hear('waiting', 100);
    hear('uploading', 100);
    expect(hear('complete', 100)).to.equal('a.txt is stored');
  });
});
