import assert from 'node:assert/strict';
import path from 'node:path';
import { describe, it } from 'node:test';
import { launch } from './browser.js';
import type { Engine, Page } from './browser.js';
import { chooseFiles, isOver, recordOf, untilParts, uploadsOf } from './page.js';
import { BUCKET, MIB, writeRandom } from './harness.js';
import { useHarness } from './use-harness.js';
import { storedAtRest, untilUnchanged } from './wait.js';

const PART = 5 * MIB;
const SIZE = 12 * PART;
/** Bytes per second: slow enough to leave the page half-way. */
const SLOW_RATE = SIZE / 6;

type LifecycleWindow = Window & { lifecycleEvents?: string[] };

/** Records the page's lifecycle events. */
function recordLifecycle(): void {
  const lifecycleEvents: string[] = ((window as LifecycleWindow).lifecycleEvents = []);
  const note = ({ type, persisted }: Event & { persisted?: boolean }): void => {
    lifecycleEvents.push(persisted ? `${type} persisted` : type);
  };
  for (const type of ['pagehide', 'pageshow']) window.addEventListener(type, note);
  for (const type of ['freeze', 'resume']) document.addEventListener(type, note);
}

describe('a page that is left during an upload, and returned to', () => {
  const environment = useHarness('bucket');

  /**
   * Starts an upload, leaves the page, returns to it, and checks that the upload continues.
   * @returns the page's lifecycle events, null if it was loaded again; and whether the page could no longer read its file,
   * so that it was chosen again
   */
  async function leaveAndReturn(page: Page, leave: () => Promise<void>, returnToPage: () => Promise<void>) {
    const file = path.join(environment.folder, 'film.bin');
    const sha256 = await writeRandom(file, SIZE);
    const { proxy, s3, url } = environment.harness;
    proxy.reset();
    proxy.setRate(SLOW_RATE);
    await page.goto(`${url}?part-size=5MiB`);
    await page.evaluate(recordLifecycle);
    await chooseFiles(page, [file]);
    await untilParts(page, 3);
    const [before] = await uploadsOf(page);
    await leave();
    // a page that was left sends no more requests
    const requestCountBefore = await untilUnchanged(() => proxy.requests.length);
    const stored = await storedAtRest(s3, before!.key!, before!.uploadId!);
    assert.ok(stored.length >= 3 && stored.length < SIZE / PART, `${stored.length} parts are stored`);
    proxy.setRate(Infinity);
    await returnToPage();
    await page.waitFor("Boolean(document.querySelector('mule-upload')?.uploads)");
    const lifecycleEvents = await page.evaluate(() => (window as LifecycleWindow).lifecycleEvents ?? null);
    // if the browser did not cache the page, the page was loaded again, and its file has to be chosen again
    if (!lifecycleEvents) {
      await page.waitFor("document.querySelector('mule-upload').uploads[0]?.status === 'needs-file'");
      await chooseFiles(page, [file]);
    }
    await page.waitFor(isOver);
    // WebKit revokes the permission to read a chosen file from a page that it caches
    const [unreadable] = (await uploadsOf(page)).filter(({ error }) => error?.code === 'file-changed');
    if (unreadable) {
      await chooseFiles(page, [file]);
      await page.waitFor("document.querySelector('mule-upload').uploads[0]?.status === 'complete'");
    }
    const [upload] = await uploadsOf(page);
    assert.deepEqual([upload?.status, upload?.id, upload?.key], ['complete', before!.id, before!.key]);
    assert.deepEqual(await s3.digest(BUCKET, upload!.key!), { sha256, size: SIZE });
    const after = proxy.requests.slice(requestCountBefore).filter(({ kind }) => kind !== 'preflight');
    assert.equal(after[0]?.kind, 'list', 'the parts are listed before anything is sent');
    const again = after.filter(
      ({ kind, partNumber }) => kind === 'part' && stored.some((part) => part.partNumber === partNumber),
    );
    assert.deepEqual(again, [], 'no stored part is sent again');
    const { progressDecreases, progressOverruns, errors } = await recordOf(page);
    assert.deepEqual([progressDecreases, progressOverruns, errors.length], [0, 0, unreadable ? 1 : 0]);
    return { lifecycleEvents, isUnread: unreadable !== undefined };
  }

  for (const engine of ['chromium', 'firefox', 'webkit'] satisfies Engine[]) {
    it(`continues when the user returns to it in ${engine}`, async (t) => {
      const browser = await launch(engine);
      try {
        const { lifecycleEvents, isUnread } = await leaveAndReturn(
          browser,
          () => browser.goto('about:blank'),
          () => browser.evaluate('void setTimeout(() => history.back())'),
        );
        t.diagnostic(lifecycleEvents?.join(', ') ?? 'the page was loaded again');
        // Firefox does not cache a page with a request in flight; aborting it at `pagehide` is too late
        assert.equal(lifecycleEvents?.includes('pageshow persisted') ?? false, engine !== 'firefox');
        assert.equal(isUnread, engine === 'webkit');
      } finally {
        await browser.close();
      }
    });
  }

  it('continues after Chromium froze it', async (t) => {
    const browser = await launch('chromium');
    try {
      const { lifecycleEvents } = await leaveAndReturn(
        browser,
        () => browser.setFrozen(true),
        () => browser.setFrozen(false),
      );
      t.diagnostic(lifecycleEvents!.join(', '));
      assert.deepEqual(lifecycleEvents, ['freeze', 'resume']);
    } finally {
      await browser.close();
    }
  });
});
