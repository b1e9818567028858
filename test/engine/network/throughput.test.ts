import { expect } from '@open-wc/testing';
import { ThroughputEstimator } from '../../../src/engine/network/throughput.js';
import type { KeyValueStore } from '../../../src/engine/ports.js';
import { GIB, MIB } from '../../../src/limits.js';

/** A key-value store in memory. */
function createStore(): KeyValueStore & { entries: Map<string, string> } {
  const entries = new Map<string, string>();
  return {
    entries,
    read: (name) => entries.get(name) ?? null,
    write: (name, text) => void (text === null ? entries.delete(name) : entries.set(name, text)),
  };
}

/** Creates an estimator with this number of requests in flight, which all end at the same time. */
const createEstimator = (entries: KeyValueStore = createStore(), scope = (): string => 'here'): ThroughputEstimator =>
  new ThroughputEstimator(entries, scope, () => 0);

/** Records parts of 8 MiB. @param speed bytes per second of each part */
const recordParts = (estimator: ThroughputEstimator, speed: number, count = 20): void => {
  for (let part = 0; part < count; part++) estimator.recordPart(8 * MIB, ((8 * MIB) / speed) * 1_000);
};

describe('the throughput estimate', () => {
  it('makes parts larger, up to 64 MiB and 20 s per part', () => {
    for (const [mibPerSecond, part] of [
      [0.3, undefined],
      [1, 16],
      [2, 32],
      [100, 64],
    ] as const) {
      const estimator = createEstimator();
      recordParts(estimator, mibPerSecond * MIB);
      expect(estimator.partSizeFor(100 * GIB), `${mibPerSecond} MiB/s`).to.equal(part && part * MIB);
    }
  });

  it('leaves at least one part for each request in flight', () => {
    const estimator = createEstimator();
    recordParts(estimator, 100 * MIB);
    expect(estimator.partSizeFor(GIB)).to.equal(64 * MIB);
    expect(estimator.partSizeFor(GIB - 1)).to.equal(32 * MIB);
    recordParts(estimator, 8 * MIB);
    estimator.recordFailure();
    expect(estimator.partSizeFor(200 * MIB)).to.be.undefined;
  });

  it('chooses a single request for files of up to 8 s and 256 MiB, or 64 MiB with a checksum', () => {
    const estimator = createEstimator();
    recordParts(estimator, MIB, 7);
    expect(estimator.partSizeFor(9 * MIB), 'before eight parts are stored').to.be.undefined;
    recordParts(estimator, MIB, 1);
    // eight parts in flight, at 1 MiB/s each
    for (const [mib, isSingleRequest] of [
      [8, false],
      [9, true],
      [64, true],
      [65, false],
    ] as const)
      expect(estimator.partSizeFor(mib * MIB) === mib * MIB, `${mib} MiB at 8 MiB/s`).to.equal(isSingleRequest);
    expect(estimator.partSizeFor(32 * MIB, { concurrentFiles: 2 })).to.equal(32 * MIB);
    expect(estimator.partSizeFor(33 * MIB, { concurrentFiles: 2 }), 'beside another file').to.be.undefined;
    recordParts(estimator, 100 * MIB, 40);
    expect(estimator.partSizeFor(256 * MIB)).to.equal(256 * MIB);
    expect(estimator.partSizeFor(256 * MIB + 1)).to.equal(16 * MIB);
    expect(estimator.partSizeFor(64 * MIB, { mustPrecompute: true })).to.equal(64 * MIB);
    expect(estimator.partSizeFor(65 * MIB, { mustPrecompute: true })).to.be.undefined;
    expect(estimator.partSizeFor(64 * MIB, { limit: 100 * MIB }), 'under a bandwidth limit').to.be.undefined;
  });

  it('chooses parts again after a failure, or after single requests that were slower', () => {
    const entries = createStore();
    const estimator = createEstimator(entries);
    recordParts(estimator, 10 * MIB);
    estimator.recordFailure();
    expect(estimator.partSizeFor(64 * MIB)).to.be.undefined;
    expect(createEstimator(entries).partSizeFor(64 * MIB), 'in the next page load').to.be.undefined;
    recordParts(estimator, 10 * MIB, 8);
    estimator.recordSingleRequest(64 * MIB, 900);
    expect(estimator.partSizeFor(64 * MIB)).to.equal(64 * MIB);
    for (let times = 0; times < 5; times++) estimator.recordSingleRequest(64 * MIB, 4_000);
    expect(estimator.partSizeFor(64 * MIB)).to.be.undefined;
    expect(createEstimator(entries).partSizeFor(64 * MIB), 'in the next page load').to.be.undefined;
    expect(
      estimator.partSizeFor(9 * MIB),
      'a small file: the calls that the single request saves take longer',
    ).to.equal(9 * MIB);
  });

  it('makes parts small enough for a bandwidth limit, if S3 accepts that size', () => {
    const estimator = createEstimator();
    for (const [limit, part] of [
      [0.1, 5],
      [12.5, 6],
      [16, undefined],
      [200, undefined],
    ] as const)
      expect(estimator.partSizeFor(GIB, { limit: limit * MIB }), `${limit} MiB/s`).to.equal(part && part * MIB);
    expect(estimator.partSizeFor(50_001 * MIB, { limit: MIB }), 'more than 10,000 parts').to.be.undefined;
    recordParts(estimator, 100 * MIB);
    expect(estimator.partSizeFor(GIB, { limit: 64 * MIB })).to.equal(32 * MIB);
    expect(estimator.partSizeFor(GIB, { limit: MIB })).to.equal(5 * MIB);
  });

  it('is kept across page loads, for each destination, until it is deleted', () => {
    const entries = createStore();
    let scope = 'here';
    recordParts(
      createEstimator(entries, () => scope),
      100 * MIB,
    );
    const estimator = createEstimator(entries, () => scope);
    expect(estimator.partSizeFor(GIB)).to.equal(64 * MIB);
    scope = 'there';
    expect(estimator.partSizeFor(GIB)).to.be.undefined;
    scope = 'here';
    estimator.forget();
    expect(estimator.partSizeFor(GIB)).to.be.undefined;
    expect(entries.entries).to.be.empty;
  });

  it('ignores invalid stored values and small parts', () => {
    for (const text of ['', 'fast', '-1', '0', 'Infinity']) {
      const entries = createStore();
      entries.entries.set('mule-upload:line:here', text);
      expect(createEstimator(entries).partSizeFor(GIB), text).to.be.undefined;
    }
    const estimator = createEstimator();
    estimator.recordPart(1_000, 1);
    estimator.recordPart(8 * MIB, 0);
    expect(estimator.partSizeFor(GIB)).to.be.undefined;
  });
});
