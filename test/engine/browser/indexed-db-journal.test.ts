import { expect } from '@open-wc/testing';
import localforage from 'localforage';
import { IndexedDbJournal } from '../../../src/engine/browser/indexed-db-journal.js';
import { systemClock } from '../../../src/engine/browser/system-clock.js';
import type { JournalRecord } from '../../../src/engine/ports.js';
import { MIN_PART_SIZE } from '../../../src/limits.js';
import { fileOf, Harness } from '../harness.js';

const DAY_MS = 86_400_000;
let count = 0;
const newScope = (): string => `journal test ${Math.random()}`;
const recordOf = (scope: string, changes: Partial<JournalRecord> = {}): JournalRecord => ({
  version: 2,
  principal: null,
  visit: null,
  id: `record ${++count} of ${scope}`,
  scope,
  fingerprint: 'f',
  name: 'größe 📦.bin',
  size: 50e12,
  type: '',
  lastModified: 1,
  relativePath: '',
  key: 'k',
  uploadId: 'u',
  partSize: MIN_PART_SIZE,
  grant: null,
  objectKey: '',
  tracked: false,
  actions: ['get_all_signatures'],
  aborting: false,
  createdAt: Date.now(),
  ...changes,
});

describe('the journal in IndexedDB', () => {
  it('returns the records of an earlier page load, oldest first', async () => {
    const scope = newScope();
    const records = [recordOf(scope, { createdAt: Date.now() - 5 }), recordOf(scope)];
    const journal = new IndexedDbJournal(systemClock);
    for (const record of [...records].reverse()) await journal.save(record);
    expect(await new IndexedDbJournal(systemClock).load(scope)).to.deep.equal(records);
    await journal.wipe(scope);
  });

  it('loads and wipes the records of one scope only', async () => {
    const [mine, other] = [newScope(), newScope()];
    const journal = new IndexedDbJournal(systemClock);
    await journal.save(recordOf(mine));
    await journal.save(recordOf(other));
    await journal.wipe(mine);
    expect([(await journal.load(mine)).length, (await journal.load(other)).length]).to.deep.equal([0, 1]);
    await journal.wipe(other);
  });

  it('changes and removes single records', async () => {
    const scope = newScope();
    const journal = new IndexedDbJournal(systemClock);
    const record = recordOf(scope);
    await journal.save(record);
    await journal.save({ ...record, aborting: true });
    expect((await journal.load(scope)).map(({ aborting }) => aborting)).to.deep.equal([true]);
    await journal.remove(record.id);
    await journal.remove(record.id);
    expect(await journal.load(scope)).to.be.empty;
  });

  it('removes and reports records that are older than a week or invalid, and keeps those of a later version', async () => {
    const scope = newScope();
    const dropped: string[] = [];
    const journal = new IndexedDbJournal(systemClock, (id) => dropped.push(id));
    const valid = recordOf(scope, { createdAt: Date.now() - 6 * DAY_MS });
    await journal.save(valid);
    const ofLaterVersion = recordOf(scope, { version: 3 as never });
    await journal.save(ofLaterVersion);
    const removable = [
      recordOf(scope, { createdAt: Date.now() - 8 * DAY_MS }),
      recordOf(scope, { createdAt: Date.now() + 8 * DAY_MS }),
      recordOf(scope, { version: 1 as never }),
      recordOf(scope, { version: 3 as never, createdAt: Date.now() - 8 * DAY_MS }),
      recordOf(scope, { size: 'large' as never }),
      recordOf(scope, { fingerprint: undefined as never }),
      recordOf(scope, { actions: null as never }),
      { id: `junk of ${scope}`, scope },
      { id: `${scope} of another kind`, createdAt: 'yesterday' },
    ];
    for (const record of removable) await journal.save(record as never);
    expect((await journal.load(scope)).map(({ id }) => id)).to.deep.equal([valid.id]);
    expect(dropped.filter((id) => id.includes(scope)).sort()).to.deep.equal(removable.map(({ id }) => id).sort());
    const table = localforage.createInstance({
      name: 'mule-upload',
      storeName: 'uploads',
      driver: localforage.INDEXEDDB,
    });
    expect((await table.keys()).filter((key) => key.includes(scope)).sort()).to.deep.equal(
      [valid.id, ofLaterVersion.id].sort(),
    );
    await journal.wipe(scope);
    await journal.remove(ofLaterVersion.id);
  });

  it('resumes an upload in the next page load', async () => {
    const harness = new Harness({}, { journal: new IndexedDbJournal(systemClock) });
    const file = fileOf(3 * MIN_PART_SIZE);
    const release = harness.store.hold('part');
    await harness.uploader.add([file]);
    await harness.until(() => harness.store.count('part') > 0);
    harness.uploader.pause();
    release();
    await harness.settle();
    const next = harness.reload();
    await next.uploader.ready;
    expect(next.uploadOf('a.bin')).to.include({ status: 'needs-file', uploadId: 'upload-1', key: 'files/a.bin' });
    await next.upload(file);
    expect(next.uploadOf('a.bin').status).to.equal('complete');
    const last = next.reload();
    await last.uploader.ready;
    expect(last.uploader.uploads).to.be.empty;
  });
});
