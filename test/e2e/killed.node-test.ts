/** Browsers that are killed at each step, when the store has acted and the page does not know it yet. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RequestKind, Rule } from '../../demo/faults/index.js';
import type { Action } from '../../src/protocol.js';
import { launch } from './browser.js';
import type { Driver, Engine } from './browser.js';
import { chooseFiles, isOver, seen, untilParts, uploadsOf } from './page.js';
import { S3Client } from '../servers/s3-client.js';
import { BUCKET, MIB, isFull, makeFolder, startPage, startHarness, startStore, writeRandom } from './harness.js';
import type { Harness, Store } from './harness.js';
import { until } from './wait.js';

const PART = 5 * MIB;
const SIZE = 3 * PART + 1_000;
const ENGINES = ['chromium', 'firefox', 'webkit'] satisfies Engine[];

interface Step {
  /** The step at which the browser is killed. */
  name: string;
  /** A request to the store whose response is lost, after the store has acted. */
  store?: Rule;
  /** A call to the signer that is not answered before the browser is killed. */
  signer?: Action;
  size?: number;
  /** Reloads once that many parts are stored, and chooses the file again: the rest happens in a second page load. */
  reloadAt?: number;
  /** Requests that the next page load does not need. */
  spared?: RequestKind[];
  /** Multipart uploads whose ID is lost; the bucket's lifecycle rule ends them. */
  leftovers?: number;
}

const loseResponse = (on: RequestKind, nth = 1): Rule => ({ on, nth, fault: { do: 'silence', when: 'after' } });

const STEPS: readonly Step[] = [
  { name: 'init signature', signer: 'get_init_signature' },
  { name: 'create', store: loseResponse('create'), leftovers: 1 },
  { name: 'all signatures', signer: 'get_all_signatures', spared: ['create'] },
  { name: 'part', store: loseResponse('part', 2), spared: ['create'] },
  { name: 'list', store: loseResponse('list'), reloadAt: 1, spared: ['create'] },
  { name: 'complete', store: loseResponse('complete'), spared: ['create', 'part', 'put'] },
  { name: 'whole file', store: loseResponse('put'), size: 3 * MIB },
];

