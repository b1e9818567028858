import assert from 'node:assert/strict';
import path from 'node:path';
import { describe, it } from 'node:test';
import { launch } from './browser.js';
import type { Engine, Page } from './browser.js';
import { chooseFiles, isOver, seen, untilParts, uploadsOf } from './page.js';
import { BUCKET, MIB, writeRandom } from './harness.js';
import { useHarness } from './use-harness.js';
import { storedAtRest, untilUnchanged } from './wait.js';

const PART = 5 * MIB;
const SIZE = 12 * PART;
/** Bytes per second: slow enough to go away half-way. */
const SLOW = SIZE / 6;

type Lifeline = Window & { lifeline?: string[] };

/** Writes down on the page what becomes of it. */
function watch(): void {
  const lifeline: string[] = ((window as Lifeline).lifeline = []);
  const note = ({ type, persisted }: Event & { persisted?: boolean }): void => {
    lifeline.push(persisted ? `${type} persisted` : type);
  };
  for (const type of ['pagehide', 'pageshow']) window.addEventListener(type, note);
  for (const type of ['freeze', 'resume']) document.addEventListener(type, note);
}

describe('a page that goes away with an upload half-way, and comes back', () => {
  const inUse = useHarness('bucket');

  /**
   * Plays it.
   * @param leave takes the page away
   * @param comeBack brings it back
   * @returns what became of the page, by its own account, null where it was loaded anew; and whether its file could
   * not be read any more, so that it was chosen again
   */
  async function play(page: Page, leave: () => Promise<void>, comeBack: () => Promise<void>) {
    const file = path.join(inUse.folder, 'film.bin');
    const sha256 = await writeRandom(file, SIZE);
    const { proxy, s3, url } = inUse.harness;
    proxy.reset();
    proxy.setRate(SLOW);
    await page.goto(`${url}?part-size=5MiB`);
    await page.evaluate(watch);
    await chooseFiles(page, [file]);
    await untilParts(page, 3);
    const [before] = await uploadsOf(page);
    await leave();
    // a page that is away sends nothing
    const away = await untilUnchanged(() => proxy.requests.length);
    const stored = await storedAtRest(s3, before!.key!, before!.uploadId!);
    assert.ok(stored.length >= 3 && stored.length < SIZE / PART, `${stored.length} parts are stored`);
    proxy.setRate(Infinity);
    await comeBack();
    await page.waitFor("Boolean(document.querySelector('mule-upload')?.uploads)");
    const lifeline = await page.evaluate(() => (window as Lifeline).lifeline ?? null);
    // not kept by the browser, the page is a visit of its own, which goes on with the file chosen again
    if (!lifeline) {
      await page.waitFor("document.querySelector('mule-upload').uploads[0]?.status === 'needs-file'");
      await chooseFiles(page, [file]);
    }
    await page.waitFor(isOver);
    // WebKit takes the leave to read a chosen file away from a page that it caches
    const [unread] = (await uploadsOf(page)).filter(({ error }) => error?.code === 'file-changed');
    if (unread) {
      await chooseFiles(page, [file]);
      await page.waitFor("document.querySelector('mule-upload').uploads[0]?.status === 'complete'");
    }
    const [upload] = await uploadsOf(page);
    assert.deepEqual([upload?.status, upload?.id, upload?.key], ['complete', before!.id, before!.key]);
    assert.deepEqual(await s3.digest(BUCKET, upload!.key!), { sha256, size: SIZE });
    const after = proxy.requests.slice(away).filter(({ kind }) => kind !== 'preflight');
    assert.equal(after[0]?.kind, 'list', 'the parts are listed before anything is sent');
    const again = after.filter(
      ({ kind, partNumber }) => kind === 'part' && stored.some((part) => part.partNumber === partNumber),
    );
    assert.deepEqual(again, [], 'no stored part is sent again');
    const { backwards, beyond, errors } = await seen(page);
    assert.deepEqual([backwards, beyond, errors.length], [0, 0, unread ? 1 : 0]);
    return { lifeline, isUnread: unread !== undefined };
  }

  for (const engine of ['chromium', 'firefox', 'webkit'] satisfies Engine[]) {
    it(`goes on when the user comes back to it in ${engine}`, async (t) => {
      const browser = await launch(engine);
      try {
        const { lifeline, isUnread } = await play(
          browser,
          () => browser.goto('about:blank'),
          () => browser.evaluate('void setTimeout(() => history.back())'),
        );
        t.diagnostic(lifeline?.join(', ') ?? 'the page was loaded anew');
        // Firefox keeps no page that has a request in flight when the user goes; aborting it at `pagehide` is too late
        assert.equal(lifeline?.includes('pageshow persisted') ?? false, engine !== 'firefox');
        assert.equal(isUnread, engine === 'webkit');
      } finally {
        await browser.close();
      }
    });
  }

  it('goes on after Chromium froze it', async (t) => {
    const browser = await launch('chromium');
    try {
      const { lifeline } = await play(
        browser,
        () => browser.setFrozen(true),
        () => browser.setFrozen(false),
      );
      t.diagnostic(lifeline!.join(', '));
      assert.deepEqual(lifeline, ['freeze', 'resume']);
    } finally {
      await browser.close();
    }
  });
});
