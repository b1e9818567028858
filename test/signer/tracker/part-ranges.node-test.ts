import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { addParts, formatPartRanges, toPartNumbers, parsePartRanges } from '../../../src/signer/tracker/part-ranges.js';

describe('part ranges', () => {
  it('contain added parts, in any order and repeated', () => {
    const runs = [[9, 3, 1], [2, 3, 5], [], [4]].reduce(addParts, [] as ReturnType<typeof addParts>);
    assert.deepEqual(toPartNumbers(runs), [1, 2, 3, 4, 5, 9]);
    assert.equal(formatPartRanges(runs), '1-5,9');
  });

  it('are written as text and read back', () => {
    for (const text of ['', '1', '1-10000', '1,3,5-7,9999-10000'])
      assert.equal(formatPartRanges(parsePartRanges(text)), text);
  });

  it('hold 10,000 parts stored in order in 7 characters, and every second part in less than 25 kB', () => {
    const all = Array.from({ length: 10_000 }, (_, index) => index + 1);
    assert.equal(formatPartRanges(addParts([], all)), '1-10000');
    const odd = formatPartRanges(
      addParts(
        [],
        all.filter((number) => number % 2),
      ),
    );
    assert.ok(odd.length < 25_000);
    assert.equal(formatPartRanges(addParts(parsePartRanges(odd), all)), '1-10000');
  });
});
