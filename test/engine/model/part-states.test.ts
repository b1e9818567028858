import { expect } from '@open-wc/testing';
import { partStates } from '../../../src/engine/model/part-states.js';
import { PartTable } from '../../../src/engine/model/part-table.js';
import { planParts } from '../../../src/engine/model/part-plan.js';
import { MIN_PART_SIZE } from '../../../src/limits.js';

describe('the states of parts', () => {
  it('are one byte each: waiting, in flight, stored', () => {
    const parts = new PartTable(planParts(4 * MIN_PART_SIZE, MIN_PART_SIZE));
    expect([...partStates(parts)]).to.deep.equal([0, 0, 0, 0]);
    for (let count = 0; count < 3; count++) parts.startNext();
    parts.markStored(1, 'e1');
    parts.release(2);
    expect([...partStates(parts)]).to.deep.equal([2, 0, 1, 0]);
  });

  it('cover 10,000 parts, stored in any order', () => {
    const parts = new PartTable(planParts(10_000 * MIN_PART_SIZE, MIN_PART_SIZE));
    for (let part = 10_000; part > 5_000; part--) parts.markStored(part, `e${part}`);
    const states = partStates(parts);
    expect(states.length).to.equal(10_000);
    expect(states.indexOf(2)).to.equal(5_000);
    expect(states.lastIndexOf(0)).to.equal(4_999);
  });
});
