import { expect } from '@open-wc/testing';
import { IndexedDbFileStore } from '../../../src/engine/browser/indexed-db-file-store.js';
import { IndexedDbJournal, RECORD_LIFETIME_MS, openTable } from '../../../src/engine/browser/indexed-db-journal.js';
import { LazyFileStore } from '../../../src/engine/browser/lazy-file-store.js';
import { systemClock } from '../../../src/engine/browser/system-clock.js';
import { MIB } from '../../../src/limits.js';
import { fileOf, hashOf, MemoryFileStore } from '../harness.js';

const newScope = (): string => `file store test ${Math.random()}`;
const newStore = (): IndexedDbFileStore =>
  new IndexedDbFileStore(openTable('mule-upload-files', 'files'), systemClock, RECORD_LIFETIME_MS);
let count = 0;
const newId = (): string => `file ${++count} ${Math.random()}`;

/** Whether this browser stores files in IndexedDB: WebKit's private windows do not. */
async function canStoreFiles(): Promise<boolean> {
  const [store, id] = [newStore(), newId()];
  const isStored = await store.save(id, newScope(), { file: fileOf(1) });
  await store.remove(id);
  return isStored;
}

/** Creates a store in a browser with this quota. @param quota bytes */
const storeWithQuota = (quota: number): IndexedDbFileStore =>
  new IndexedDbFileStore(openTable('mule-upload-files', 'files'), systemClock, RECORD_LIFETIME_MS, () =>
    Promise.resolve({ quota, usage: 0 }),
  );

describe('the file store in IndexedDB', () => {
  it('returns the same bytes in the next page load, or false if it saved nothing', async () => {
    const [id, scope, file] = [newId(), newScope(), fileOf(2 * MIB, 'größe 📦.bin')];
    const isKept = await newStore().save(id, scope, { file });
    const found = await newStore().find(id);
    if (!isKept) return void expect(found).to.equal(null);
    expect(found && 'file' in found && (await hashOf(found.file))).to.equal(await hashOf(file));
    await newStore().remove(id);
    expect(await newStore().find(id)).to.equal(null);
  });

  it('returns a handle of the same file, or false if it saved none', async () => {
    const root = await navigator.storage.getDirectory().catch(() => null);
    // private sessions of WebKit have no origin private file system
    if (!root) return;
    const handle = await root.getFileHandle(`kept ${Math.random()}.bin`, { create: true });
    const [id, scope] = [newId(), newScope()];
    if (!(await newStore().save(id, scope, { handle }))) return;
    const found = await newStore().find(id);
    expect(found && 'handle' in found && (await found.handle.isSameEntry(handle))).to.equal(true);
    await newStore().wipe(scope);
  });

  it('wipes one scope, and leaves the others', async () => {
    const store = newStore();
    const [mine, other, scope] = [newId(), newId(), newScope()];
    await store.save(mine, scope, { file: fileOf(10) });
    const isKept = await store.save(other, newScope(), { file: fileOf(10) });
    await store.wipe(scope);
    expect(await store.find(mine)).to.equal(null);
    expect((await store.find(other)) !== null).to.equal(isKept);
    await store.remove(other);
  });

  it('respects a small quota, and reuses space that was freed', async () => {
    if (!(await canStoreFiles())) return;
    const [store, scope] = [storeWithQuota(40 * MIB), newScope()];
    const [first, second] = [newId(), newId()];
    expect(await store.save(first, scope, { file: fileOf(3 * MIB) })).to.equal(true);
    expect(await store.save(second, scope, { file: fileOf(3 * MIB) })).to.equal(false);
    await store.remove(first);
    expect(await store.save(second, scope, { file: fileOf(3 * MIB) })).to.equal(true);
    await store.wipe(scope);
  });

  it('stores 64 MiB at most, including files of earlier page loads', async () => {
    if (!(await canStoreFiles())) return;
    const scope = newScope();
    const file = fileOf(8 * MIB);
    const kept: boolean[] = [];
    for (let count = 0; count < 10; count++)
      kept.push(await storeWithQuota(100_000 * MIB).save(newId(), scope, { file }));
    // other tests in this browser may have stored files too
    expect(kept.filter(Boolean).length).to.be.within(7, 8);
    await newStore().wipe(scope);
  });

  it('removes entries older than a week', async () => {
    if (!(await canStoreFiles())) return;
    const entries = openTable('mule-upload-files', 'files');
    const old = newId();
    await entries.setItem(old, { scope: 's', createdAt: Date.now() - 8 * 86_400_000, kept: { file: fileOf(5) } });
    const [store, fresh] = [newStore(), newId()];
    await store.save(fresh, newScope(), { file: fileOf(5) });
    expect([await store.find(old), (await store.find(fresh)) !== null]).to.deep.equal([null, true]);
    await store.remove(fresh);
  });
});

describe('a file store whose code cannot be loaded', () => {
  it('is empty, and logs one warning', async () => {
    const { warn } = console;
    const warnings: string[] = [];
    console.warn = (text: string) => warnings.push(text);
    try {
      const store = new LazyFileStore(systemClock, () => Promise.reject(new TypeError('no such module')));
      expect(await store.save('a', 's', { file: fileOf(1) })).to.equal(false);
      expect(await store.find('a')).to.equal(null);
      await store.remove('a');
    } finally {
      console.warn = warn;
    }
    expect(warnings).to.have.length(1);
  });

  it('says that files are not deleted, and deletes them once its code is loaded', async () => {
    const { warn } = console;
    console.warn = () => {};
    try {
      const loaded = new MemoryFileStore();
      await loaded.save('a', 's', { file: fileOf(1) });
      let attempts = 0;
      const store = new LazyFileStore(systemClock, () =>
        attempts++ ? Promise.resolve(loaded) : Promise.reject(new TypeError('no network')),
      );
      const failure = await store.wipe('s').catch((error: Error) => error.message);
      expect(failure).to.equal('no network');
      await store.wipe('s');
      expect(loaded.kept).to.be.empty;
    } finally {
      console.warn = warn;
    }
  });

  it('has nothing to delete in a browser that denies storage', async () => {
    const denied = (): never => {
      throw new DOMException('denied', 'SecurityError');
    };
    const own = Object.getOwnPropertyDescriptor(window, 'indexedDB');
    Object.defineProperty(window, 'indexedDB', { configurable: true, get: denied });
    try {
      await new LazyFileStore(systemClock, () => Promise.reject(new TypeError('no network'))).wipe('s');
      await new IndexedDbJournal(systemClock).wipe('s');
    } finally {
      delete (window as { indexedDB?: unknown }).indexedDB;
      if (own) Object.defineProperty(window, 'indexedDB', own);
    }
    expect(window.indexedDB).to.exist;
  });
});
