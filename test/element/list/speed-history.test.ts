import { expect } from '@open-wc/testing';
import { SpeedHistory } from '../../../src/element/list/speed-history.js';

describe('SpeedHistory', () => {
  it('keeps two samples a second for 20 seconds, until it is deleted', () => {
    const speeds = new SpeedHistory();
    for (let time = 0; time < 60_000; time += 100) speeds.add('a', time, time);
    expect(speeds.samplesOf('a')).to.have.length(40);
    expect(speeds.samplesOf('a').at(-1)).to.equal(59_500);
    speeds.delete('a');
    expect(speeds.samplesOf('a')).to.be.empty;
  });
});
