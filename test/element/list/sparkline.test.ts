import { expect } from '@open-wc/testing';
import { sparklinePath } from '../../../src/element/list/sparkline.js';

describe('sparklinePath', () => {
  it('scales to the fastest sample, and ends with the latest', () => {
    expect(sparklinePath([5, 10, 0])).to.equal('M0 10L0.0 5.5L20.0 1.0L40.0 10.0V10z');
  });

  it('is empty for fewer than three samples, or without any speed', () => {
    expect(sparklinePath([1, 2])).to.equal('');
    expect(sparklinePath([0, 0, 0])).to.equal('');
  });
});
