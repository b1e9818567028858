import { expect } from '@open-wc/testing';
import { RequestPace } from '../../../src/engine/browser/request-pace.js';
import { MIB } from '../../../src/limits.js';

const PART = 8 * MIB;

describe('the pace of requests to one origin', () => {
  it('expects progress events until a slow request had none', () => {
    const pace = new RequestPace();
    expect(pace.isProgressHidden).to.be.false;
    pace.recordAnswer(PART, 60_000, false);
    expect(pace.isProgressHidden).to.be.true;
    pace.recordProgress();
    expect(pace.isProgressHidden).to.be.false;
  });

  it('ignores small bodies, and infers nothing about progress from quick responses', () => {
    const pace = new RequestPace();
    pace.recordAnswer(100, 60_000, false);
    pace.recordAnswer(PART, 900, false);
    expect(pace.isProgressHidden).to.be.false;
  });

  it('expects a duration by the size and the pace of the slowest of the latest requests', () => {
    const pace = new RequestPace();
    pace.recordAnswer(PART, 67_000, false);
    expect(pace.expectedDuration(PART, 0)).to.be.closeTo(3 * 67_000, 1);
    expect(pace.expectedDuration(PART / 2, 0)).to.be.closeTo(1.5 * 67_000, 1);
    pace.recordAnswer(PART, 20_000, false);
    expect(pace.expectedDuration(PART, 0)).to.be.within(100_000, 3 * 67_000);
  });

  it('expects a longer duration if the request itself is slower', () => {
    const pace = new RequestPace();
    pace.recordAnswer(PART, 1_000, true);
    expect(pace.expectedDuration(PART, 0)).to.be.closeTo(2_000, 1);
    expect(pace.expectedDuration(PART, 50_000 / PART)).to.be.closeTo(100_000, 1);
  });

  it('allows more time after each request that was dropped without progress', () => {
    const pace = new RequestPace();
    pace.recordSilentDrop();
    expect(pace.isProgressHidden).to.be.true;
    const first = pace.expectedDuration(PART, 0);
    pace.recordSilentDrop();
    expect(pace.expectedDuration(PART, 0)).to.be.closeTo(2 * first, 1);
  });
});
