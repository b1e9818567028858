import { expect } from '@open-wc/testing';
import { choosePartSize, GIB, MAX_OBJECT_SIZE, MAX_PART_SIZE, MAX_PARTS, MIN_PART_SIZE } from '../../../src/limits.js';
import { planParts } from '../../../src/engine/model/part-plan.js';

const PART = MIN_PART_SIZE;

/** All ranges of a plan, as `[start, end)`. */
const rangesOf = (size: number, partSize = PART): [number, number][] => {
  const { count, range } = planParts(size, partSize);
  return Array.from({ length: count }, (_, index) => {
    const { start, end } = range(index + 1);
    return [start, end];
  });
};

describe('the plan of an upload', () => {
  it('has one empty part for an empty file', () => {
    expect(rangesOf(0)).to.deep.equal([[0, 0]]);
  });

  it('has one part for a file that fits', () => {
    expect(rangesOf(1)).to.deep.equal([[0, 1]]);
    expect(rangesOf(PART - 1)).to.deep.equal([[0, PART - 1]]);
    expect(rangesOf(PART)).to.deep.equal([[0, PART]]);
  });

  it('has no empty part after an exact multiple, and a part of one byte after one byte more', () => {
    expect(rangesOf(2 * PART)).to.deep.equal([
      [0, PART],
      [PART, 2 * PART],
    ]);
    expect(rangesOf(2 * PART + 1)[2]).to.deep.equal([2 * PART, 2 * PART + 1]);
  });

  it('covers 10,000 parts without a gap or an overlap', () => {
    const size = MAX_PARTS * PART - 3;
    const ranges = rangesOf(size);
    expect(ranges).to.have.length(MAX_PARTS);
    ranges.forEach(([start], index) => expect(start).to.equal(index ? ranges[index - 1]![1] : 0));
    expect(ranges.at(-1)![1]).to.equal(size);
  });

  it('accepts 5 TiB, 50 TB and the largest object of S3', () => {
    for (const size of [5 * 1024 * GIB, 50e12, MAX_OBJECT_SIZE]) {
      const { count, range } = planParts(size, choosePartSize(size));
      expect(count).to.be.at.most(MAX_PARTS);
      expect(range(count).end).to.equal(size);
    }
    expect(planParts(MAX_OBJECT_SIZE, MAX_PART_SIZE).count).to.equal(MAX_PARTS);
  });

  it('allows a part size below 5 MiB for a single part', () => {
    expect(planParts(100, 100).count).to.equal(1);
  });

  it('throws for sizes that S3 rejects', () => {
    const refused: [number, number, string][] = [
      [MAX_PARTS * PART + 1, PART, '10001 parts'],
      [PART + 1, PART - 1, 'too small'],
      [1, MAX_PART_SIZE + 1, 'not a part size'],
      [1, 0, 'not a part size'],
      [1, 1.5, 'not a part size'],
      [1, NaN, 'not a part size'],
      [-1, PART, 'not a file size'],
      [1.5, PART, 'not a file size'],
    ];
    for (const [size, partSize, message] of refused)
      expect(() => planParts(size, partSize)).to.throw(RangeError, message);
  });

  it('throws for part numbers out of range', () => {
    const { range } = planParts(2 * PART, PART);
    for (const partNumber of [0, -1, 3, 1.5, NaN]) expect(() => range(partNumber)).to.throw(RangeError, 'no part');
  });
});
