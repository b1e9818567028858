import { expect } from '@open-wc/testing';
import { drawPartMap } from '../../../src/element/list/part-map.js';

describe('drawPartMap', () => {
  it('has a cell for each part, and a path for each state', () => {
    const { cellCount, all, stored, inFlight, partlyStored } = drawPartMap(Uint8Array.of(2, 2, 1, 0, 2));
    expect(cellCount).to.equal(5);
    expect(all).to.equal('M0 0.5h5');
    expect(stored).to.equal('M0 0.5h2M4 0.5h1');
    expect(inFlight).to.equal('M2 0.5h1');
    expect(partlyStored).to.equal('');
  });

  it('shows what has been sent of the parts in flight, if each has a cell of its own', () => {
    expect(drawPartMap(Uint8Array.of(2, 1, 1, 0), 0.5).sent).to.equal('M1 0.5h0.25M2 0.5h0.25');
    expect(drawPartMap(Uint8Array.of(2, 1), 3).sent).to.equal('M1 0.5h1.00');
    expect(drawPartMap(Uint8Array.of(2, 0), 0).sent).to.equal('');
    expect(drawPartMap(new Uint8Array(10_000).fill(1), 5).sent).to.equal('');
  });

  it('has 100 parts in each cell for 10,000 parts, and a path of the cells that are partly stored', () => {
    const states = new Uint8Array(10_000).fill(2, 0, 525);
    states[600] = 1;
    const { cellCount, stored, partlyStored, inFlight } = drawPartMap(states);
    expect(cellCount).to.equal(100);
    expect(stored).to.equal('M0 0.5h5');
    expect(partlyStored).to.equal('M5 0.5h1');
    expect(inFlight).to.equal('M6 0.5h1');
  });
});
