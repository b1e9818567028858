import { expect } from '@open-wc/testing';
import { SignerHealth } from '../../../src/engine/network/signer-health.js';

/** Fails so often. @returns the verdict on the last failure */
function fail(health: SignerHealth, id: string, times: number): boolean {
  let verdict = false;
  for (let time = 0; time < times; time++) verdict = health.failed(id);
  return verdict;
}

describe('a signer that fails', () => {
  it('fails for one upload alone once others were answered meanwhile', () => {
    const health = new SignerHealth();
    expect(fail(health, 'a', 6)).to.be.false;
    health.answered('b');
    expect(health.failed('a')).to.be.true;
  });

  it('fails for all where nobody was answered meanwhile, or the upload itself alone', () => {
    const health = new SignerHealth();
    health.answered('b');
    expect(fail(health, 'a', 100)).to.be.false;
    health.answered('a');
    expect(health.failed('a')).to.be.false;
  });

  it('fails now and then where another upload had to try again too, and then succeeded', () => {
    const health = new SignerHealth();
    fail(health, 'a', 6);
    health.failed('b');
    health.answered('b');
    health.recovered('b');
    expect(fail(health, 'a', 6)).to.be.false;
    health.failed('b');
    health.recovered('b');
    expect(fail(health, 'a', 6)).to.be.false;
    // nobody else has had to try again since
    expect(health.failed('a')).to.be.true;
  });

  it('ends two uploads that it fails for alone', () => {
    const health = new SignerHealth();
    for (let time = 0; time < 6; time++) expect([health.failed('a'), health.failed('b')]).to.deep.equal([false, false]);
    health.answered('c');
    expect([health.failed('a'), health.failed('b')]).to.deep.equal([true, true]);
  });
});
