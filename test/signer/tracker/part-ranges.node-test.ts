import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { addParts, formatPartRanges, toPartNumbers, parsePartRanges } from '../../../src/signer/tracker/part-ranges.js';

describe('part ranges', () => {
  it('contain the added parts, for any order and with repetitions', () => {
    const ranges = [[9, 3, 1], [2, 3, 5], [], [4]].reduce(addParts, [] as ReturnType<typeof addParts>);
    assert.deepEqual(toPartNumbers(ranges), [1, 2, 3, 4, 5, 9]);
    assert.equal(formatPartRanges(ranges), '1-5,9');
  });

  it('are the same after they were formatted and parsed', () => {
    for (const text of ['', '1', '1-10000', '1,3,5-7,9999-10000'])
      assert.equal(formatPartRanges(parsePartRanges(text)), text);
  });

  it('format 10,000 parts as 7 characters, and every second part as less than 25 kB', () => {
    const all = Array.from({ length: 10_000 }, (_, index) => index + 1);
    assert.equal(formatPartRanges(addParts([], all)), '1-10000');
    const oddParts = formatPartRanges(
      addParts(
        [],
        all.filter((number) => number % 2),
      ),
    );
    assert.ok(oddParts.length < 25_000);
    assert.equal(formatPartRanges(addParts(parsePartRanges(oddParts), all)), '1-10000');
  });
});
