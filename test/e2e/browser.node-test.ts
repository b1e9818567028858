import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import { mkdtemp, open, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { treeOf } from '../browsers/process-tree.js';
import { launch, type Engine } from './browser.js';

const GIB = 1024 ** 3;
const PAGE = `<!doctype html><title>page</title><x-host></x-host><script>
  const root = document.querySelector('x-host').attachShadow({ mode: 'open' });
  root.innerHTML = '<input type="file" multiple>';
  addEventListener('beforeunload', (event) => event.preventDefault());
  const remember = (mode, act) => new Promise((resolve, reject) => {
    const opening = indexedDB.open('memory', 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore('words');
    opening.onerror = () => reject(opening.error);
    opening.onsuccess = () => {
      const transaction = opening.result.transaction('words', mode);
      const request = act(transaction.objectStore('words'));
      transaction.oncomplete = () => resolve(request.result);
    };
  });
</script>`;

declare function remember<T>(mode: IDBTransactionMode, act: (store: IDBObjectStore) => IDBRequest<T>): Promise<T>;

for (const engine of ['chromium', 'firefox', 'webkit'] satisfies Engine[]) {
  describe(`a driven ${engine}`, () => {
    let folder: string;
    let server: Server;
    let url: string;

    before(async () => {
      folder = await mkdtemp(path.join(tmpdir(), 'mule-upload-driver-'));
      server = createServer((_request, response) => response.setHeader('content-type', 'text/html').end(PAGE));
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    });

    after(async () => {
      server.closeAllConnections();
      server.close();
      await rm(folder, { recursive: true, force: true, maxRetries: 20 });
    });

    it('runs functions, sets a 1 GiB file inside a shadow root, reloads despite a leave warning', async () => {
      const large = path.join(folder, 'large.bin');
      const handle = await open(large, 'w');
      await handle.truncate(GIB);
      await handle.close();
      const browser = await launch(engine);
      try {
        await browser.goto(url);
        assert.equal(await browser.evaluate((a: number, b: number) => Promise.resolve(a + b), 2, 3), 5);
        await assert.rejects(browser.evaluate('Promise.reject(new Error("as the page says"))'), /as the page says/);
        await browser.setFiles(['x-host', 'input'], [large]);
        const size = await browser.waitFor(
          () => document.querySelector('x-host')!.shadowRoot!.querySelector('input')!.files![0]?.size,
        );
        assert.equal(size, GIB);
        await browser.evaluate('window.isOld = true');
        await browser.reload();
        assert.equal(await browser.evaluate('window.isOld ?? null'), null);
        assert.ok((await browser.metrics()).pageMemory > 0);
        const second = await browser.newPage();
        await second.goto(url);
        assert.equal(await second.evaluate(() => document.title), 'page');
      } finally {
        await browser.close();
      }
      assert.deepEqual(treeOf(browser.pid), []);
    });

    it('starts again with the profile of a killed browser and finds its storage', async () => {
      const profile = path.join(folder, 'profile');
      const killed = await launch(engine, { profile });
      await killed.goto(url);
      await killed.evaluate(() => remember('readwrite', (store) => store.put('kept', 'word')));
      const processes = treeOf(killed.pid);
      await killed.kill();
      assert.deepEqual(processes.flatMap(treeOf), []);
      const next = await launch(engine, { profile });
      try {
        await next.goto(url);
        assert.equal(await next.evaluate(() => remember('readonly', (store) => store.get('word'))), 'kept');
      } finally {
        await next.close();
      }
    });
  });
}
