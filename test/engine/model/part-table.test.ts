import { expect } from '@open-wc/testing';
import { MAX_PARTS, MIN_PART_SIZE } from '../../../src/limits.js';
import { PartTable } from '../../../src/engine/model/part-table.js';
import { planParts } from '../../../src/engine/model/part-plan.js';

const PART = MIN_PART_SIZE;
/** Four parts, the last of 7 bytes. */
const table = (): PartTable => new PartTable(planParts(3 * PART + 7, PART));
const listed = (partNumber: number, size = PART, etag = `e${partNumber}`) => ({ partNumber, size, etag });

describe('the table of parts', () => {
  it('returns each part once, in order, and then null', () => {
    const parts = table();
    expect([1, 2, 3, 4, 5].map(() => parts.startNext())).to.deep.equal([1, 2, 3, 4, null]);
  });

  it('returns a released part again, and no stored one', () => {
    const parts = table();
    for (let count = 0; count < 3; count++) parts.startNext();
    parts.markStored(1, 'e1');
    parts.release(2);
    expect([parts.startNext(), parts.startNext(), parts.startNext()]).to.deep.equal([2, 4, null]);
  });

  it('follows the store’s list; parts of wrong sizes or numbers are missing', () => {
    const parts = table();
    parts.replaceStored([listed(1), listed(2, PART - 1), listed(4, 7), listed(5), listed(10_001)]);
    expect(parts.done).to.equal(2);
    expect(parts.loaded).to.equal(PART + 7);
    expect([...parts.unstored()]).to.deep.equal([2, 3]);
  });

  it('counts a part that is listed twice once, and keeps the later ETag', () => {
    const parts = table();
    parts.replaceStored([listed(1, PART, 'old'), listed(1, PART, 'new'), listed(2), listed(3), listed(4, 7)]);
    expect(parts.done).to.equal(4);
    expect([...parts.etags()]).to.deep.equal(['new', 'e2', 'e3', 'e4']);
  });

  it('removes parts that the store does not list', () => {
    const parts = table();
    parts.startNext();
    parts.markStored(1, 'e1');
    parts.replaceStored([]);
    expect(parts.done).to.equal(0);
    expect(parts.startNext()).to.equal(1);
  });

  it('counts bytes stored and in flight, up to each part’s size', () => {
    const parts = table();
    parts.startNext();
    parts.startNext();
    parts.recordProgress(1, 100);
    parts.recordProgress(2, PART * 3);
    parts.recordProgress(3, 1_000);
    expect(parts.loaded, 'the browser sent part 2 again by itself; part 3 is not in flight').to.equal(PART + 100);
    parts.markStored(1, 'e1');
    parts.markStored(1, 'e1');
    expect(parts.loaded).to.equal(2 * PART);
    parts.release(2);
    expect(parts.loaded).to.equal(PART);
  });

  it('can be completed once every part is stored under a known ETag', () => {
    const parts = table();
    for (const partNumber of [1, 2, 3]) parts.markStored(partNumber, `e${partNumber}`);
    expect([parts.isComplete, parts.hasEveryEtag]).to.deep.equal([false, false]);
    parts.markStored(4, '');
    expect([parts.isComplete, parts.hasEveryEtag], 'CORS hides the ETag').to.deep.equal([true, false]);
    parts.markStored(4, 'e4');
    expect([parts.isComplete, parts.hasEveryEtag]).to.deep.equal([true, true]);
  });

  it('lists parts in flight first among the missing ones', () => {
    const parts = table();
    parts.startNext();
    parts.startNext();
    parts.markStored(1, 'e1');
    expect([...parts.unstored()]).to.deep.equal([2, 3, 4]);
  });

  it('has one part for an empty file', () => {
    const parts = new PartTable(planParts(0, PART));
    expect(parts.isComplete).to.be.false;
    expect(parts.startNext()).to.equal(1);
    parts.markStored(1, 'e1');
    expect([parts.isComplete, parts.loaded]).to.deep.equal([true, 0]);
  });

  it('handles 10,000 parts, stored in any order', () => {
    const parts = new PartTable(planParts(MAX_PARTS * PART, PART));
    parts.replaceStored(Array.from({ length: 5_000 }, (_, index) => listed(MAX_PARTS - index * 2)));
    for (let partNumber = parts.startNext(); partNumber !== null; partNumber = parts.startNext())
      parts.markStored(partNumber, 'e');
    expect(parts.isComplete).to.be.true;
    expect(parts.loaded).to.equal(MAX_PARTS * PART);
  });
});
