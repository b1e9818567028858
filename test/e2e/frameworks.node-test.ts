import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { S3Client } from '../servers/s3-client.js';
import { launch, type Driver, type Engine } from './browser.js';
import { APPS, buildApps, checkTypes, installApps, type App } from './framework-apps.js';
import { chooseFiles } from './page.js';
import { startSite, type Site } from './site.js';
import { BUCKET, MIB, isFull, makeFolder, startStore, writeRandom, type Store } from './harness.js';

const ENGINES: readonly Engine[] = isFull ? ['chromium', 'firefox', 'webkit'] : ['chromium'];

/** Returns the properties that the app has set on the element, and the text that the app shows. */
const state = (): Record<'name' | 'maxSize' | 'button' | 'stored' | 'value', unknown> & { disabled: boolean } => {
  const element = document.querySelector('mule-upload')!;
  const text = (id: string): string | undefined => document.getElementById(id)?.textContent.trim();
  const slot = element.shadowRoot!.querySelector<HTMLSlotElement>('slot[name=button]')!;
  return {
    name: element.name,
    maxSize: element.maxSize,
    disabled: element.disabled,
    button: slot.assignedElements()[0]?.textContent?.trim(),
    stored: text('stored'),
    value: text('value'),
  };
};

describe('an app with the packed package', () => {
  let folder: string;
  let remove: () => Promise<void>;
  let store: Store;
  let site: Site;
  let pages: Record<string, string>;
  /** The header that the app sets by the property `headers`, for each signer call. */
  const headers: (string | null)[] = [];
  const matrix: Partial<Record<App, string[]>> = {};
  const note = (app: App, what: string): void => void (matrix[app] ??= []).push(what);

  before(async () => {
    ({ folder, remove } = await makeFolder());
    installApps(folder);
    store = await startStore('bucket', folder);
    const authorize = (request: Request): string => {
      headers.push(request.headers.get('x-app'));
      return 'reader';
    };
    pages = buildApps();
    site = await startSite(store, pages, { signer: { allowAnonymous: undefined, authorize } });
  });

  after(async () => {
    console.log(APPS.map((app) => `${app}: ${matrix[app]?.join(', ') ?? 'nothing'}`).join('\n'));
    site.stop();
    await store.stop();
    await remove();
  });

  it('in react-server has its content, and no element: that is rendered in the browser', () => {
    const page = pages['/react-server/']!;
    assert.match(page, /<button id="clear"/);
    assert.doesNotMatch(page, /<mule-upload[ >]/);
  });

  for (const app of APPS)
    it(`in ${app} has the types of attributes, properties and events`, () => {
      checkTypes(app);
      note(app, 'types');
    });

  for (const engine of ENGINES)
    describe(`in ${engine}`, () => {
      let browser: Driver;
      before(async () => {
        browser = await launch(engine);
      });
      after(() => browser.close());

      for (const app of APPS)
        it(`in ${app}: attributes, properties, events, slots and a two-way bound value, by a real upload`, async () => {
          const file = path.join(folder, `${app}.bin`);
          const sha256 = await writeRandom(file, MIB);
          await browser.goto(new URL(`/${app}/`, site.url).href);
          await browser.waitFor("!!document.querySelector('mule-upload')?.shadowRoot?.querySelector('input')");
          const first = await browser.evaluate(state);
          assert.deepEqual([first.name, first.maxSize, first.button], ['film', 1e9, 'Choose a film']);

          for (const disabled of [true, false]) {
            await browser.evaluate("document.querySelector('#toggle').click()");
            await browser.waitFor(`document.querySelector('mule-upload').disabled === ${disabled}`);
          }

          headers.length = 0;
          await chooseFiles(browser, [file]);
          await browser.waitFor("document.querySelector('#value').textContent.trim() !== ''");
          const { stored, value } = await browser.evaluate(state);
          assert.equal(stored, `${String(value)} ${MIB}`);
          assert.deepEqual(await new S3Client(store).digest(BUCKET, String(value)), { sha256, size: MIB });
          assert.deepEqual([...new Set(headers)], [app]);

          await browser.evaluate("document.querySelector('#clear').click()");
          await browser.waitFor("document.querySelector('mule-upload').value.length === 0");
          note(app, engine);
        });
    });
});
