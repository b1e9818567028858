import { expect } from '@open-wc/testing';
import { SpeedMeter } from '../../../src/engine/util/speed-meter.js';

/**
 * Records a steady speed, ten samples a second.
 * @param speed bytes per second
 * @returns the bytes at the end
 */
function recordSteadySpeed(meter: SpeedMeter, speed: number, seconds: number, startMs = 0, startBytes = 0): number {
  for (let tick = 0; tick <= seconds * 10; tick++) meter.sample(startBytes + (tick * speed) / 10, startMs + tick * 100);
  return startBytes + speed * seconds;
}

describe('the speed', () => {
  it('is 0 without samples', () => {
    const meter = new SpeedMeter();
    expect(meter.speed(0)).to.equal(0);
    meter.sample(1_000, 0);
    expect(meter.speed(0)).to.equal(0);
  });

  it('is correct from the second sample', () => {
    const meter = new SpeedMeter();
    meter.sample(0, 0);
    meter.sample(100_000, 100);
    expect(meter.speed(100)).to.be.closeTo(1_000_000, 1);
  });

  it('follows a change within 20 seconds', () => {
    const meter = new SpeedMeter();
    const bytes = recordSteadySpeed(meter, 1_000_000, 10);
    recordSteadySpeed(meter, 100_000, 20, 10_000, bytes);
    expect(meter.speed(30_000)).to.be.closeTo(100_000, 2_000);
  });

  it('is never negative, even if the clock does not advance', () => {
    const meter = new SpeedMeter();
    meter.sample(1_000, 0);
    meter.sample(2_000, 0);
    meter.sample(0, 100);
    expect(meter.speed(100)).to.equal(0);
  });

  it('does not count the time of a pause', () => {
    const meter = new SpeedMeter();
    const bytes = recordSteadySpeed(meter, 1_000_000, 5);
    meter.reset();
    expect(meter.speed(3_600_000)).to.equal(0);
    recordSteadySpeed(meter, 1_000_000, 1, 3_600_000, bytes);
    expect(meter.speed(3_601_000)).to.be.closeTo(1_000_000, 1);
  });

  it('decays to 0 within ten seconds without bytes, however often it is sampled', () => {
    const meter = new SpeedMeter();
    const bytes = recordSteadySpeed(meter, 12_100_000, 5);
    const speeds = [5_000, 7_000, 9_000, 12_000, 15_000].map((now) => {
      meter.sample(bytes, now);
      return meter.speed(now);
    });
    expect(speeds[0]).to.be.closeTo(12_100_000, 10);
    expect(speeds).to.deep.equal([...speeds].sort((a, b) => b - a));
    expect(speeds.at(-1)).to.equal(0);
  });

  it('is steady if bytes arrive in bursts, as with hidden progress', () => {
    const meter = new SpeedMeter();
    for (let part = 0; part <= 4; part++) meter.sample(part * 8_000_000, part * 16_000);
    expect(meter.speed(64_000)).to.be.closeTo(500_000, 1);
    meter.sample(32_000_000, 79_000);
    expect(meter.speed(79_000)).to.be.closeTo(500_000, 1);
  });
});
