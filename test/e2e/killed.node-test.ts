/** Browsers that are killed at each step of an upload, after store or signer have acted and before the page knows it. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RequestKind, Rule } from '../../demo/faults/index.js';
import type { Action } from '../../src/protocol.js';
import { launch } from './browser.js';
import type { Driver, Engine } from './browser.js';
import { chooseFiles, isOver, recordOf, untilParts, uploadsOf } from './page.js';
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
  /** A signer call that gets no answer until the browser is killed. */
  signer?: Action;
  size?: number;
  /** If set, the page is reloaded after this number of parts, and the file chosen again, before the step is reached. */
  reloadAt?: number;
  /** Kinds of requests that the upload must not send again after the restart. */
  skippedRequests?: RequestKind[];
  /** Number of multipart uploads whose ID is lost with the killed browser, and which only a lifecycle rule can abort. */
  leftovers?: number;
}

const loseResponse = (on: RequestKind, nth = 1): Rule => ({ on, nth, fault: { do: 'silence', when: 'after' } });

const STEPS: readonly Step[] = [
  { name: 'init signature', signer: 'get_init_signature' },
  { name: 'create', store: loseResponse('create'), leftovers: 1 },
  { name: 'all signatures', signer: 'get_all_signatures', skippedRequests: ['create'] },
  { name: 'part', store: loseResponse('part', 2), skippedRequests: ['create'] },
  { name: 'list', store: loseResponse('list'), reloadAt: 1, skippedRequests: ['create'] },
  { name: 'complete', store: loseResponse('complete'), skippedRequests: ['create', 'part', 'put'] },
  { name: 'whole file', store: loseResponse('put'), size: 3 * MIB },
];

describe('a browser that is killed', () => {
  let folder: string;
  let remove: () => Promise<void>;
  let store: Store;
  let harness: Harness;
  let heldAction: Action | null = null;
  let isHolding = false;
  before(async () => {
    ({ folder, remove } = await makeFolder());
    store = await startStore('bucket', folder);
    harness = await startHarness(store, {
      async authorize(_, action) {
        if (action !== heldAction) return 'somebody';
        isHolding = true;
        while (heldAction) await sleep(20);
        return 'somebody';
      },
    });
  });
  after(async () => {
    await harness.stop();
    await store.stop();
    await remove();
  });

  async function untilStepReached(): Promise<void> {
    await until('the step is reached', () => isHolding || harness.proxy.appliedCounts.includes(1));
    // gives the store time to handle the requests that it has received
    await sleep(500);
  }

  for (const [index, step] of STEPS.entries()) {
    // by default one engine per step, at full size every engine
    for (const engine of isFull ? ENGINES : [ENGINES[index % ENGINES.length]!]) {
      it(`at the step “${step.name}”, ${engine}, loses nothing and sends nothing twice`, async (t) => {
        const { proxy, s3, url } = harness;
        const { size = SIZE, skippedRequests = [], leftovers = 0, reloadAt } = step;
        const profile = path.join(folder, `${index}-${engine}`);
        const file = `${profile}.bin`;
        const sha256 = await writeRandom(file, size);
        const address = `${url}?part-size=5MiB&concurrency=1`;
        proxy.setRules(step.store ? [step.store] : []);
        heldAction = step.signer ?? null;
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
        await untilStepReached();
        // browsers write to disk with a delay; the last second may be lost
        await sleep(1_000);
        await first.kill();

        const [unfinished] = await s3.listUploads(BUCKET);
        const stored = unfinished ? await s3.listParts(BUCKET, unfinished.key, unfinished.uploadId) : [];
        proxy.setRules([]);
        heldAction = null;
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
          for (const kind of skippedRequests) assert.equal(proxy.count(kind), 0, `${kind} was not needed`);
          assert.deepEqual((await recordOf(second)).errors, []);
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
      // signatures and grants are valid for two seconds, so that those of the first page load have expired in the second
      const shortLived = await startHarness(store, { authorize: () => 'somebody', expires: 2, grantLife: 2 });
      const profile = path.join(folder, `next-day-${engine}`);
      const file = `${profile}.bin`;
      const sha256 = await writeRandom(file, SIZE);
      try {
        const first = await launch(engine, { profile });
        shortLived.proxy.setRate(4 * MIB);
        await first.goto(`${shortLived.url}?part-size=5MiB&concurrency=1`);
        await chooseFiles(first, [file]);
        await untilParts(first, 1);
        const [begun] = await uploadsOf(first);
        await first.kill();
        await sleep(3_000);
        const stored = await shortLived.s3.listParts(BUCKET, begun!.key!, begun!.uploadId!);
        shortLived.proxy.reset();
        shortLived.proxy.setRate(Infinity);
        const second = await launch(engine, { profile });
        try {
          await second.goto(`${shortLived.url}?part-size=5MiB&concurrency=1`);
          await second.waitFor("document.querySelector('mule-upload').uploads[0]?.status === 'needs-file'");
          await chooseFiles(second, [file]);
          await second.waitFor(isOver, { timeout: 120_000 });
          const [upload] = await uploadsOf(second);
          assert.deepEqual([upload?.status, upload?.key], ['complete', begun!.key]);
          assert.deepEqual(await shortLived.s3.digest(BUCKET, upload!.key!), { sha256, size: SIZE });
          assert.equal(shortLived.proxy.bytes('part'), SIZE - stored.reduce((sum, part) => sum + part.size, 0));
          assert.equal(shortLived.proxy.count('create'), 0);
        } finally {
          await second.close();
        }
      } finally {
        await shortLived.stop();
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
    const launchResolvingTo = (where: string): Promise<Driver> =>
      launch('chromium', { profile, args: [`--host-resolver-rules=MAP ${host} ${where}`] });
    try {
      const first = await launchResolvingTo('~NOTFOUND');
      await first.goto(`${page.url}?part-size=5MiB`);
      await chooseFiles(first, [file]);
      await first.waitFor("document.querySelector('mule-upload').uploads[0]?.waitingFor === 'network'");
      await first.kill();
      assert.deepEqual(await s3.listUploads(BUCKET), []);
      const second = await launchResolvingTo('127.0.0.1');
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
