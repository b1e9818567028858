import { expect } from '@open-wc/testing';
import { SignerHealth } from '../../../src/engine/network/signer-health.js';

/** Reports this number of failed calls. @returns whether the last one is final for the upload */
function fail(health: SignerHealth, id: string, times = 1): boolean {
  let isFinal = false;
  for (let time = 0; time < times; time++) isFinal = health.recordFailure(id, new Error('503'));
  return isFinal;
}

function recover(health: SignerHealth, id: string): void {
  health.recordAnswer(id);
  health.recordRecovery(id);
}

describe('a signer that fails', () => {
  it('is final for an upload only if other uploads got responses meanwhile', () => {
    const health = new SignerHealth();
    expect(fail(health, 'a', 6)).to.be.false;
    health.recordAnswer('b');
    expect(fail(health, 'a')).to.be.true;
  });

  it('is not final if no upload got a response meanwhile, or only this one', () => {
    const health = new SignerHealth();
    health.recordAnswer('b');
    expect(fail(health, 'a', 100)).to.be.false;
    health.recordAnswer('a');
    health.recordAnswer('a');
    expect(fail(health, 'a')).to.be.false;
  });

  it('is not final if another upload also had to retry, and then succeeded', () => {
    const health = new SignerHealth();
    for (let time = 0; time < 2; time++) {
      expect(fail(health, 'a', 6)).to.be.false;
      fail(health, 'b');
      recover(health, 'b');
    }
    expect(fail(health, 'a', 6)).to.be.false;
    // no other upload has had to retry since
    expect(fail(health, 'a')).to.be.true;
  });

  it('is not final if the other uploads have begun to fail since their last response', () => {
    const health = new SignerHealth();
    fail(health, 'a');
    health.recordAnswer('b');
    fail(health, 'b');
    expect(fail(health, 'a', 100)).to.be.false;
    expect(fail(health, 'b', 100)).to.be.false;
  });

  it('is final for two uploads if it fails only for them', () => {
    const health = new SignerHealth();
    for (let time = 0; time < 6; time++) expect([fail(health, 'a'), fail(health, 'b')]).to.deep.equal([false, false]);
    health.recordAnswer('c');
    expect([fail(health, 'a'), fail(health, 'b')]).to.deep.equal([true, true]);
  });

  it('counts a call once that fails for several parts of an upload', () => {
    const health = new SignerHealth();
    const fault = new Error('503');
    for (let part = 0; part < 20; part++) health.recordFailure('a', fault);
    health.recordAnswer('b');
    expect(fail(health, 'a', 5)).to.be.false;
    expect(fail(health, 'a')).to.be.true;
  });
});
