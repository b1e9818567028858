import { expect } from '@open-wc/testing';
import { IndexedDbFileStore } from '../../../src/engine/browser/indexed-db-file-store.js';
import { RECORD_LIFETIME_MS, openTable } from '../../../src/engine/browser/indexed-db-journal.js';
import { LazyFileStore } from '../../../src/engine/browser/lazy-file-store.js';
import { systemClock } from '../../../src/engine/browser/system-clock.js';
import { MIB } from '../../../src/limits.js';
import { fileOf, hashOf } from '../harness.js';

const newScope = (): string => `shelf test ${Math.random()}`;
const newShelf = (): IndexedDbFileStore =>
  new IndexedDbFileStore(openTable('mule-upload-files', 'files'), systemClock, RECORD_LIFETIME_MS);
let count = 0;
const newId = (): string => `file ${++count} ${Math.random()}`;

/** Whether this browser takes files in its database: WebKit's private sessions do not. */
async function takesFiles(): Promise<boolean> {
  const [shelf, id] = [newShelf(), newId()];
  const isTaken = await shelf.save(id, newScope(), { file: fileOf(1) });
  await shelf.remove(id);
  return isTaken;
}

/** A shelf of a browser that gives so many bytes. */
const shelfWithin = (quota: number): IndexedDbFileStore =>
  new IndexedDbFileStore(openTable('mule-upload-files', 'files'), systemClock, RECORD_LIFETIME_MS, () =>
    Promise.resolve({ quota, usage: 0 }),
  );

describe('the shelf in IndexedDB', () => {
  it('gives another visit the same bytes back, or says that it keeps nothing', async () => {
    const [id, scope, file] = [newId(), newScope(), fileOf(2 * MIB, 'größe 📦.bin')];
    const isKept = await newShelf().save(id, scope, { file });
    const found = await newShelf().find(id);
    if (!isKept) return void expect(found).to.equal(null);
    expect(found && 'file' in found && (await hashOf(found.file))).to.equal(await hashOf(file));
    await newShelf().remove(id);
    expect(await newShelf().find(id)).to.equal(null);
  });

  it('gives a handle back that opens the same file, or says that it keeps none', async () => {
    const root = await navigator.storage.getDirectory().catch(() => null);
    // WebKit's private sessions have no such storage
    if (!root) return;
    const handle = await root.getFileHandle(`kept ${Math.random()}.bin`, { create: true });
    const [id, scope] = [newId(), newScope()];
    if (!(await newShelf().save(id, scope, { handle }))) return;
    const found = await newShelf().find(id);
    expect(found && 'handle' in found && (await found.handle.isSameEntry(handle))).to.equal(true);
    await newShelf().wipe(scope);
  });

  it('keeps scopes apart when one is wiped', async () => {
    const shelf = newShelf();
    const [mine, other, scope] = [newId(), newId(), newScope()];
    await shelf.save(mine, scope, { file: fileOf(10) });
    const isKept = await shelf.save(other, newScope(), { file: fileOf(10) });
    await shelf.wipe(scope);
    expect(await shelf.find(mine)).to.equal(null);
    expect((await shelf.find(other)) !== null).to.equal(isKept);
    await shelf.remove(other);
  });

  it('takes so much and no more where the quota is small, and again what there is room for', async () => {
    if (!(await takesFiles())) return;
    const [shelf, scope] = [shelfWithin(40 * MIB), newScope()];
    const [first, second] = [newId(), newId()];
    expect(await shelf.save(first, scope, { file: fileOf(3 * MIB) })).to.equal(true);
    expect(await shelf.save(second, scope, { file: fileOf(3 * MIB) })).to.equal(false);
    await shelf.remove(first);
    expect(await shelf.save(second, scope, { file: fileOf(3 * MIB) })).to.equal(true);
    await shelf.wipe(scope);
  });

  it('keeps 64 MiB at most, those of earlier visits counted in', async () => {
    if (!(await takesFiles())) return;
    const scope = newScope();
    const file = fileOf(8 * MIB);
    const kept: boolean[] = [];
    for (let at = 0; at < 10; at++) kept.push(await shelfWithin(100_000 * MIB).save(newId(), scope, { file }));
    // other tests of this browser may have something there, too
    expect(kept.filter(Boolean).length).to.be.within(7, 8);
    await newShelf().wipe(scope);
  });

  it('throws out what is older than a week', async () => {
    if (!(await takesFiles())) return;
    const entries = openTable('mule-upload-files', 'files');
    const old = newId();
    await entries.setItem(old, { scope: 's', createdAt: Date.now() - 8 * 86_400_000, kept: { file: fileOf(5) } });
    const [shelf, fresh] = [newShelf(), newId()];
    await shelf.save(fresh, newScope(), { file: fileOf(5) });
    expect([await shelf.find(old), (await shelf.find(fresh)) !== null]).to.deep.equal([null, true]);
    await shelf.remove(fresh);
  });
});

describe('a shelf whose code cannot be loaded', () => {
  it('is an empty one, and says so once', async () => {
    const { warn } = console;
    const warnings: string[] = [];
    console.warn = (text: string) => warnings.push(text);
    try {
      const shelf = new LazyFileStore(systemClock, () => Promise.reject(new TypeError('no such module')));
      expect(await shelf.save('a', 's', { file: fileOf(1) })).to.equal(false);
      expect(await shelf.find('a')).to.equal(null);
      await shelf.remove('a');
      await shelf.wipe('s');
    } finally {
      console.warn = warn;
    }
    expect(warnings).to.have.length(1);
  });
});
