import { expect } from '@open-wc/testing';
import { MIN_PART_SIZE } from '../../src/limits.js';
import type { Journal } from '../../src/engine/types.js';
import { fileOf, MemoryJournal, Stand } from './stand.js';

/** Collects warnings while some work is done. */
async function warningsOf(work: () => Promise<void>): Promise<string[]> {
  const { warn } = console;
  const warnings: string[] = [];
  console.warn = (...args) => warnings.push(String(args[0]));
  try {
    await work();
  } finally {
    console.warn = warn;
  }
  return warnings;
}

const refused = async (): Promise<never> => {
  throw new DOMException('no room', 'QuotaExceededError');
};

describe('where storage is refused', () => {
  it('uploads work, and one warning says that they will not survive a reload', async () => {
    const journal: Journal = { load: refused, save: refused, remove: refused, wipe: refused };
    const stand = new Stand({}, { journal });
    const warnings = await warningsOf(async () => {
      await stand.upload(fileOf(10, 'a.bin'), fileOf(3 * MIN_PART_SIZE, 'b.bin'));
      await stand.uploader.forget();
    });
    expect(stand.uploader.uploads.map(({ status }) => status)).to.deep.equal(['complete', 'complete']);
    expect(warnings).to.have.length(1);
    expect(warnings[0]).to.contain('will not survive a reload');
  });

  it('is noticed only when a write fails, too', async () => {
    const journal = new MemoryJournal();
    journal.save = refused;
    const stand = new Stand({}, { journal });
    const warnings = await warningsOf(() => stand.upload(fileOf(3 * MIN_PART_SIZE)));
    expect(stand.of('a.bin').status).to.equal('complete');
    expect(warnings).to.have.length(1);
  });

  it('is not asked at all where recover is off', async () => {
    const journal: Journal = { load: refused, save: refused, remove: refused, wipe: refused };
    const stand = new Stand({ recover: 'off' }, { journal });
    const warnings = await warningsOf(() => stand.upload(fileOf(3 * MIN_PART_SIZE)));
    expect(stand.of('a.bin').status).to.equal('complete');
    expect(warnings).to.be.empty;
  });
});

describe('a database that never opens', () => {
  it('does not keep files from going up', async () => {
    const never = (): Promise<never> => new Promise(() => {});
    const stand = new Stand({}, { journal: { load: never, save: never, remove: never, wipe: never } });
    const warnings = await warningsOf(() => stand.upload(fileOf(10)));
    expect(stand.of('a.bin').status).to.equal('complete');
    expect(warnings).to.have.length(1);
  });
});
