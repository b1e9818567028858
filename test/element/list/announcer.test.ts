import { expect } from '@open-wc/testing';
import { Announcer } from '../../../src/element/list/announcer.js';
import { formatOf } from '../../../src/element/i18n/format.js';
import { strings } from '../../../src/element/i18n/strings.js';
import { createTranslate } from '../../../src/element/i18n/translate.js';
import { LiveRegions } from '../../../src/element/input/live-regions.js';
import { UploadError } from '../../../src/engine/index.js';
import type { UploaderStatus, UploadSnapshot } from '../../../src/engine/api/types.js';

const format = formatOf('en');
const translate = createTranslate(strings, format);

/** Creates an announcer. @returns a function that passes it an upload of 100 bytes, and returns its polite text */
function createAnnouncer(): (status: UploaderStatus, loaded: number) => string {
  const live = new LiveRegions();
  const announcer = new Announcer(live);
  return (status, loaded) => {
    const upload = { id: 'u', name: 'a.txt', status, waitingFor: 'network', retryAt: null } as UploadSnapshot;
    const progress = { loaded, total: 100, ratio: loaded / 100, speed: 0, eta: null };
    announcer.observe({ uploads: [upload], status, progress, translate, format, offline: false });
    return live.polite;
  };
}

describe('Announcer, after a connection was lost', () => {
  it('announces the upload only after more bytes were sent, and not when a request is tried', () => {
    const announce = createAnnouncer();
    expect(announce('uploading', 30)).to.equal('Uploading a.txt');
    const waiting = announce('waiting', 30);
    expect(waiting).to.contain('Connection lost');
    expect(announce('uploading', 30)).to.equal(waiting);
    expect(announce('waiting', 30)).to.equal(waiting);
    expect(announce('uploading', 30)).to.equal(waiting);
    expect(announce('uploading', 31)).to.equal('Uploading a.txt');
    expect(announce('uploading', 60)).to.equal('50% uploaded');
  });

  it('announces the end at once if all bytes were sent before', () => {
    const announce = createAnnouncer();
    announce('uploading', 100);
    announce('waiting', 100);
    announce('uploading', 100);
    expect(announce('complete', 100)).to.equal('a.txt was uploaded');
  });
});

describe('Announcer, when an upload has failed', () => {
  const announceFailure = (code: string, message: string): string => {
    const live = new LiveRegions();
    const error = new UploadError('signer-refused', '', { status: 403, refusal: { code, message } });
    const upload = { id: 'u', name: 'a.txt', status: 'failed', waitingFor: null, retryAt: null, error };
    const progress = { loaded: 0, total: 0, ratio: 0, speed: 0, eta: null };
    const uploads = [upload as unknown as UploadSnapshot];
    new Announcer(live).observe({ uploads, status: 'failed', progress, translate, format, offline: false });
    return live.assertive;
  };

  it('names the file once, whether or not the message names it', () => {
    expect(announceFailure('quota', 'No space left for a.txt.')).to.equal('No space left for a.txt.');
    expect(announceFailure('quota', 'Your plan holds 5 GB.')).to.equal('a.txt failed: Your plan holds 5 GB.');
    expect(announceFailure('too-large', '').split('a.txt')).to.have.length(2);
  });
});

describe('Announcer, when the last of several uploads has ended and one has failed', () => {
  /** Returns the polite text after uploads with these statuses, one of which was uploading before. */
  const announceEnd = (...statuses: UploadSnapshot['status'][]): string => {
    const live = new LiveRegions();
    const announcer = new Announcer(live);
    const progress = { loaded: 0, total: 0, ratio: 0, speed: 0, eta: null };
    const uploads = statuses.map(
      (status, index) => ({ id: `${index}`, name: 'a.txt', status, waitingFor: null, retryAt: null }) as UploadSnapshot,
    );
    const observe = (status: UploaderStatus): void =>
      announcer.observe({ uploads, status, progress, translate, format, offline: false });
    observe('uploading');
    live.polite = '';
    observe('failed');
    return live.polite;
  };

  it('announces how many are complete, without those that were aborted', () => {
    expect(announceEnd('complete', 'failed', 'complete', 'aborted')).to.equal('2 of 3 files uploaded');
  });

  it('announces only the failure if none is complete', () => {
    expect(announceEnd('failed')).to.equal('');
  });
});

describe('Announcer, created after uploads were added', () => {
  it('announces the current status', () => {
    expect(createAnnouncer()('uploading', 0)).to.equal('Uploading a.txt');
    expect(createAnnouncer()('complete', 100)).to.equal('a.txt was uploaded');
  });
});
