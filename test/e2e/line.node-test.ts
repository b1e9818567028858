import assert from 'node:assert/strict';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { before, describe, it } from 'node:test';
import { launch } from './browser.js';
import type { Engine } from './browser.js';
import { chooseFiles, isOver, seen, untilParts, uploadsOf } from './page.js';
import { BUCKET, MIB, writeRandom } from './stand.js';
import { useStand } from './use-stand.js';

const SIZE = 22 * MIB;
const PART = 5;

describe('a line that changes under an upload', () => {
  const inUse = useStand('bucket');
  let file: string;
  let sha256: string;

  before(async () => {
    file = path.join(inUse.folder, 'line.bin');
    sha256 = await writeRandom(file, SIZE);
  });

  for (const engine of ['chromium', 'firefox', 'webkit'] satisfies Engine[]) {
    it(`a connection used before is reset: ${engine} sends again by itself, and the upload never hears of it`, async () => {
      const { proxy, s3, url } = inUse.stand;
      const browser = await launch(engine);
      try {
        await browser.goto(`${url}?part-size=${PART}MiB&concurrency=1`);
        proxy.reset();
        proxy.setRules([{ on: 'part', nth: 3, fault: { do: 'reset' } }]);
        await chooseFiles(browser, [file]);
        await browser.waitFor(isOver);
        const [upload] = await uploadsOf(browser);
        assert.deepEqual(await s3.digest(BUCKET, upload!.key!), { sha256, size: SIZE });
        const sent = proxy.requests.filter(({ kind }) => kind === 'part').map(({ partNumber }) => partNumber);
        assert.deepEqual(sent, [1, 2, 3, 3, 4, 5]);
        assert.equal(proxy.requests.find(({ fault }) => fault)?.isFresh, false);
        const { events, errors, backwards, beyond } = await seen(browser);
        assert.deepEqual({ errors, backwards, beyond }, { errors: [], backwards: 0, beyond: 0 });
        assert.equal(events.filter(({ type }) => type === 'retry').length, 0);
      } finally {
        proxy.setRules([]);
        await browser.close();
      }
    });
  }

  it('chromium offline: it waits for the line, and goes on by itself when that is back', async () => {
    const { proxy, s3, url } = inUse.stand;
    const browser = await launch('chromium');
    try {
      proxy.setRate(8 * MIB);
      await browser.goto(`${url}?part-size=${PART}MiB`);
      await chooseFiles(browser, [file]);
      await untilParts(browser, 1);
      await browser.setOffline(true);
      // what is in flight runs on; what follows finds no line
      await browser.waitFor("document.querySelector('mule-upload').uploads[0].waitingFor === 'network'");
      await sleep(2_000);
      proxy.setRate(Infinity);
      await browser.setOffline(false);
      await browser.waitFor(isOver);
      const [upload] = await uploadsOf(browser);
      assert.equal(upload?.status, 'complete');
      assert.deepEqual(await s3.digest(BUCKET, upload.key!), { sha256, size: SIZE });
      const { errors, backwards, beyond } = await seen(browser);
      assert.deepEqual({ errors, backwards, beyond }, { errors: [], backwards: 0, beyond: 0 });
    } finally {
      await browser.close();
    }
  });
});
