import { expect } from '@open-wc/testing';
import { sparkOf, Speeds } from '../../../src/element/list/speed-history.js';

describe('the sparkline of speed', () => {
  it('takes a sample twice a second, keeps the latest twenty seconds, and forgets', () => {
    const speeds = new Speeds();
    for (let time = 0; time < 60_000; time += 100) speeds.note('a', time, time);
    expect(speeds.of('a')).to.have.length(40);
    expect(speeds.of('a').at(-1)).to.equal(59_500);
    speeds.forget('a');
    expect(speeds.of('a')).to.be.empty;
  });

  it('is drawn to the height of the fastest, the latest at its end; not of too little', () => {
    expect(sparkOf([1, 2])).to.equal('');
    expect(sparkOf([0, 0, 0])).to.equal('');
    expect(sparkOf([5, 10, 0])).to.equal('M0 10L0.0 5.5L20.0 1.0L40.0 10.0V10z');
  });
});
