import assert from 'node:assert/strict';
import path from 'node:path';
import { describe, it } from 'node:test';
import { launch } from './browser.js';
import type { Engine, Page } from './browser.js';
import { call, chooseFiles, isOver, untilParts } from './page.js';
import { MIB, writeRandom } from './harness.js';
import { useHarness } from './use-harness.js';

const NAME = 'holiday film.mov';
const SIZE = 40 * MIB;

/** Records each change of the two live regions, as a screen reader would announce it. */
const RECORD_ANNOUNCEMENTS = `(() => {
  const root = document.querySelector('mule-upload').shadowRoot;
  window.spoken = [];
  for (const role of ['status', 'alert']) {
    const region = root.querySelector('[role=' + role + ']');
    let last = '';
    new MutationObserver(() => {
      const text = region.textContent.trim();
      if (text && text !== last) spoken.push((role === 'alert' ? '! ' : '') + text);
      last = text;
    }).observe(region, { childList: true, characterData: true, subtree: true });
  }
})()`;

const announcementsOf = (page: Page): Promise<string[]> => page.evaluate<[], string[]>('spoken');
const lastIncludes = (words: string): string => `spoken.at(-1)?.includes(${JSON.stringify(words)})`;

/** The element's part of the tree, one line per node. */
async function accessibilityLines(page: Page): Promise<string[]> {
  const nodes = await page.accessibilityTree();
  return nodes.map(({ role, name, value }) => [role, name && `"${name}"`, value].filter(Boolean).join(' '));
}

/** A screen reader announces an upload's start, each quarter, what it waits for, and its end. */
describe('an upload with a screen reader', () => {
  const environment = useHarness('bucket');

  for (const engine of ['chromium', 'firefox', 'webkit'] satisfies Engine[]) {
    it(`is announced from start to end, and no more, in ${engine}`, async (t) => {
      const file = path.join(environment.folder, NAME);
      await writeRandom(file, SIZE);
      const { proxy, url } = environment.harness;
      proxy.setRate(8 * MIB);
      const browser = await launch(engine);
      try {
        await browser.goto(`${url}?part-size=5MiB&recover=off`);
        await browser.waitFor(
          "Boolean(document.querySelector('mule-upload')?.shadowRoot?.querySelector('[role=alert]'))",
        );
        await browser.evaluate(RECORD_ANNOUNCEMENTS);
        await chooseFiles(browser, [file]);
        await untilParts(browser, 2);
        await call(browser, 'pause');
        await browser.waitFor(lastIncludes('paused'));
        await call(browser, 'resume');
        await untilParts(browser, 4);
        proxy.setMode('refuse');
        await browser.waitFor(lastIncludes('Connection lost'));
        proxy.setMode('pass');
        proxy.setRate(Infinity);
        await browser.waitFor(isOver, { timeout: 120_000 });
        await browser.waitFor(lastIncludes('was uploaded'));
        const spoken = await announcementsOf(browser);
        t.diagnostic(spoken.join(' | '));

        assert.equal(spoken[0], `Uploading ${NAME}`);
        assert.equal(spoken.at(-1), `${NAME} was uploaded`);
        const quarters = spoken.flatMap((words) => /^(\d+) ?% /.exec(words)?.[1] ?? []).map(Number);
        assert.ok(quarters.length >= 1 && quarters.every((percent) => [25, 50, 75].includes(percent)), quarters.join());
        assert.deepEqual(
          quarters,
          [...new Set(quarters)].sort((a, b) => a - b),
          'no quarter twice',
        );
        // start, pause, continued twice, three quarters, the reason for waiting (again if the first attempts fail), end
        assert.ok(spoken.length <= 14, `${spoken.length} times`);
      } finally {
        proxy.setMode('pass');
        proxy.setRate(Infinity);
        await browser.close();
      }
    });
  }

  it('has names, roles and values in each state, in the accessibility tree of Chromium', async (t) => {
    const file = path.join(environment.folder, NAME);
    await writeRandom(file, SIZE);
    const { proxy, url } = environment.harness;
    proxy.setRate(4 * MIB);
    const browser = await launch('chromium');
    try {
      await browser.goto(`${url}?part-size=5MiB&recover=off&checksum=none`);
      await browser.waitFor(
        "Boolean(document.querySelector('mule-upload')?.shadowRoot?.querySelector('[role=alert]'))",
      );
      assert.ok((await accessibilityLines(browser)).includes('button "Choose files"'));
      await chooseFiles(browser, [file]);
      await untilParts(browser, 1);
      const running = await accessibilityLines(browser);
      t.diagnostic(running.join(' | '));
      const bar = running.find((line) => line.startsWith(`progressbar "${NAME}"`));
      assert.match(bar ?? '', / \d+$/);
      for (const words of ['Pause', 'Cancel']) assert.ok(running.includes(`button "${words} ${NAME}"`), words);
      assert.ok(running.some((line) => /^list(box)? "Files"$/.test(line)) && running.includes('listitem'));
      const descriptions = (await browser.accessibilityTree()).map(({ description }) => description);
      assert.ok(
        descriptions.some((text) => /^\d of 8 parts/.test(text)),
        'the description of the progress bar',
      );

      await call(browser, 'pause');
      await browser.waitFor("document.querySelector('mule-upload').uploads[0].status === 'paused'");
      await browser.waitFor("Boolean(document.querySelector('mule-upload').shadowRoot.querySelector('[part=resume]'))");
      assert.ok((await accessibilityLines(browser)).includes(`button "Resume ${NAME}"`));

      await browser.evaluate("document.querySelector('mule-upload').shadowRoot.querySelector('[part=abort]').click()");
      await browser.waitFor(
        "Boolean(document.querySelector('mule-upload').shadowRoot.querySelector('[part=question]'))",
      );
      const asked = await accessibilityLines(browser);
      const group = asked.indexOf('group "Cancel the upload? What has been uploaded so far will be deleted."');
      assert.ok(group > 0 && asked.indexOf('button "Keep uploading"') > group, asked.join('\n'));

      proxy.setRate(Infinity);
      await call(browser, 'resume');
      await browser.waitFor(isOver, { timeout: 120_000 });
      await browser.waitFor("document.querySelector('mule-upload').shadowRoot.querySelector('[part=dismiss]')");
      const done = await accessibilityLines(browser);
      assert.ok(done.includes(`button "Remove ${NAME} from the list"`), done.join('\n'));
      assert.match(done.find((line) => line.startsWith('progressbar')) ?? '', / 100$/);
    } finally {
      proxy.setRate(Infinity);
      await browser.close();
    }
  });
});
