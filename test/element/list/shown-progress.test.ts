import { expect } from '@open-wc/testing';
import { isProgressUnknown, shownRatio } from '../../../src/element/list/shown-progress.js';
import type { UploadSnapshot, UploadStatus } from '../../../src/engine/api/types.js';

const upload = (status: UploadStatus, loaded: number, recovered: boolean): UploadSnapshot =>
  ({ status, loaded, recovered }) as UploadSnapshot;

describe('the shown progress', () => {
  it('is 100 % only for what is uploaded', () => {
    expect(shownRatio(1, false)).to.equal(0.99);
    expect(shownRatio(0.995, false)).to.equal(0.99);
    expect(shownRatio(0.5, false)).to.equal(0.5);
    expect(shownRatio(0, true), 'an empty file').to.equal(1);
  });

  it('is unknown for an upload of an earlier page load until its stored parts are listed', () => {
    for (const status of ['needs-file', 'paused', 'queued', 'starting', 'waiting'] as const) {
      expect(isProgressUnknown(upload(status, 0, true)), status).to.be.true;
      expect(isProgressUnknown(upload(status, 0, false)), `new, ${status}`).to.be.false;
      expect(isProgressUnknown(upload(status, 10, true)), `with bytes, ${status}`).to.be.false;
    }
    for (const status of ['uploading', 'finishing', 'complete', 'failed', 'aborted'] as const)
      expect(isProgressUnknown(upload(status, 0, true)), status).to.be.false;
  });
});
