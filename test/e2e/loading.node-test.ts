import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { readScript } from './built.js';
import { launch } from './browser.js';
import type { Driver, Engine } from './browser.js';
import { chooseFiles, isOver, uploadsOf } from './page.js';
import { startFaultProxy } from '../../demo/faults/index.js';
import type { Fault } from '../../demo/faults/rules.js';
import { startSite } from './site.js';
import type { SiteOptions } from './site.js';
import { BUCKET, makeFolder, MIB, startStore, writeRandom } from './harness.js';
import type { Store } from './harness.js';
import { S3Client } from '../servers/s3-client.js';

const SIZE = 12 * MIB;
const page = (src: string): string => `<!doctype html>
<html lang="en"><title>loading</title><link rel="icon" href="data:,">
<mule-upload signer="/sign" no-leave-warning></mule-upload>
<script type="module" src="${src}"></script></html>`;
const script = async (name: string): Promise<Response> =>
  new Response(new Uint8Array((await readScript(name))!), { headers: { 'content-type': 'text/javascript' } });
/** A file that differs from the present one as that of another release: by the ID of its build. */
const ofAnotherRelease = async (name: string): Promise<Response> => {
  const text = new TextDecoder().decode((await readScript(`/${name}`))!);
  const [, build = ''] = /"([\da-f]{8})"/.exec(text) ?? [];
  assert.notEqual(build, '', `${name} has no build ID`);
  return new Response(text.replaceAll(build, '0'.repeat(8)), { headers: { 'content-type': 'text/javascript' } });
};
/** A response that ends with the connection, in the middle of its body. */
const cut = (): Response => {
  const body = new ReadableStream({
    pull(controller) {
      controller.enqueue(new TextEncoder().encode('let '));
      controller.error(new Error('cut'));
    },
  });
  return new Response(body, { headers: { 'content-type': 'text/javascript', 'content-length': '9999' } });
};
const notFound = (): Response => new Response(null, { status: 404 });

