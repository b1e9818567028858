import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { serveDemo } from '../../demo/serve.js';
import type { RunningDemo } from '../../demo/serve.js';
import { S3Client } from '../servers/s3-client.js';
import { launch, type Driver } from './browser.js';
import { chooseFiles, isOver, uploadsOf } from './page.js';
import { MIB, makeFolder, writeRandom } from './harness.js';

const SIZE = 96 * MIB;
/** Long enough for a switch to cause a fault. */
const SWITCH_DURATION_MS = 1_500;

/** Clicks a control of the panel of switches, as a user does. */
const click = (browser: Driver, selector: string): Promise<unknown> =>
  browser.evaluate((which: string) => document.querySelector<HTMLElement>(which)!.click(), selector);

/** Waits until the page shows the switch's new state. */
const untilShown = (browser: Driver, name: string, isOn: boolean): Promise<unknown> =>
  browser.waitFor(
    (which: string, on: boolean) =>
      fetch('/switches')
        .then((answer) => answer.json())
        .then(({ on: all }: { on: string[] }) => all.includes(which) === on)
        .then(
          (isTurned) =>
            isTurned && document.querySelector<HTMLInputElement>(`#switches [name=${which}]`)!.checked === on,
        ),
    {},
    name,
    isOn,
  );

describe('a user of the demo', () => {
  let folder: string;
  let remove: () => Promise<void>;
  let demo: RunningDemo;
  let browser: Driver;

  before(async () => {
    ({ folder, remove } = await makeFolder());
    demo = await serveDemo({ port: 0, bucketDirectory: path.join(folder, 'bucket') });
    browser = await launch('chromium');
  });

  after(async () => {
    await browser.close();
    await demo.close();
    await remove();
  });

  it('reads the reference, which is generated from the manifest', async () => {
    await browser.goto(new URL('reference.html', demo.url).href);
    await browser.waitFor("document.querySelectorAll('#reference section').length === 8");
    const names = await browser.evaluate<[], string[]>(
      "Array.from(document.querySelectorAll('tbody th'), ({ textContent }) => textContent)",
    );
    for (const name of ['submit-when-done', 'uploads', 'resume', 'mule-complete', '::part(bar)', ':state(offline)'])
      assert.ok(names.includes(name), `no ${name} among ${names.join()}`);
    assert.deepEqual(
      await browser.evaluate(
        "Array.from(document.querySelectorAll('td:last-child:empty'), (cell) => cell.parentElement.textContent)",
      ),
      [],
    );
  });

  it('cannot break an upload with any of the switches', async (t) => {
    const file = path.join(folder, 'film.bin');
    const sha256 = await writeRandom(file, SIZE);
    await browser.goto(demo.url);
    await browser.waitFor("!document.querySelector('#switches').hidden");
    await browser.evaluate("document.querySelector('mule-upload').stallTimeout = 3");
    await click(browser, '[name=slow]');
    await untilShown(browser, 'slow', true);
    await chooseFiles(browser, [file]);
    await browser.waitFor("document.querySelector('mule-upload').uploads[0]?.loaded > 0");
    for (const name of ['busy', 'lose', 'silence', 'stop', 'cut']) {
      await click(browser, `[name=${name}]`);
      await untilShown(browser, name, true);
      if (name === 'busy') {
        // without the rate limit there are more requests, so that each of the other switches affects at least one
        await click(browser, '[name=slow]');
        await untilShown(browser, 'slow', false);
      }
      await new Promise((resolve) => setTimeout(resolve, SWITCH_DURATION_MS));
      if (name === 'stop') await click(browser, '#expire');
      await click(browser, `[name=${name}]`);
      await untilShown(browser, name, false);
    }
    await browser.waitFor(isOver, { timeout: 120_000 });
    const [upload] = await uploadsOf(browser);
    assert.equal(upload!.status, 'complete', JSON.stringify(upload));
    const { endpoint, region, credentials, bucket, now } = demo.store;
    const s3 = new S3Client({ url: endpoint!, region, ...credentials });
    const answer = await s3.request('GET', s3.address(bucket, upload!.key!), { signedAt: now!() });
    const storedBytes = Buffer.from(await answer.arrayBuffer());
    assert.equal(createHash('sha256').update(storedBytes).digest('hex'), sha256);
    const faultCounts = await browser.evaluate<[], string>("document.querySelector('#faults').value");
    t.diagnostic(`${upload!.retries} retries; the page says: ${faultCounts}`);
    assert.match(faultCounts, /[1-9]/);
  });
});
