import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { S3Client } from '../servers/s3-client.js';
import { launch } from './browser.js';
import type { Engine, Page } from './browser.js';
import { chooseFiles, isOver, uploadsOf } from './page.js';
import { recordedBy, recorderPage, untilWaiting } from './recorder.js';
import type { Recorded } from './recorder.js';
import { startSite } from './site.js';
import type { Site } from './site.js';
import { BUCKET, makeFolder, MIB, startStore, writeRandom } from './harness.js';
import type { Store } from './harness.js';

const SIZE = 11 * MIB;
const LOGIN_PAGE = '<!doctype html><title>Sign in</title>';
const html = (status: number): Response =>
  new Response(LOGIN_PAGE, { status, headers: { 'content-type': 'text/html' } });
const redirect = (to: string, status = 302): Response => new Response(null, { status, headers: { location: to } });

/** The responses that a login proxy may give instead of the signer if nobody is signed in. @param loginOrigin origin of a separate login page */
const SIGNED_OUT_RESPONSES: Record<string, (loginOrigin: string) => Response> = {
  'a redirect to a login page': () => redirect('/login'),
  'a redirect that keeps the method, to a login page that takes no POST': () => redirect('/login-without-post', 307),
  'a redirect to a login at another origin, which CORS hides': (loginOrigin) => redirect(`${loginOrigin}/login`),
  'a login page in place of the answer': () => html(200),
};

describe('a session that expires', () => {
  let remove: () => Promise<void>;
  let store: Store;
  let site: Site;
  let loginServer: Server;
  let file: string;
  let sha256: string;
  /** Null while a user is signed in. */
  let signedOutResponse: (() => Response) | null = null;

  before(async () => {
    const { folder, remove: removeFolder } = await makeFolder();
    remove = removeFolder;
    store = await startStore('bucket', folder);
    loginServer = createServer((_request, response) => response.setHeader('content-type', 'text/html').end(LOGIN_PAGE));
    await new Promise<void>((resolve) => loginServer.listen(0, '127.0.0.1', resolve));
    const pages = { '/': recorderPage('signer="/sign" part-size="5MiB" concurrency="1"') };
    site = await startSite(store, pages, {
      answer(pathname) {
        if (pathname === '/login') return html(200);
        if (pathname === '/login-without-post') return html(405);
        return pathname.startsWith('/sign/') ? (signedOutResponse?.() ?? null) : null;
      },
    });
    file = path.join(folder, 'signed-in.bin');
    sha256 = await writeRandom(file, SIZE);
  });

  after(async () => {
    site.stop();
    loginServer.closeAllConnections();
    loginServer.close();
    await store.stop();
    await remove();
  });

  /**
   * Starts an upload while the signer's calls get such a response, waits until the upload waits for authorization, then lets
   * the signer answer, as after a sign-in in another tab.
   * @param hasAnsweredBefore whether the page first uploads another file, for which the signer answers
   */
  async function upload(page: Page, answer: () => Response, hasAnsweredBefore: boolean): Promise<Recorded> {
    await page.goto(site.url);
    await page.waitFor("!!customElements.get('mule-upload')");
    if (hasAnsweredBefore) {
      // the signer answers for another file first
      await chooseFiles(page, [file]);
      await page.waitFor(isOver);
      await page.evaluate("document.querySelector('mule-upload').clear()");
    }
    signedOutResponse = answer;
    await chooseFiles(page, [file]);
    await untilWaiting(page, 'authorization', 100_000);
    const { errors } = await recordedBy(page);
    signedOutResponse = null;
    await page.waitFor(isOver, { timeout: 100_000 });
    const [upload] = await uploadsOf(page);
    assert.deepEqual({ status: upload?.status, error: upload?.error }, { status: 'complete', error: null });
    assert.deepEqual(await new S3Client(store).digest(BUCKET, upload!.key!), { sha256, size: SIZE });
    const recorded = await recordedBy(page);
    assert.deepEqual(recorded.errors, errors, 'the page is notified once');
    return recorded;
  }

  for (const engine of ['chromium', 'firefox', 'webkit'] satisfies Engine[]) {
    for (const [what, createResponse] of Object.entries(SIGNED_OUT_RESPONSES)) {
      it(`${engine} reports it after the second response, and continues by itself after a sign-in in another tab: ${what}`, async () => {
        const browser = await launch(engine);
        try {
          const { port } = loginServer.address() as AddressInfo;
          const answer = (): Response => createResponse(`http://127.0.0.1:${port}`);
          const { errors, retries } = await upload(browser, answer, true);
          assert.deepEqual(
            errors.map(({ code }) => code),
            ['unauthorized'],
          );
          assert.ok(retries.length >= 2, retries.join(' | '));
        } finally {
          signedOutResponse = null;
          await browser.close();
        }
      });
    }
  }

  it('is reported for a signer that has never answered otherwise', async () => {
    const browser = await launch('chromium');
    try {
      const { errors } = await upload(browser, () => redirect('/login'), false);
      assert.deepEqual(
        errors.map(({ code }) => code),
        ['unauthorized'],
      );
    } finally {
      signedOutResponse = null;
      await browser.close();
    }
  });

  for (const [what, answer] of Object.entries({
    'nothing at all with status 200': () => new Response('', { status: 200 }),
    'a web page with status 404': () => html(404),
    'a web page with status 405': () => html(405),
  })) {
    it(`a known signer that answers ${what}: it is reported, and retried`, async () => {
      const browser = await launch('chromium');
      try {
        await browser.goto(site.url);
        await browser.waitFor("!!customElements.get('mule-upload')");
        await chooseFiles(browser, [file]);
        await browser.waitFor(isOver);
        await browser.evaluate("document.querySelector('mule-upload').clear()");
        signedOutResponse = answer;
        await chooseFiles(browser, [file]);
        await browser.waitFor('recorded.errors.length');
        signedOutResponse = null;
        await browser.waitFor(isOver, { timeout: 100_000 });
        const [upload] = await uploadsOf(browser);
        assert.equal(upload?.status, 'complete');
        const { errors } = await recordedBy(browser);
        assert.deepEqual(
          errors.map(({ code }) => code),
          ['signer-refused'],
        );
      } finally {
        signedOutResponse = null;
        await browser.close();
      }
    });
  }
});
