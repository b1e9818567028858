import { expect } from '@open-wc/testing';
import { drawPartMap } from '../../../src/element/list/part-map.js';

describe('drawPartMap', () => {
  it('has a cell for each part, and a path for each state', () => {
    const { columns, lines, all, stored, inFlight, partlyStored } = drawPartMap(Uint8Array.of(2, 2, 1, 0, 2));
    expect([columns, lines]).to.deep.equal([5, 1]);
    expect(all).to.equal('M0 0.5h5');
    expect(stored).to.equal('M0 0.5h2M4 0.5h1');
    expect(inFlight).to.equal('M2 0.5h1');
    expect(partlyStored).to.equal('');
  });

  it('has two lines above 100 parts', () => {
    const { columns, lines, stored } = drawPartMap(new Uint8Array(120).fill(2, 50, 90));
    expect([columns, lines]).to.deep.equal([60, 2]);
    expect(stored).to.equal('M50 0.5h10M0 1.5h30');
  });

  it('has 50 parts in each cell for 10,000 parts, and a path of the cells that are partly stored', () => {
    const states = new Uint8Array(10_000).fill(2, 0, 525);
    states[600] = 1;
    const { columns, lines, stored, partlyStored, inFlight } = drawPartMap(states);
    expect([columns, lines]).to.deep.equal([100, 2]);
    expect(stored).to.equal('M0 0.5h10');
    expect(partlyStored).to.equal('M10 0.5h1');
    expect(inFlight).to.equal('M12 0.5h1');
  });
});