describe('a browser that is killed', () => {
  let folder: string;
  let remove: () => Promise<void>;
  let store: Store;
  let harness: Harness;
  let held: Action | null = null;
  let isHolding = false;
  before(async () => {
    ({ folder, remove } = await makeFolder());
    store = await startStore('bucket', folder);
    harness = await startHarness(store, {
      async authorize(_, action) {
        if (action !== held) return 'somebody';
        isHolding = true;
        while (held) await sleep(20);
        return 'somebody';
      },
    });
  });
  after(async () => {
    await harness.stop();
    await store.stop();
    await remove();
  });

  async function untilHit(): Promise<void> {
    await until('the step is reached', () => isHolding || harness.proxy.appliedCounts.includes(1));
    // the store handles what it has received
    await sleep(500);
  }

  for (const [index, step] of STEPS.entries()) {
    // one engine per step by default, all at full size
    for (const engine of isFull ? ENGINES : [ENGINES[index % ENGINES.length]!]) {
      it(`at the step “${step.name}”, ${engine}, loses nothing and sends nothing twice`, async (t) => {
        const { proxy, s3, url } = harness;
        const { size = SIZE, spared = [], leftovers = 0, reloadAt } = step;
        const profile = path.join(folder, `${index}-${engine}`);
        const file = `${profile}.bin`;
        const sha256 = await writeRandom(file, size);
        const address = `${url}?part-size=5MiB&concurrency=1`;
        proxy.setRules(step.store ? [step.store] : []);
        held = step.signer ?? null;
        isHolding = false;

        const first = await launch(engine, { profile });
        await first.goto(address);
        await chooseFiles(first, [file]);
        if (reloadAt) {
          await untilParts(first, reloadAt);
          await first.reload();
          await first.waitFor("document.querySelector('mule-upload').uploads[0]?.status === 'needs-file'");
          await chooseFiles(first, [file]);
        }
        await untilHit();
        // browsers write to disk with a delay; the last second may be lost
        await sleep(1_000);
        await first.kill();

        const [unfinished] = await s3.listUploads(BUCKET);
        const stored = unfinished ? await s3.listParts(BUCKET, unfinished.key, unfinished.uploadId) : [];
        proxy.setRules([]);
        held = null;
        proxy.reset();
        const second = await launch(engine, { profile });
        try {
          await second.goto(address);
          await second.waitFor("Boolean(document.querySelector('mule-upload')?.shadowRoot)");
          await sleep(500);
          const isThere = (await uploadsOf(second)).some(({ needsFile }) => !needsFile);
          // a small file is stored, and resumes automatically
          if (!isThere) await chooseFiles(second, [file]);
          await second.waitFor(isOver, { timeout: 120_000 });
          const [upload, ...others] = await uploadsOf(second);
          assert.deepEqual([upload?.status, upload?.error, others.length], ['complete', null, 0]);
          assert.deepEqual(await s3.digest(BUCKET, upload!.key!), { sha256, size });
          const again = proxy.requests.filter(
            ({ kind, bytes, partNumber }) =>
              kind === 'part' && bytes > 0 && stored.some((part) => part.partNumber === partNumber),
          );
          assert.deepEqual(again, [], 'no stored part is sent again');
          for (const kind of spared) assert.equal(proxy.count(kind), 0, `${kind} was not needed`);
          assert.deepEqual((await seen(second)).errors, []);
          const left = await s3.listUploads(BUCKET);
          assert.ok(left.length <= leftovers, `${left.length} multipart uploads are left`);
          for (const { key, uploadId } of left) await s3.abort(BUCKET, key, uploadId);
          t.diagnostic(`${stored.length} parts were stored, ${again.length} of them sent again`);
        } finally {
          await second.close();
        }
      });
    }
  }

  for (const engine of isFull ? ENGINES : (['firefox'] as const)) {
    it(`and started again the next day, when signatures and grant have expired, resumes in ${engine}`, async () => {
      // a day of two seconds: no signature or grant of the first page load is valid in the second
      const own = await startHarness(store, { authorize: () => 'somebody', expires: 2, grantLife: 2 });
      const profile = path.join(folder, `next-day-${engine}`);
      const file = `${profile}.bin`;
      const sha256 = await writeRandom(file, SIZE);
      try {
        const first = await launch(engine, { profile });
        own.proxy.setRate(4 * MIB);
        await first.goto(`${own.url}?part-size=5MiB&concurrency=1`);
        await chooseFiles(first, [file]);
        await untilParts(first, 1);
        const [begun] = await uploadsOf(first);
        await first.kill();
        await sleep(3_000);
        const stored = await own.s3.listParts(BUCKET, begun!.key!, begun!.uploadId!);
        own.proxy.reset();
        own.proxy.setRate(Infinity);
        const second = await launch(engine, { profile });
        try {
          await second.goto(`${own.url}?part-size=5MiB&concurrency=1`);
          await second.waitFor("document.querySelector('mule-upload').uploads[0]?.status === 'needs-file'");
          await chooseFiles(second, [file]);
          await second.waitFor(isOver, { timeout: 120_000 });
          const [upload] = await uploadsOf(second);
          assert.deepEqual([upload?.status, upload?.key], ['complete', begun!.key]);
          assert.deepEqual(await own.s3.digest(BUCKET, upload!.key!), { sha256, size: SIZE });
          assert.equal(own.proxy.bytes('part'), SIZE - stored.reduce((sum, part) => sum + part.size, 0));
          assert.equal(own.proxy.count('create'), 0);
        } finally {
          await second.close();
        }
      } finally {
        await own.stop();
      }
    });
  }
});

describe('a store whose name no longer resolves', () => {
  it('is retried, and the upload resumes after the next page load, when the name resolves again', async () => {
    const { folder, remove } = await makeFolder();
    const store = await startStore('bucket', folder);
    const s3 = new S3Client(store);
    const host = 'store.test';
    const page = await startPage(store, store.url.replace('127.0.0.1', host));
    const profile = path.join(folder, 'profile');
    const file = path.join(folder, 'film.bin');
    const sha256 = await writeRandom(file, SIZE);
    const knowing = (where: string): Promise<Driver> =>
      launch('chromium', { profile, args: [`--host-resolver-rules=MAP ${host} ${where}`] });
    try {
      const first = await knowing('~NOTFOUND');
      await first.goto(`${page.url}?part-size=5MiB`);
      await chooseFiles(first, [file]);
      await first.waitFor("document.querySelector('mule-upload').uploads[0]?.waitingFor === 'network'");
      await first.kill();
      assert.deepEqual(await s3.listUploads(BUCKET), []);
      const second = await knowing('127.0.0.1');
      try {
        await second.goto(`${page.url}?part-size=5MiB`);
        await chooseFiles(second, [file]);
        await second.waitFor(isOver, { timeout: 120_000 });
        const [upload] = await uploadsOf(second);
        assert.equal(upload?.status, 'complete');
        assert.deepEqual(await s3.digest(BUCKET, upload.key!), { sha256, size: SIZE });
      } finally {
        await second.close();
      }
    } finally {
      page.stop();
      await store.stop();
      await remove();
    }
  });
});
