/** Unfinished uploads are listed only by the element that started them, or by its replacement. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { startFaultProxy, type FaultProxy } from '../../demo/faults/index.js';
import { S3Client } from '../servers/s3-client.js';
import { launch, type Engine, type Page } from './browser.js';
import { startSite, type Site } from './site.js';
import { BUCKET, MIB, makeFolder, startStore, writeRandom, type Store } from './harness.js';

const html = (body: string): string => `<!doctype html><html lang="en"><title>owner</title>
<link rel="icon" href="data:,"><script type="module" src="/mule-upload.js"></script>${body}</html>`;

/** Two fields of one form with one signer, without a `recovery-key`. */
const TWO_FIELDS = html(`<form id="f">
  <label>Contract <mule-upload signer="/sign" name="contract" no-leave-warning></mule-upload></label>
  <label>Photo <mule-upload signer="/sign" name="photo" accept="image/*" required no-leave-warning></mule-upload></label>
</form>`);

const ROUTE = '<mule-upload signer="/sign" multiple no-leave-warning></mule-upload>';
/** A page that adds the element and removes it again, as a router or a modal does. */
const ROUTES = html(`<main>${ROUTE}</main><script>
  window.eventTypes = [];
  for (const type of ['mule-recover', 'mule-complete'])
    document.addEventListener(type, (event) => eventTypes.push(type));
  window.leave = () => document.querySelector('main').replaceChildren();
  window.enter = () => { document.querySelector('main').innerHTML = ${JSON.stringify(ROUTE)}; };
</script>`);

const PAGES = { '/fields': TWO_FIELDS, '/routes': ROUTES };
const ENGINES: readonly Engine[] = ['chromium', 'firefox', 'webkit'];
/** Bytes per second: slow enough to act during an upload. */
const SLOW_RATE = 2 * MIB;

/** Returns the uploads that each field lists, and the form's entries. */
const readFields = (): { listed: Record<string, string[]>; submitted: string[]; isPhotoMissing: boolean } => {
  const all = [...document.querySelectorAll('mule-upload')];
  const listed = all.map(({ name, uploads }) => [name, uploads.map((one) => `${one.name} ${one.status}`)] as const);
  return {
    listed: Object.fromEntries(listed),
    submitted: [...new FormData(document.querySelector('form')!).keys()],
    isPhotoMissing: all[1]!.validity.valueMissing,
  };
};
const uploadsOf = (page: Page) => page.evaluate(() => document.querySelector('mule-upload')?.uploads ?? []);
const untilLoaded = (page: Page, bytes: number): Promise<unknown> =>
  page.waitFor((least: number) => (document.querySelector('mule-upload')?.uploads[0]?.loaded ?? 0) >= least, {}, bytes);
const choose = (page: Page, file: string): Promise<void> => page.setFiles(['mule-upload', 'input[type=file]'], [file]);

describe('an unfinished upload', () => {
  let folder: string;
  let remove: () => Promise<void>;
  let store: Store;
  let proxy: FaultProxy;
  let site: Site;
  let s3: S3Client;

  before(async () => {
    ({ folder, remove } = await makeFolder());
    store = await startStore('bucket', folder);
    proxy = await startFaultProxy(store.url);
    site = await startSite({ ...store, url: proxy.url }, PAGES);
    s3 = new S3Client(store);
  });
  after(async () => {
    site.stop();
    await proxy.close();
    await store.stop();
    await remove();
  });

  for (const engine of ENGINES) {
    it(`of one of two fields is listed there and nowhere else, in ${engine}`, async () => {
      const file = path.join(folder, `contract-${engine}.pdf`);
      const sha256 = await writeRandom(file, 20 * MIB);
      const page = await launch(engine);
      try {
        proxy.setRate(SLOW_RATE);
        await page.goto(`${site.url}fields`);
        await choose(page, file);
        await untilLoaded(page, 9 * MIB);
        const [begun] = await uploadsOf(page);
        await page.reload();
        await page.waitFor("document.querySelector('mule-upload').uploads?.[0]?.status === 'needs-file'");
        const found = await page.evaluate(readFields);
        assert.deepEqual(found.listed, { contract: [`contract-${engine}.pdf needs-file`], photo: [] });
        proxy.setRate(Infinity);
        await choose(page, file);
        await page.waitFor("document.querySelector('mule-upload').uploads[0].status === 'complete'");
        const done = await page.evaluate(readFields);
        assert.deepEqual(done, {
          listed: { contract: [`contract-${engine}.pdf complete`], photo: [] },
          submitted: ['contract'],
          isPhotoMissing: true,
        });
        const [upload] = await uploadsOf(page);
        assert.deepEqual([upload!.id, upload!.key, upload!.recovered], [begun!.id, begun!.key, true]);
        assert.deepEqual(await s3.digest(BUCKET, upload!.key!), { sha256, size: 20 * MIB });
      } finally {
        await page.close();
      }
    });

    for (const [name, gap] of [
      ['within 0.2 s', 150],
      ['after more than a second', 1_500],
    ] as const) {
      it(`of a removed element is resumed by the next one ${name}, in ${engine}`, async () => {
        const file = path.join(folder, `film-${engine}-${gap}.bin`);
        const sha256 = await writeRandom(file, 30 * MIB);
        const page = await launch(engine);
        try {
          proxy.reset();
          proxy.setRate(SLOW_RATE);
          await page.goto(`${site.url}routes`);
          await choose(page, file);
          await untilLoaded(page, 9 * MIB);
          const [begun] = await uploadsOf(page);
          await page.evaluate(async (milliseconds: number) => {
            const routes = window as unknown as { leave(): void; enter(): void };
            routes.leave();
            await new Promise((resolve) => setTimeout(resolve, milliseconds));
            routes.enter();
          }, gap);
          await page.waitFor("document.querySelector('mule-upload').uploads?.length === 1");
          proxy.setRate(Infinity);
          await page.waitFor("document.querySelector('mule-upload').uploads[0].status === 'complete'");
          const [upload] = await uploadsOf(page);
          assert.deepEqual([upload!.id, upload!.key], [begun!.id, begun!.key]);
          assert.deepEqual(await page.evaluate('eventTypes'), ['mule-recover', 'mule-complete']);
          assert.deepEqual(await s3.digest(BUCKET, upload!.key!), { sha256, size: 30 * MIB });
          assert.equal(proxy.count('create'), 1);
        } finally {
          await page.close();
        }
      });
    }
  }
});
