import assert from 'node:assert/strict';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { before, describe, it } from 'node:test';
import type { Fault, Rule } from '../../demo/faults/rules.js';
import { launch } from './browser.js';
import type { Engine } from './browser.js';
import { chooseFiles, isOver, recordOf, untilParts, uploadsOf } from './page.js';
import { BUCKET, MIB, writeRandom } from './harness.js';
import { useHarness } from './use-harness.js';

const SIZE = 22 * MIB;
const PART_MIB = 5;

describe('a network that changes during an upload', () => {
  const environment = useHarness('bucket');
  let file: string;
  let sha256: string;

  before(async () => {
    file = path.join(environment.folder, 'line.bin');
    sha256 = await writeRandom(file, SIZE);
  });

  for (const engine of ['chromium', 'firefox', 'webkit'] satisfies Engine[]) {
    it(`a reused connection is reset: ${engine} re-sends by itself, and the upload is not notified`, async () => {
      const { proxy, s3, url } = environment.harness;
      const browser = await launch(engine);
      try {
        await browser.goto(`${url}?part-size=${PART_MIB}MiB&concurrency=1`);
        proxy.reset();
        proxy.setRules([{ on: 'part', nth: 3, fault: { do: 'reset' } }]);
        await chooseFiles(browser, [file]);
        await browser.waitFor(isOver);
        const [upload] = await uploadsOf(browser);
        assert.deepEqual(await s3.digest(BUCKET, upload!.key!), { sha256, size: SIZE });
        const sent = proxy.requests.filter(({ kind }) => kind === 'part').map(({ partNumber }) => partNumber);
        assert.deepEqual(sent, [1, 2, 3, 3, 4, 5]);
        assert.equal(proxy.requests.find(({ fault }) => fault)?.isFirstOfConnection, false);
        const { events, errors, progressDecreases, progressOverruns } = await recordOf(browser);
        assert.deepEqual(
          { errors, progressDecreases, progressOverruns },
          { errors: [], progressDecreases: 0, progressOverruns: 0 },
        );
        assert.equal(events.filter(({ type }) => type === 'retry').length, 0);
      } finally {
        proxy.setRules([]);
        await browser.close();
      }
    });
  }

  it('chromium offline: it waits for the network, and continues by itself once that is back', async () => {
    const { proxy, s3, url } = environment.harness;
    const browser = await launch('chromium');
    try {
      proxy.setRate(8 * MIB);
      await browser.goto(`${url}?part-size=${PART_MIB}MiB`);
      await chooseFiles(browser, [file]);
      await untilParts(browser, 1);
      await browser.setOffline(true);
      // requests in flight continue; later ones fail
      await browser.waitFor("document.querySelector('mule-upload').uploads[0].waitingFor === 'network'");
      await sleep(2_000);
      proxy.setRate(Infinity);
      await browser.setOffline(false);
      await browser.waitFor(isOver);
      const [upload] = await uploadsOf(browser);
      assert.equal(upload?.status, 'complete');
      assert.deepEqual(await s3.digest(BUCKET, upload.key!), { sha256, size: SIZE });
      const { errors, progressDecreases, progressOverruns } = await recordOf(browser);
      assert.deepEqual(
        { errors, progressDecreases, progressOverruns },
        { errors: [], progressDecreases: 0, progressOverruns: 0 },
      );
    } finally {
      await browser.close();
    }
  });

  /** Eight parts: after eight parts without a fault, the engine sends a file in a single request. */
  const STEADY_SIZE = 64 * MIB;

  const degradations: readonly [engine: Engine, what: string, fault: Fault][] = [
    ['chromium', 'breaks', { do: 'reset', afterBytes: 9 * MIB }],
    ['firefox', 'breaks', { do: 'reset', afterBytes: 9 * MIB }],
    ['webkit', 'breaks', { do: 'reset', afterBytes: 9 * MIB }],
    // the uploader detects this after 16 s
    ['chromium', 'has become slow', { do: 'throttle', rate: MIB / 4 }],
  ];
  for (const [engine, what, fault] of degradations) {
    it(`a fast connection that ${what} during a single request: ${engine} sends the file in parts`, async () => {
      const { proxy, s3, url } = environment.harness;
      const browser = await launch(engine);
      /** @returns the kinds of the requests with the file's bytes, without repetitions in a row */
      const upload = async (chosen: string, size: number, hash: string, rules: Rule[] = []): Promise<string> => {
        await browser.goto(url);
        proxy.reset();
        proxy.setRules(rules);
        await chooseFiles(browser, [chosen]);
        await browser.waitFor(isOver);
        const [one] = await uploadsOf(browser);
        assert.equal(one?.status, 'complete');
        assert.deepEqual(await s3.digest(BUCKET, one.key!), { sha256: hash, size });
        const { errors, progressDecreases, progressOverruns } = await recordOf(browser);
        assert.deepEqual(
          { errors, progressDecreases, progressOverruns },
          { errors: [], progressDecreases: 0, progressOverruns: 0 },
        );
        const kinds = proxy.requests.map(({ kind }) => kind).filter((kind) => kind === 'part' || kind === 'put');
        return kinds.filter((kind, index) => kind !== kinds[index - 1]).join(', ');
      };
      try {
        const steady = path.join(environment.folder, 'steady.bin');
        const hash = await writeRandom(steady, STEADY_SIZE);
        assert.equal(await upload(steady, STEADY_SIZE, hash), 'part');
        // browsers re-send by themselves a request that is reset on a reused connection
        assert.equal(await upload(steady, STEADY_SIZE, hash, [{ on: 'put', fault }]), 'put, part');
        assert.equal(await upload(file, SIZE, sha256), 'put', 'eight parts without a fault later');
      } finally {
        proxy.setRules([]);
        await browser.close();
      }
    });
  }
});
