import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { createSqlTracker } from '../../src/signer/node.js';
import type { SqlTracker } from '../../src/signer/node.js';
import { verifyReceipt } from '../../src/signer/index.js';
import { startPostgres } from '../servers/postgres.js';
import type { Postgres } from '../servers/postgres.js';
import { launch } from './browser.js';
import { chooseFiles, isOver, recordOf, untilParts, uploadsOf } from './page.js';
import { BUCKET, MIB, isFull, makeFolder, startHarness, startStore, writeRandom } from './harness.js';
import type { Harness, Store } from './harness.js';
import { storedAtRest, until } from './wait.js';

const SIZE = (isFull ? 480 : 120) * MIB;
/** Bytes per second: slow enough to stop an upload half-way. */
const SLOW_RATE = SIZE / 12;
const SECRET = randomBytes(20).toString('hex');

describe('an upload of a signed-in user', () => {
  let folder: string;
  let remove: () => Promise<void>;
  let store: Store;
  let postgres: Postgres;
  let tracker: SqlTracker;
  let harness: Harness;
  let user: string;
  const completed: { key: string; size: number; principal: string | null }[] = [];

  before(async () => {
    ({ folder, remove } = await makeFolder());
    store = await startStore('bucket', folder);
    postgres = await startPostgres();
    tracker = await createSqlTracker({ url: postgres.url });
    harness = await startHarness(store, {
      allowAnonymous: undefined,
      authorize: () => user,
      secret: SECRET,
      tracker,
      receipts: true,
      onComplete: ({ key, size }, principal) => void completed.push({ key, size, principal }),
    });
  });

  after(async () => {
    await harness.stop();
    await tracker.close();
    await postgres.stop();
    await store.stop();
    await remove();
  });

  it('starts in Chromium, which is killed, and resumes in Firefox by the tracker', async (t) => {
    const file = path.join(folder, 'film.bin');
    const sha256 = await writeRandom(file, SIZE);
    user = 'ada';

    const chromium = await launch('chromium');
    harness.proxy.setRate(SLOW_RATE);
    await chromium.goto(harness.url);
    await chooseFiles(chromium, [file]);
    await untilParts(chromium, 4);
    const [begun] = await uploadsOf(chromium);
    // stored parts are reported in batches, with a delay
    const notificationsOfParts = () =>
      harness.signerCalls.filter(
        ({ action, body }) => action === 'chunk_loaded' && (body['chunks'] as number[]).length > 0,
      );
    await until('the signer is notified of a stored part', () => notificationsOfParts().length > 0);
    await chromium.kill();
    const stored = await storedAtRest(harness.s3, begun!.key!, begun!.uploadId!);
    assert.ok(stored.length >= 4 && stored.length < SIZE / (8 * MIB), `${stored.length} parts are stored`);
    harness.proxy.reset();
    harness.proxy.setRate(Infinity);

    const firefox = await launch('firefox');
    await firefox.goto(`${harness.url}?form-value=receipt`);
    await chooseFiles(firefox, [file]);
    await firefox.waitFor(isOver);
    const [done] = await uploadsOf(firefox);
    assert.deepEqual(
      [done?.status, done?.key, done?.uploadId],
      ['complete', begun!.key, begun!.uploadId],
      JSON.stringify(await recordOf(firefox)),
    );
    assert.deepEqual(await harness.s3.digest(BUCKET, begun!.key!), { sha256, size: SIZE });
    const sentAgain = harness.proxy.requests.filter(
      ({ kind, bytes, partNumber }) =>
        kind === 'part' && bytes > 0 && stored.some((part) => part.partNumber === partNumber),
    );
    assert.deepEqual(sentAgain, [], 'no stored part is sent again');
    assert.equal(harness.proxy.count('create'), 0);
    assert.deepEqual(completed, [{ key: begun!.key, size: SIZE, principal: 'ada' }]);

    const values = await firefox.evaluate<[], string[]>("[...document.querySelector('mule-upload').value]");
    assert.equal(values.length, 1);
    const receipt = await verifyReceipt(values[0]!, { secret: SECRET, bucket: BUCKET, principal: 'ada' });
    assert.deepEqual([receipt.key, receipt.size], [begun!.key, SIZE]);
    await firefox.close();
    t.diagnostic(
      `${stored.length} of ${SIZE / (8 * MIB)} parts were stored in Chromium, 0 of them sent again in Firefox`,
    );
  });

  it('is not resumed by another user with the same file', async () => {
    const file = path.join(folder, 'other.bin');
    await writeRandom(file, SIZE);
    user = 'ada';
    const chromium = await launch('chromium');
    harness.proxy.setRate(SLOW_RATE);
    await chromium.goto(harness.url);
    await chooseFiles(chromium, [file]);
    await untilParts(chromium, 2);
    const [begun] = await uploadsOf(chromium);
    await chromium.kill();
    harness.proxy.reset();
    harness.proxy.setRate(Infinity);
    user = 'mallory';
    const firefox = await launch('firefox');
    await firefox.goto(harness.url);
    await chooseFiles(firefox, [file]);
    await firefox.waitFor(isOver);
    const [done] = await uploadsOf(firefox);
    assert.equal(done?.status, 'complete');
    assert.notEqual(done?.key, begun!.key);
    assert.notEqual(done?.uploadId, begun!.uploadId);
    await firefox.close();
  });
});
