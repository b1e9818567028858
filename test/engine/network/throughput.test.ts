import { expect } from '@open-wc/testing';
import { ThroughputEstimator } from '../../../src/engine/network/throughput.js';
import type { KeyValueStore } from '../../../src/engine/ports.js';
import { GIB, MIB } from '../../../src/limits.js';

/** A key-value store in memory. */
function createStore(): KeyValueStore & { notes: Map<string, string> } {
  const notes = new Map<string, string>();
  return {
    notes,
    read: (name) => notes.get(name) ?? null,
    write: (name, text) => void (text === null ? notes.delete(name) : notes.set(name, text)),
  };
}

/** Creates an estimator with this number of requests in flight, which all end at the same time. */
const lineOf = (notes: KeyValueStore = createStore(), scope = (): string => 'here'): ThroughputEstimator =>
  new ThroughputEstimator(notes, scope, () => 0);

/** Records parts of 8 MiB at this speed each. @param speed bytes per second */
const send = (line: ThroughputEstimator, speed: number, count = 20): void => {
  for (let part = 0; part < count; part++) line.recordPart(8 * MIB, ((8 * MIB) / speed) * 1_000);
};

describe('the throughput estimate', () => {
  it('makes parts larger, up to 64 MiB and 20 s', () => {
    for (const [mibPerSecond, part] of [
      [0.3, undefined],
      [1, 16],
      [2, 32],
      [100, 64],
    ] as const) {
      const line = lineOf();
      send(line, mibPerSecond * MIB);
      expect(line.partSizeFor(100 * GIB), `${mibPerSecond} MiB/s`).to.equal(part && part * MIB);
    }
  });

  it('leaves at least one part for each request in flight', () => {
    const line = lineOf();
    send(line, 100 * MIB);
    expect(line.partSizeFor(GIB)).to.equal(64 * MIB);
    expect(line.partSizeFor(GIB - 1)).to.equal(32 * MIB);
    send(line, 8 * MIB);
    line.recordFailure();
    expect(line.partSizeFor(200 * MIB)).to.be.undefined;
  });

  it('chooses a single request for files of up to 8 s and 256 MiB, or 64 MiB with a checksum', () => {
    const line = lineOf();
    send(line, MIB, 7);
    expect(line.partSizeFor(9 * MIB), 'before eight parts came through').to.be.undefined;
    send(line, MIB, 1);
    // eight parts at once, at 1 MiB/s each
    for (const [mib, isWhole] of [
      [8, false],
      [9, true],
      [64, true],
      [65, false],
    ] as const)
      expect(line.partSizeFor(mib * MIB) === mib * MIB, `${mib} MiB at 8 MiB/s`).to.equal(isWhole);
    expect(line.partSizeFor(32 * MIB, { concurrentFiles: 2 })).to.equal(32 * MIB);
    expect(line.partSizeFor(33 * MIB, { concurrentFiles: 2 }), 'beside another file').to.be.undefined;
    send(line, 100 * MIB, 40);
    expect(line.partSizeFor(256 * MIB)).to.equal(256 * MIB);
    expect(line.partSizeFor(256 * MIB + 1)).to.equal(16 * MIB);
    expect(line.partSizeFor(64 * MIB, { mustPrecompute: true })).to.equal(64 * MIB);
    expect(line.partSizeFor(65 * MIB, { mustPrecompute: true })).to.be.undefined;
    expect(line.partSizeFor(64 * MIB, { limit: 100 * MIB }), 'under a bandwidth limit').to.be.undefined;
  });

  it('chooses parts again after a failure, or if a single request was slower', () => {
    const notes = createStore();
    const line = lineOf(notes);
    send(line, 10 * MIB);
    line.recordFailure();
    expect(line.partSizeFor(64 * MIB)).to.be.undefined;
    expect(lineOf(notes).partSizeFor(64 * MIB), 'on the next visit').to.be.undefined;
    send(line, 10 * MIB, 8);
    line.recordSingleRequest(64 * MIB, 900);
    expect(line.partSizeFor(64 * MIB)).to.equal(64 * MIB);
    for (let times = 0; times < 5; times++) line.recordSingleRequest(64 * MIB, 4_000);
    expect(line.partSizeFor(64 * MIB)).to.be.undefined;
    expect(lineOf(notes).partSizeFor(64 * MIB), 'on the next visit').to.be.undefined;
    expect(line.partSizeFor(9 * MIB), 'where it makes no odds').to.equal(9 * MIB);
  });

  it('makes parts small enough for a bandwidth limit, if S3 accepts that size', () => {
    const line = lineOf();
    for (const [limit, part] of [
      [0.1, 5],
      [12.5, 6],
      [16, undefined],
      [200, undefined],
    ] as const)
      expect(line.partSizeFor(GIB, { limit: limit * MIB }), `${limit} MiB/s`).to.equal(part && part * MIB);
    expect(line.partSizeFor(50_001 * MIB, { limit: MIB }), 'more than 10,000 parts').to.be.undefined;
    send(line, 100 * MIB);
    expect(line.partSizeFor(GIB, { limit: 64 * MIB })).to.equal(32 * MIB);
    expect(line.partSizeFor(GIB, { limit: MIB })).to.equal(5 * MIB);
  });

  it('is kept across page loads, for each destination, until it is deleted', () => {
    const notes = createStore();
    let scope = 'here';
    send(
      lineOf(notes, () => scope),
      100 * MIB,
    );
    const line = lineOf(notes, () => scope);
    expect(line.partSizeFor(GIB)).to.equal(64 * MIB);
    scope = 'there';
    expect(line.partSizeFor(GIB)).to.be.undefined;
    scope = 'here';
    line.forget();
    expect(line.partSizeFor(GIB)).to.be.undefined;
    expect(notes.notes).to.be.empty;
  });

  it('ignores invalid stored values and small parts', () => {
    for (const text of ['', 'fast', '-1', '0', 'Infinity']) {
      const notes = createStore();
      notes.notes.set('mule-upload:line:here', text);
      expect(lineOf(notes).partSizeFor(GIB), text).to.be.undefined;
    }
    const line = lineOf();
    line.recordPart(1_000, 1);
    line.recordPart(8 * MIB, 0);
    expect(line.partSizeFor(GIB)).to.be.undefined;
  });
});
