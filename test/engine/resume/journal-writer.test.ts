import { expect } from '@open-wc/testing';
import { MIN_PART_SIZE } from '../../../src/limits.js';
import { webLocks } from '../../../src/engine/browser/cross-tab.js';
import type { Journal, TabLock } from '../../../src/engine/ports.js';
import { nextTurn } from '../fake-clock.js';
import { fileOf, MemoryJournal, Harness } from '../harness.js';

/** Collects the console warnings during `work`. */
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

const rejectForQuota = async (): Promise<never> => {
  throw new DOMException('no room', 'QuotaExceededError');
};

describe('storage that cannot be used', () => {
  it('does not prevent uploads; one warning says that they will not survive a reload', async () => {
    const journal: Journal = {
      load: rejectForQuota,
      save: rejectForQuota,
      remove: rejectForQuota,
      wipe: rejectForQuota,
    };
    const harness = new Harness({}, { journal });
    const warnings = await warningsOf(async () => {
      await harness.upload(fileOf(10, 'a.bin'), fileOf(3 * MIN_PART_SIZE, 'b.bin'));
      expect(harness.uploader.uploads.map(({ status }) => status)).to.deep.equal(['complete', 'complete']);
      const failure = await harness.uploader.forget().catch((error: Error) => error.message);
      expect(failure).to.contain('has not deleted');
    });
    expect(warnings).to.have.length(1);
    expect(warnings[0]).to.contain('will not survive a reload');
  });

  it('is detected even if only a write fails', async () => {
    const journal = new MemoryJournal();
    journal.save = rejectForQuota;
    const harness = new Harness({}, { journal });
    const warnings = await warningsOf(() => harness.upload(fileOf(3 * MIN_PART_SIZE)));
    expect(harness.uploadOf('a.bin').status).to.equal('complete');
    expect(warnings).to.have.length(1);
  });

  it('is not used with recover="off"', async () => {
    const journal: Journal = {
      load: rejectForQuota,
      save: rejectForQuota,
      remove: rejectForQuota,
      wipe: rejectForQuota,
    };
    const harness = new Harness({ recover: 'off' }, { journal });
    const warnings = await warningsOf(() => harness.upload(fileOf(3 * MIN_PART_SIZE)));
    expect(harness.uploadOf('a.bin').status).to.equal('complete');
    expect(warnings).to.be.empty;
  });
});

describe('storage that fails during an upload', () => {
  const SIZE = 3 * MIN_PART_SIZE;

  it('is used again when it has space, and keeps no record of a completed upload', async () => {
    const journal = new MemoryJournal();
    const { save } = journal;
    journal.save = rejectForQuota;
    const harness = new Harness({}, { journal });
    const warnings = await warningsOf(async () => {
      await harness.upload(fileOf(SIZE, 'a.bin'));
      journal.save = save;
      await harness.interrupt(fileOf(SIZE, 'b.bin'), 1);
      expect([...journal.records.values()].map(({ name }) => name)).to.deep.equal(['b.bin']);
      await harness.uploader.resume();
      await harness.finished();
    });
    expect(journal.records).to.be.empty;
    expect(warnings).to.have.length(1);
    expect(harness.uploadOf('b.bin').status).to.equal('complete');
  });

  it('may be cleared by the user: a running upload continues without its record', async () => {
    const journal = new MemoryJournal();
    const harness = new Harness({}, { journal });
    const warnings = await warningsOf(async () => {
      await harness.interrupt(fileOf(SIZE), 1);
      journal.records.clear();
      await harness.uploader.resume();
      await harness.finished();
    });
    expect(harness.uploadOf('a.bin').status).to.equal('complete');
    expect(harness.store.sentParts.filter((part) => part === 1)).to.have.length(1);
    expect(warnings).to.be.empty;
  });

  it('is used again once it answers, and then removes the record of an upload that has ended', async () => {
    const journal = new MemoryJournal();
    const { save } = journal;
    let answer!: () => void;
    const mayAnswer = new Promise<void>((resolve) => (answer = resolve));
    journal.save = async (record) => {
      await mayAnswer;
      return save.call(journal, record);
    };
    const harness = new Harness({}, { journal });
    await warningsOf(async () => {
      await harness.upload(fileOf(SIZE, 'a.bin'));
      answer();
      await harness.settle();
      expect(journal.records).to.be.empty;
      await harness.interrupt(fileOf(SIZE, 'b.bin'), 1);
      expect([...journal.records.values()].map(({ name }) => name)).to.deep.equal(['b.bin']);
      harness.uploader.dispose();
    });
  });

  it('may hang: uploads wait for it once, and do not use it again', async () => {
    const journal = new MemoryJournal();
    let writes = 0;
    journal.save = journal.remove = () => {
      writes++;
      return new Promise(() => {});
    };
    const harness = new Harness({}, { journal });
    const warnings = await warningsOf(() => harness.upload(fileOf(SIZE, 'a.bin'), fileOf(SIZE, 'b.bin')));
    expect(harness.uploader.uploads.map(({ status }) => status)).to.deep.equal(['complete', 'complete']);
    expect([writes, warnings.length]).to.deep.equal([1, 1]);
  });

  it('may throw synchronously, as a browser without IndexedDB does', async () => {
    const journal = new MemoryJournal();
    journal.load =
      journal.save =
      journal.remove =
        () => {
          throw new TypeError('indexedDB is undefined');
        };
    const harness = new Harness({}, { journal });
    const warnings = await warningsOf(() => harness.upload(fileOf(SIZE)));
    expect(harness.uploadOf('a.bin').status).to.equal('complete');
    expect(warnings).to.have.length(1);
  });
});

describe('an upload that ends before its lock is granted', () => {
  it('leaves no record in the journal', async () => {
    const journal = new MemoryJournal();
    let harness: Harness | null = null;
    const slowLock: TabLock = {
      ...webLocks,
      tryAcquire: async (name) => {
        if (name.startsWith('visit:')) {
          await harness!.until(() => harness!.store.count('complete') === 1);
          for (let turns = 0; turns < 50; turns++) await nextTurn();
        }
        return webLocks.tryAcquire(name);
      },
    };
    harness = new Harness({}, { journal, tabLock: slowLock });
    await harness.upload(fileOf(3 * MIN_PART_SIZE));
    expect(harness.uploadOf('a.bin').status).to.equal('complete');
    expect([journal.saves, journal.records.size]).to.deep.equal([1, 0]);
  });
});

describe('a database that never opens', () => {
  it('does not block uploads', async () => {
    const never = (): Promise<never> => new Promise(() => {});
    const harness = new Harness({}, { journal: { load: never, save: never, remove: never, wipe: never } });
    const warnings = await warningsOf(async () => {
      const adding = harness.uploader.add([fileOf(10)]);
      await harness.settle();
      await harness.clock.advance(3_000);
      await adding;
      await harness.finished();
    });
    expect(harness.uploadOf('a.bin').status).to.equal('complete');
    expect(warnings).to.have.length(1);
  });
});
