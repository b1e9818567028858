import { expect } from '@open-wc/testing';
import {
  choosePartSize,
  DEFAULT_PART_SIZE,
  GIB,
  MAX_OBJECT_SIZE,
  MAX_PART_SIZE,
  MAX_PARTS,
  MIB,
  MIN_PART_SIZE,
  parseSize,
  partSizeOf,
} from '../src/limits.js';

const TIB = 1024 * GIB;

describe('the choice of a part size', () => {
  it('is 8 MiB up to 9,000 parts', () => {
    for (const size of [0, 1, 5 * MIB, GIB, 9_000 * 8 * MIB]) expect(choosePartSize(size)).to.equal(DEFAULT_PART_SIZE);
    expect(choosePartSize(9_000 * 8 * MIB + 1)).to.equal(9 * MIB);
  });

  it('splits every size of S3 into at most 10,000 parts of 5 MiB to 5 GiB', () => {
    for (const size of [0, 1, MIB, 5 * TIB - 1, 5 * TIB, 5 * TIB + 1, 50e12, MAX_OBJECT_SIZE - 1, MAX_OBJECT_SIZE]) {
      for (const wish of [undefined, 1, MIN_PART_SIZE, 100 * MIB, MAX_PART_SIZE, 1e15]) {
        const partSize = choosePartSize(size, wish);
        expect(partSize).to.be.within(MIN_PART_SIZE, MAX_PART_SIZE);
        expect(Math.ceil(size / partSize), `${size} bytes by ${partSize}`).to.be.at.most(MAX_PARTS);
      }
    }
  });

  it('clamps the preferred size, and raises it only as far as needed', () => {
    expect(choosePartSize(GIB, 16 * MIB)).to.equal(16 * MIB);
    expect(choosePartSize(GIB, 1)).to.equal(MIN_PART_SIZE);
    expect(choosePartSize(GIB, 6 * GIB)).to.equal(MAX_PART_SIZE);
    expect(choosePartSize(TIB, 5 * MIB)).to.equal(117 * MIB);
  });

  it('throws for more than 10,000 parts can hold', () => {
    expect(() => choosePartSize(MAX_OBJECT_SIZE + 1)).to.throw(RangeError, 'are more than');
  });
});

describe('the size of one part', () => {
  it('is the part size, except of the last part', () => {
    const size = 2 * MIN_PART_SIZE + 1;
    expect([1, 2, 3].map((number) => partSizeOf(number, size, MIN_PART_SIZE))).to.deep.equal([
      MIN_PART_SIZE,
      MIN_PART_SIZE,
      1,
    ]);
    expect(partSizeOf(2, 2 * MIN_PART_SIZE, MIN_PART_SIZE)).to.equal(MIN_PART_SIZE);
    expect(partSizeOf(10_000, MAX_OBJECT_SIZE, MAX_PART_SIZE)).to.equal(MAX_PART_SIZE);
  });

  it('is 0 for the one part of an empty file', () => {
    expect(partSizeOf(1, 0, MIN_PART_SIZE)).to.equal(0);
  });

  it('throws for part numbers out of range', () => {
    for (const number of [0, -1, 1.5, 3, NaN]) {
      expect(() => partSizeOf(number, 2 * MIN_PART_SIZE, MIN_PART_SIZE)).to.throw(RangeError);
    }
  });
});

describe('sizes as people write them', () => {
  it('are bytes, decimal units, or binary units, in any case and with or without a space', () => {
    const sizes: [string | number, number][] = [
      [0, 0],
      [1_048_576, MIB],
      ['5', 5],
      ['5B', 5],
      ['5 kB', 5_000],
      ['5MB', 5_000_000],
      ['1.5 GB', 1_500_000_000],
      ['50 TB', 50e12],
      ['5 KiB', 5_120],
      ['8 MiB', 8 * MIB],
      ['8mib', 8 * MIB],
      ['0.5 GiB', GIB / 2],
      ['5 TiB', 5 * TIB],
    ];
    for (const [text, bytes] of sizes) expect(parseSize(text), String(text)).to.equal(bytes);
  });

  it('are rounded to whole bytes, so that no decimal fraction loses a byte', () => {
    const sizes: [string, number][] = [
      ['2.01GB', 2_010_000_000],
      ['4.35MB', 4_350_000],
      ['1.001 kB', 1_001],
      ['8.03 TB', 8_030_000_000_000],
      ['0.1KiB', 102],
      ['1.7KiB', 1_741],
    ];
    for (const [text, bytes] of sizes) expect(parseSize(text), text).to.equal(bytes);
    for (let hundredths = 0; hundredths < 1_000; hundredths += 1)
      expect(parseSize(`${hundredths / 100} GB`)).to.equal(hundredths * 1e7);
  });

  it('throw with the value when they are not sizes', () => {
    for (const text of ['', 'big', '5 XB', '-1', '5 MB or so', 'Infinity', NaN, '5 constructor', '99999999 TB']) {
      expect(() => parseSize(text), String(text)).to.throw(TypeError, String(text));
    }
  });
});
