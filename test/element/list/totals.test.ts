import { expect } from '@open-wc/testing';
import { totalsOf } from '../../../src/element/list/totals.js';
import type { UploadSnapshot, UploadStatus } from '../../../src/engine/api/types.js';

const upload = (status: UploadStatus, loaded: number, speed = 0): UploadSnapshot =>
  ({ status, loaded, size: 100, speed }) as UploadSnapshot;

describe('totalsOf', () => {
  it('counts complete and running uploads, and neither failed nor aborted ones', () => {
    const uploads = [upload('complete', 100), upload('uploading', 50, 10), upload('failed', 30), upload('aborted', 20)];
    expect(totalsOf(uploads)).to.deep.equal({ loaded: 150, total: 200, ratio: 0.75, speed: 10, eta: 5 });
  });

  it('counts what waits for its file, but not in the time left, nor what is paused', () => {
    const uploads = [upload('uploading', 50, 10), upload('needs-file', 0), upload('paused', 40)];
    expect(totalsOf(uploads)).to.deep.equal({ loaded: 90, total: 300, ratio: 0.3, speed: 10, eta: 5 });
  });

  it('has no remaining time while nothing is sent', () => {
    expect(totalsOf([upload('paused', 50)])).to.deep.equal({ loaded: 50, total: 100, ratio: 0.5, speed: 0, eta: null });
    expect(totalsOf([])).to.include({ total: 0, ratio: 0, eta: null });
  });
});