for (const engine of ['chromium', 'firefox', 'webkit'] satisfies Engine[]) {
  describe(`the package's files in ${engine}`, () => {
    let folder: string;
    let file: string;
    let sha256: string;
    let store: Store;
    let browser: Driver;
    let remove: () => Promise<void>;

    before(async () => {
      ({ folder, remove } = await makeFolder());
      file = path.join(folder, 'a.bin');
      sha256 = await writeRandom(file, SIZE);
      store = await startStore('bucket', folder);
      browser = await launch(engine);
    });

    after(async () => {
      await browser.close();
      await store.stop();
      await remove();
    });

    /** Uploads the file on a page with that script, and checks the stored object. */
    async function expectUpload(src: string, answer: NonNullable<SiteOptions['answer']>): Promise<void> {
      const site = await startSite(store, { '/': page(src) }, { answer });
      try {
        await browser.goto(site.url);
        await browser.waitFor("customElements.get('mule-upload') !== undefined");
        await chooseFiles(browser, [file]);
        await browser.waitFor(isOver);
        const [upload] = await uploadsOf(browser);
        assert.equal(upload!.status, 'complete');
        assert.deepEqual(await new S3Client(store).digest(BUCKET, upload!.key!), { sha256, size: SIZE });
      } finally {
        site.stop();
      }
    }

    it('load late: files chosen before the engine has loaded are uploaded once it has', async () => {
      const requestedPaths: string[] = [];
      await expectUpload('/mule-upload.js', (pathname) => {
        if (!pathname.startsWith('/mule-upload-engine')) return null;
        requestedPaths.push(pathname);
        return requestedPaths.length < 3 ? new Response(null, { status: 503 }) : null;
      });
      assert.equal(requestedPaths.length, 3);
    });

    it('of another release are refused, as a cache may hold them, and requested again', async () => {
      const requestCounts = new Map<string, number>();
      await expectUpload('/mule-upload.js', (pathname) => {
        const [, name] =
          /^\/(mule-upload-(?:engine|deferred-code|list-controller|upload-checksums)\.js)$/.exec(pathname) ?? [];
        if (!name) return null;
        const count = (requestCounts.get(name) ?? 0) + 1;
        requestCounts.set(name, count);
        return count === 1 ? ofAnotherRelease(name) : null;
      });
      const counts = [...requestCounts].sort(([one], [other]) => one.localeCompare(other));
      assert.deepEqual(counts, [
        ['mule-upload-deferred-code.js', 2],
        ['mule-upload-engine.js', 2],
        ['mule-upload-list-controller.js', 2],
        ['mule-upload-upload-checksums.js', 2],
      ]);
    });

    it('of a later release upload too, if the page has the first one from a cache', async () => {
      await expectUpload('/mule-upload.js', (pathname) => {
        const [, name] = /^\/(mule-upload-(?!list-controller)[\w-]+\.js)$/.exec(pathname) ?? [];
        return name ? ofAnotherRelease(name) : null;
      });
    });

    it('cannot be loaded: the row shows it, an event reports it, and the same upload continues later', async () => {
      let isDown = true;
      const site = await startSite(
        store,
        { '/': page('/mule-upload.js') },
        {
          answer: (pathname) =>
            isDown && pathname.startsWith('/mule-upload-engine') ? new Response(null, { status: 503 }) : null,
        },
      );
      try {
        await browser.goto(site.url);
        await browser.waitFor("customElements.get('mule-upload') !== undefined");
        await browser.evaluate(`(() => {
          globalThis.field = document.querySelector('mule-upload');
          field.multiple = true;
          globalThis.reported = [];
          for (const type of ['mule-error', 'mule-add', 'mule-abort'])
            field.addEventListener(type, ({ detail }) => reported.push([type, detail.upload.id, detail.error?.code, detail.error?.retryable]));
          globalThis.extra = field.add([new File(['x'], 'extra.txt'), new File(['y'], 'paused.txt'), 'no file']);
        })()`);
        await chooseFiles(browser, [file]);
        await browser.waitFor('field.uploads.length === 3');
        const [extra, paused, chosen] = await uploadsOf(browser);
        assert.deepEqual([extra!.name, paused!.name, chosen!.name], ['extra.txt', 'paused.txt', 'a.bin']);
        assert.equal(chosen!.size, SIZE);
        await browser.waitFor("reported.filter(([type]) => type === 'mule-error').length === 3");
        await browser.evaluate(`[field.abort('${extra!.id}'), field.pause('${paused!.id}')] && null`);
        const shown = await browser.evaluate<[], string>(
          `JSON.stringify([field.status, field.uploads.map(({ id, status, waitingFor, error }) => [id, status, waitingFor, error?.code]),
            field.shadowRoot.querySelector('[data-id="${chosen!.id}"] [part=status]').textContent.includes('could not be loaded')])`,
        );
        assert.deepEqual(JSON.parse(shown), [
          'waiting',
          [
            [paused!.id, 'paused', null, 'engine-not-loaded'],
            [chosen!.id, 'waiting', 'engine', 'engine-not-loaded'],
          ],
          true,
        ]);
        // a page that awaits this at sign-out does not hang
        const refusal = await browser.evaluate<[], string>(
          `(() => { const other = document.createElement('mule-upload'); other.scope = 'other';
            return other.forget().then(() => 'forgotten', ({ name, code }) => name + ' ' + code); })()`,
        );
        assert.equal(refusal, 'UploadError engine-not-loaded');
        isDown = false;
        await browser.evaluate(`field.retry('${chosen!.id}')`);
        await browser.waitFor(`field.uploads.find(({ id }) => id === '${chosen!.id}')?.status === 'complete'`);
        const rest = await browser.evaluate<[], string>(
          'extra.then((made) => JSON.stringify([made.map(({ name }) => name), field.uploads.map(({ id, status }) => [id, status]), reported]))',
        );
        assert.deepEqual(JSON.parse(rest), [
          ['paused.txt'],
          [
            [paused!.id, 'paused'],
            [chosen!.id, 'complete'],
          ],
          [
            ...[extra, paused, chosen].map((one) => ['mule-error', one!.id, 'engine-not-loaded', true]),
            ['mule-abort', extra!.id, null, null],
            ['mule-add', paused!.id, null, null],
            ['mule-add', chosen!.id, null, null],
          ],
        ]);
        const [, stored] = await uploadsOf(browser);
        assert.deepEqual(await new S3Client(store).digest(BUCKET, stored!.key!), { sha256, size: SIZE });
      } finally {
        site.stop();
      }
    });

    const outages: readonly [what: string, answer: () => Response, fault: Fault][] = [
      ['is refused while the store is busy', () => new Response(null, { status: 503 }), { do: 'answer', status: 503 }],
      ['is cut off while the store resets connections', cut, { do: 'reset' }],
    ];
    for (const [what, answer, fault] of outages) {
      it(`load late: if the code for failures ${what}, the upload waits for it and completes`, async () => {
        const proxy = await startFaultProxy(store.url);
        proxy.setRules([{ on: 'part', fault }]);
        const requestedPaths: string[] = [];
        let isDown = true;
        const site = await startSite(
          { ...store, url: proxy.url },
          { '/': page('/mule-upload.js') },
          {
            answer: (pathname) => {
              if (!/^\/(?:sign\/|mule-upload-deferred)/.test(pathname)) return null;
              requestedPaths.push(pathname);
              return isDown && pathname.startsWith('/mule-upload') ? answer() : null;
            },
          },
        );
        const countRequests = (): number =>
          requestedPaths.filter((pathname) => pathname.startsWith('/mule-upload')).length;
        try {
          await browser.goto(site.url);
          await browser.waitFor("customElements.get('mule-upload') !== undefined");
          await chooseFiles(browser, [file]);
          const waiting = "document.querySelector('mule-upload').uploads[0]?.waitingFor === 'network'";
          await browser.waitFor(waiting);
          while (countRequests() < 3) await browser.evaluate('new Promise((resolve) => setTimeout(resolve, 50, null))');
          const [held] = await uploadsOf(browser);
          assert.deepEqual([held!.status, held!.waitingFor, held!.parts.done], ['waiting', 'network', 0]);
          // after the third failure the page can react
          await browser.waitFor("document.querySelector('mule-upload').uploads[0].error?.code === 'engine-not-loaded'");
          // the first request of an upload is sent before
          assert.match(requestedPaths[0]!, /^\/sign\//);
          proxy.setRules([]);
          isDown = false;
          await browser.waitFor(isOver);
          const [upload] = await uploadsOf(browser);
          assert.equal(upload!.status, 'complete');
          assert.deepEqual(await new S3Client(store).digest(BUCKET, upload!.key!), { sha256, size: SIZE });
          // a second uploader of the page, to which the code is known
          proxy.setRules([{ on: 'part', nth: 1, fault }]);
          await browser.evaluate(`(() => {
            const [first] = document.querySelectorAll('mule-upload');
            const second = document.createElement('mule-upload');
            second.setAttribute('signer', '/sign');
            second.setAttribute('part-size', '5MiB');
            first.replaceWith(second);
          })()`);
          await chooseFiles(browser, [file]);
          await browser.waitFor(isOver);
          const [again] = await uploadsOf(browser);
          assert.deepEqual([again!.status, again!.error], ['complete', null]);
          assert.deepEqual(await new S3Client(store).digest(BUCKET, again!.key!), { sha256, size: SIZE });
        } finally {
          site.stop();
          await proxy.close();
        }
      });
    }

    it('without the list of uploads: files are sent, a notice says so, and the rows appear once it is loaded', async () => {
      let isDown = true;
      let requests = 0;
      const site = await startSite(
        store,
        { '/': page('/mule-upload.js') },
        {
          answer: (pathname) => {
            if (!pathname.startsWith('/mule-upload-list')) return null;
            requests++;
            return isDown ? new Response(null, { status: 503 }) : null;
          },
        },
      );
      const spoken = `field.shadowRoot.querySelector('[role=status]').textContent`;
      try {
        await browser.goto(site.url);
        await browser.waitFor("customElements.get('mule-upload') !== undefined");
        await browser.evaluate(`(globalThis.field = document.querySelector('mule-upload')) && null`);
        await chooseFiles(browser, [file]);
        await browser.waitFor(isOver);
        const [upload] = await uploadsOf(browser);
        assert.equal(upload!.status, 'complete');
        assert.deepEqual(await new S3Client(store).digest(BUCKET, upload!.key!), { sha256, size: SIZE });
        await browser.waitFor(`${spoken}.includes('could not be loaded')`);
        const shown = await browser.evaluate<[], string>(
          `JSON.stringify([field.value.length, field.shadowRoot.querySelector('[part=messages]').textContent.includes('could not be loaded'),
            field.shadowRoot.querySelector('[part=item]')])`,
        );
        assert.deepEqual(JSON.parse(shown), [1, true, null]);
        isDown = false;
        await browser.waitFor(`field.shadowRoot.querySelector('[part=item][data-status=complete]') !== null`);
        await browser.waitFor(`${spoken} === 'a.bin was uploaded'`);
        const rest = await browser.evaluate<[], string>(
          `JSON.stringify([field.shadowRoot.querySelector('[part=messages]'), getComputedStyle(field.shadowRoot.querySelector('.row')).display])`,
        );
        assert.deepEqual(JSON.parse(rest), [null, 'grid']);
        assert.ok(requests >= 2, `${requests} requests`);
      } finally {
        site.stop();
      }
    });

    it('are requested once, however many elements a page has', async () => {
      const requestedPaths: string[] = [];
      const elements = '<mule-upload signer="/sign" no-leave-warning></mule-upload>'.repeat(3);
      const site = await startSite(
        store,
        { '/': page('/mule-upload.js').replace(/<mule-upload .*<\/mule-upload>/, elements) },
        {
          answer: (pathname) => {
            if (pathname.endsWith('.js')) requestedPaths.push(pathname);
            return null;
          },
        },
      );
      try {
        await browser.goto(site.url);
        await browser.waitFor("customElements.get('mule-upload') !== undefined");
        await chooseFiles(browser, [file]);
        await browser.waitFor(isOver);
        await browser.waitFor("document.querySelector('mule-upload').shadowRoot.querySelector('[part=item]') !== null");
        for (const name of ['/mule-upload.js', '/mule-upload-engine.js', '/mule-upload-list-controller.js'])
          assert.equal(
            requestedPaths.filter((pathname) => pathname === name).length,
            1,
            `${name} in ${requestedPaths.join(' ')}`,
          );
      } finally {
        site.stop();
      }
    });

    it('are found at jsDelivr when the page names only the package', () =>
      expectUpload('/npm/mule-upload@1.2.3', (pathname) => {
        if (pathname === '/npm/mule-upload@1.2.3') return script('/mule-upload.js');
        const [, name] = /^\/npm\/mule-upload@1\.2\.3\/dist\/cdn(\/.*)$/.exec(pathname) ?? [];
        if (name) return script(name);
        return pathname.endsWith('.js') ? notFound() : null;
      }));

    it('are one file, if the page can load only one', () =>
      expectUpload('/assets/upload.js', (pathname) => {
        if (pathname === '/assets/upload.js') return script('/mule-upload.whole.js');
        return pathname.endsWith('.js') ? notFound() : null;
      }));
  });
}
