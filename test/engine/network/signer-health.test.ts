import { expect } from '@open-wc/testing';
import { SignerHealth } from '../../../src/engine/network/signer-health.js';

/** Reports this number of failures. @returns whether the last one is final for the upload */
function fail(health: SignerHealth, id: string, times: number): boolean {
  let isFinal = false;
  for (let time = 0; time < times; time++) isFinal = health.recordFailure(id);
  return isFinal;
}

describe('a signer that fails', () => {
  it('is final for an upload only if other uploads got responses meanwhile', () => {
    const health = new SignerHealth();
    expect(fail(health, 'a', 6)).to.be.false;
    health.recordAnswer('b');
    expect(health.recordFailure('a')).to.be.true;
  });

  it('is not final if no upload got a response meanwhile, or only this one', () => {
    const health = new SignerHealth();
    health.recordAnswer('b');
    expect(fail(health, 'a', 100)).to.be.false;
    health.recordAnswer('a');
    expect(health.recordFailure('a')).to.be.false;
  });

  it('is not final if another upload also had to retry, and then succeeded', () => {
    const health = new SignerHealth();
    fail(health, 'a', 6);
    health.recordFailure('b');
    health.recordAnswer('b');
    health.recordRecovery('b');
    expect(fail(health, 'a', 6)).to.be.false;
    health.recordFailure('b');
    health.recordAnswer('b');
    health.recordRecovery('b');
    expect(fail(health, 'a', 6)).to.be.false;
    // no other upload has had to retry since
    expect(health.recordFailure('a')).to.be.true;
  });

  it('is final for two uploads if it fails only for them', () => {
    const health = new SignerHealth();
    for (let time = 0; time < 6; time++)
      expect([health.recordFailure('a'), health.recordFailure('b')]).to.deep.equal([false, false]);
    health.recordAnswer('c');
    expect([health.recordFailure('a'), health.recordFailure('b')]).to.deep.equal([true, true]);
  });
});
