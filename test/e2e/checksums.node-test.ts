import assert from 'node:assert/strict';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, it } from 'node:test';
import { launch } from './browser.js';
import type { Engine } from './browser.js';
import { chooseFiles, isOver, recordOf, uploadsOf } from './page.js';
import { BUCKET, MIB, isFull, startPage, writeRandom } from './harness.js';
import { useHarness } from './use-harness.js';

const SIZE = (isFull ? 1_024 : 64) * MIB;
const PARTS = SIZE / (8 * MIB);
const INLINE = "script-src 'self' 'unsafe-inline'; connect-src *";

/** A file is read once for its checksums, in a worker if the page allows one, and stored unchanged. */
describe('a file goes from a page to a bucket that verifies checksums', () => {
  const environment = useHarness('bucket');

  /** Uploads a file, and checks what store and page report. */
  async function uploadFile(
    engine: Engine,
    algorithm: string,
    policy = '',
  ): Promise<{ warnings: string[]; summary: string }> {
    const file = path.join(environment.folder, `${engine}.bin`);
    const sha256 = await writeRandom(file, SIZE);
    const page = await startPage(environment.store, environment.store.url, { checksums: ['crc64nvme', 'sha256'] });
    const browser = await launch(engine);
    try {
      const query = new URLSearchParams({ checksum: algorithm, ...(policy && { 'content-security-policy': policy }) });
      await browser.goto(`${page.url}?${query.toString()}`);
      // the browser's own start-up work continues after its first page has loaded
      await sleep(2_000);
      await browser.evaluate('pageRecord.longestTask = 0');
      await chooseFiles(browser, [file]);
      await browser.waitFor(isOver, { timeout: 300_000 });
      const [upload] = await uploadsOf(browser);
      assert.equal(upload?.status, 'complete', JSON.stringify(upload));
      assert.deepEqual(await environment.harness.s3.digest(BUCKET, upload.key!), { sha256, size: SIZE });
      const { headers } = await environment.harness.s3.head(BUCKET, upload.key!, { 'x-amz-checksum-mode': 'ENABLED' });
      assert.equal(upload.integrity, 'checksum');
      assert.equal(upload.checksum!.value, headers.get(`x-amz-checksum-${upload.checksum!.algorithm}`));
      assert.deepEqual([upload.checksum!.algorithm, upload.retries], [algorithm, 0]);
      const calls = page.signerCalls.map(({ action }) => action);
      // on a slow machine checksums may become ready one by one, and each is then signed alone
      assert.ok(calls.length <= 2 + PARTS, `signer calls for ${PARTS} parts: ${calls.join(' ')}`);
      const { warnings, longestTask, errors } = await recordOf(browser);
      assert.deepEqual(errors, []);
      const summary = `${calls.length} signer calls for ${PARTS} parts, longest main-thread task ${Math.round(longestTask)} ms`;
      return { warnings: warnings.filter((words) => words.includes('checksums')), summary };
    } finally {
      await browser.close();
      page.stop();
    }
  }

  for (const engine of ['chromium', 'firefox', 'webkit'] satisfies Engine[]) {
    it(`from ${engine}, and the object has the checksum that the page reports`, async (t) => {
      const { warnings, summary } = await uploadFile(engine, 'crc64nvme');
      assert.deepEqual(warnings, []);
      t.diagnostic(summary);
    });
  }

  const policies = {
    'no WebAssembly': ['worker-src blob:', /in a worker, by script/],
    'no worker': [
      "script-src 'self' 'unsafe-inline' 'wasm-unsafe-eval'; worker-src 'none'",
      /main thread.*by WebAssembly/,
    ],
    neither: ["worker-src 'none'", /main thread.*by script/],
  } as const;
  for (const [lack, [policy, way]] of Object.entries(policies)) {
    it(`from a page that allows ${lack}, and the page reports how it was computed`, async (t) => {
      const { warnings, summary } = await uploadFile(
        'chromium',
        'crc64nvme',
        policy.startsWith('script') ? policy : `${INLINE}; ${policy}`,
      );
      const ofPolicy = warnings.filter((words) => words.includes('content security policy'));
      const ofWay = warnings.filter((words) => !ofPolicy.includes(words));
      assert.equal(ofPolicy.length, policy.includes("worker-src 'none'") ? 1 : 0, warnings.join('\n'));
      assert.equal(ofWay.length, 1, warnings.join('\n'));
      assert.match(ofWay[0]!, way);
      t.diagnostic(summary);
    });
  }
});
