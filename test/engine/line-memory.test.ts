import { expect } from '@open-wc/testing';
import { LineMemory } from '../../src/engine/line-memory.js';
import type { Notebook } from '../../src/engine/types.js';
import { GIB, MIB } from '../../src/limits.js';

/** Notes that live as long as the test. */
function notebook(): Notebook & { notes: Map<string, string> } {
  const notes = new Map<string, string>();
  return {
    notes,
    read: (name) => notes.get(name) ?? null,
    write: (name, text) => void (text === null ? notes.delete(name) : notes.set(name, text)),
  };
}

/** Sends parts of 8 MiB at so many bytes per second each. */
const send = (line: LineMemory, speed: number, count = 20): void => {
  for (let part = 0; part < count; part++) line.sent(8 * MIB, ((8 * MIB) / speed) * 1_000);
};

describe('what is remembered of a line', () => {
  it('makes parts larger, up to 64 MiB and never so large that a lane takes 20 s for one', () => {
    for (const [mibPerSecond, part] of [
      [0.3, undefined],
      [1, 16],
      [2, 32],
      [100, 64],
    ] as const) {
      const line = new LineMemory(notebook(), () => 'here');
      send(line, mibPerSecond * MIB);
      expect(line.partSizeFor(100 * GIB), `${mibPerSecond} MiB/s`).to.equal(part && part * MIB);
    }
  });

  it('leaves files enough parts to keep every lane at work', () => {
    const line = new LineMemory(notebook(), () => 'here');
    send(line, 100 * MIB);
    expect(line.partSizeFor(GIB)).to.equal(64 * MIB);
    expect(line.partSizeFor(GIB - 1)).to.equal(32 * MIB);
    expect(line.partSizeFor(200 * MIB)).to.be.undefined;
  });

  it('makes parts so small that a limit is kept over seconds, where S3 takes parts of that size', () => {
    const line = new LineMemory(notebook(), () => 'here');
    for (const [limit, part] of [
      [0.1, 5],
      [12.5, 6],
      [16, undefined],
      [200, undefined],
    ] as const)
      expect(line.partSizeFor(GIB, limit * MIB), `${limit} MiB/s`).to.equal(part && part * MIB);
    expect(line.partSizeFor(50_001 * MIB, MIB), 'more than 10,000 parts').to.be.undefined;
    send(line, 100 * MIB);
    expect(line.partSizeFor(GIB, 64 * MIB)).to.equal(32 * MIB);
    expect(line.partSizeFor(GIB, MIB)).to.equal(5 * MIB);
  });

  it('holds over visits, for one destination alone, until it is forgotten', () => {
    const notes = notebook();
    let scope = 'here';
    send(new LineMemory(notes, () => scope), 100 * MIB);
    const line = new LineMemory(notes, () => scope);
    expect(line.partSizeFor(GIB)).to.equal(64 * MIB);
    scope = 'there';
    expect(line.partSizeFor(GIB)).to.be.undefined;
    scope = 'here';
    line.forget();
    expect(line.partSizeFor(GIB)).to.be.undefined;
    expect(notes.notes).to.be.empty;
  });

  it('is nothing where nothing sensible was written, and small parts tell nothing', () => {
    for (const text of ['', 'fast', '-1', '0', 'Infinity']) {
      const notes = notebook();
      notes.notes.set('mule-upload:line:here', text);
      expect(new LineMemory(notes, () => 'here').partSizeFor(GIB), text).to.be.undefined;
    }
    const line = new LineMemory(notebook(), () => 'here');
    line.sent(1_000, 1);
    line.sent(8 * MIB, 0);
    expect(line.partSizeFor(GIB)).to.be.undefined;
  });
});
