import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { S3Client } from '../servers/s3-client.js';
import { launch, type Driver, type Engine } from './browser.js';
import { chooseFiles, uploadsOf } from './page.js';
import { startSite, type Site } from './site.js';
import { BUCKET, MIB, makeFolder, startStore, writeRandom, type Store } from './harness.js';

/** A listener of `unload` disables the back-forward cache in Chromium and Firefox, so that they restore the form. */
const PAGE = `<!doctype html><html lang="en"><title>form</title><link rel="icon" href="data:,">
<script>addEventListener('unload', () => {});</script>
<form action="/sent" method="post">
  <input name="title" required>
  <mule-upload signer="/sign" name="film" required submit-when-done recover="off"></mule-upload>
  <button name="save" value="yes">Save</button>
</form>
<script type="module" src="/mule-upload.js"></script></html>`;
/** Server-rendered markup of the element; the test adds the script later. */
const SERVER_RENDERED_PAGE = `<!doctype html><html lang="en"><title>rendered</title><link rel="icon" href="data:,">
<mule-upload signer="/sign" recover="off"><template shadowrootmode="open" shadowrootdelegatesfocus>
<button type="button" part="button">Choose a file</button><slot></slot></template><input type="file" name="film"></mule-upload></html>`;
const CONFIRMATION_PAGE = '<!doctype html><html lang="en"><title>sent</title><link rel="icon" href="data:,"></html>';

const formState = (): { title: string; film: readonly string[]; valid: boolean } => {
  const element = document.querySelector('mule-upload')!;
  const title = document.querySelector<HTMLInputElement>('[name=title]')!.value;
  return { title, film: element.value, valid: element.validity.valid };
};

/** Submits the form. @returns the name of the control that then has the focus, and the focused part in its shadow root */
const focusAfterSubmit = (): (string | null)[] => {
  document.querySelector('form')!.requestSubmit();
  const focused = document.activeElement;
  return [focused?.getAttribute('name') ?? null, focused?.shadowRoot?.activeElement?.getAttribute('part') ?? null];
};

/** Returns the focused part, the number of buttons, and the height of the server-rendered input. */
const renderedState = (): { focus: string | null | undefined; buttons: number; shown: number } => {
  const element = document.querySelector('mule-upload')!;
  return {
    focus: element.shadowRoot!.activeElement?.getAttribute('part'),
    buttons: element.shadowRoot!.querySelectorAll('[part=button]').length,
    shown: document.querySelector<HTMLElement>('input')!.getBoundingClientRect().height,
  };
};

describe('a form with an upload in it', () => {
  let folder: string;
  let remove: () => Promise<void>;
  let store: Store;
  let site: Site;

  before(async () => {
    ({ folder, remove } = await makeFolder());
    store = await startStore('bucket', folder);
    site = await startSite(store, { '/': PAGE, '/sent': CONFIRMATION_PAGE, '/rendered': SERVER_RENDERED_PAGE });
  });

  after(async () => {
    site.stop();
    await store.stop();
    await remove();
  });

  for (const engine of ['chromium', 'firefox', 'webkit'] satisfies Engine[]) {
    describe(`in ${engine}`, () => {
      let browser: Driver;
      before(async () => {
        browser = await launch(engine);
      });
      after(() => browser.close());

      it('is submitted automatically once the file is stored, and restored when the user goes back', async () => {
        const file = path.join(folder, `${engine}.bin`);
        const sha256 = await writeRandom(file, MIB);
        site.forms.length = 0;
        await browser.goto(site.url);
        await browser.evaluate("document.querySelector('[name=title]').value = 'Holidays'");
        await chooseFiles(browser, [file]);
        await browser.waitFor("location.pathname === '/sent'");
        const sent = new URLSearchParams(site.forms[0]);
        assert.equal(site.forms.length, 1);
        assert.deepEqual([...sent.keys()], ['title', 'film', 'save']);
        const key = sent.get('film')!;
        assert.deepEqual(await new S3Client(store).digest(BUCKET, key), { sha256, size: MIB });

        await browser.evaluate('void setTimeout(() => history.back())');
        await browser.waitFor("location.pathname === '/' && document.querySelector('mule-upload').value?.length === 1");
        assert.deepEqual(await browser.evaluate(formState), { title: 'Holidays', film: [key], valid: true });
        await browser.evaluate('new Promise((resolve) => setTimeout(resolve, 500))');
        assert.equal(site.forms.length, 1, 'and is not submitted again');
      });

      it('focuses an invalid upload, as it does with built-in controls', async () => {
        await browser.goto(site.url);
        await browser.waitFor("!!document.querySelector('mule-upload')?.shadowRoot");
        assert.deepEqual(await browser.evaluate(focusAfterSubmit), ['title', null]);
        await browser.evaluate("document.querySelector('[name=title]').value = 'Holidays'");
        assert.deepEqual(await browser.evaluate(focusAfterSubmit), ['film', 'button']);
      });

      it('keeps focus and files of server-rendered content', async () => {
        const file = path.join(folder, `${engine}-early.bin`);
        const sha256 = await writeRandom(file, MIB);
        await browser.goto(new URL('/rendered', site.url).href);
        await browser.setFiles(['input'], [file]);
        await browser.evaluate("document.querySelector('mule-upload').shadowRoot.querySelector('button').focus()");
        const before = await browser.evaluate(renderedState);
        assert.deepEqual([before.focus, before.buttons, before.shown > 0], ['button', 1, true]);
        await browser.evaluate(
          "document.body.append(Object.assign(document.createElement('script'), { type: 'module', src: '/mule-upload.js' }))",
        );
        await browser.waitFor("document.querySelector('mule-upload').status === 'complete'");
        const [upload] = await uploadsOf(browser);
        assert.deepEqual(await new S3Client(store).digest(BUCKET, upload!.key!), { sha256, size: MIB });
        assert.deepEqual(await browser.evaluate(renderedState), { focus: 'button', buttons: 1, shown: 0 });
      });
    });
  }
});
