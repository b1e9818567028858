import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createMemoryTracker } from '../../../src/signer/index.js';
import { callsFor, PART, replay, startAttackHarness } from './attack-harness.js';
import type { AttackHarness } from './attack-harness.js';

describe('an attack with the name, size and time of another upload', () => {
  let harness: AttackHarness;
  before(async () => {
    harness = await startAttackHarness({ tracker: createMemoryTracker() });
  });
  after(async () => {
    assert.deepEqual(harness.faults, []);
    await harness.stop();
  });

  it('finds no upload of another user by name, size, time or fingerprint', async () => {
    const file = { filename: 'payroll.xlsx', fingerprint: 'f-1' };
    const ada = harness.signIn('ada');
    const begun = await ada.begin(file);
    await ada.call('chunk_loaded', { ...begun, chunks: [], state: 'started' });
    assert.equal((await ada.init(file)).upload_id, begun.upload_id, 'its owner finds it');
    const stolen = await harness.signIn('mallory').init(file);
    assert.equal(stolen.upload_id, undefined);
    assert.notEqual(stolen.key, begun.key);
  });

  it('does not resume an upload of the same name, size and time if the fingerprint differs', async () => {
    const file = { filename: 'ledger.db', last_modified: 7 };
    const ada = harness.signIn('ada');
    const begun = await ada.begin({ ...file, fingerprint: 'before' });
    await ada.call('chunk_loaded', { ...begun, chunks: [1], state: 'started' });
    assert.equal((await ada.init({ ...file, fingerprint: 'after' })).upload_id, undefined);
    assert.equal((await ada.init({ ...file, filename: 'moved.db', fingerprint: 'before' })).upload_id, begun.upload_id);
    assert.equal((await ada.init(file)).upload_id, begun.upload_id, 'a browser that has sent no fingerprint');
    const unknown = { filename: 'old.db', last_modified: 8 };
    const other = await ada.begin(unknown);
    await ada.call('chunk_loaded', { ...other, chunks: [], state: 'started' });
    assert.equal((await ada.init({ ...unknown, fingerprint: 'computed later' })).upload_id, other.upload_id);
  });

  it('overwrites no object of another user with a file of the same name', async () => {
    const [first, second] = [
      await harness.signIn('ada').init({ filesize: 3 }),
      await harness.signIn('mallory').init({ filesize: 3 }),
    ];
    assert.notEqual(first.key, second.key);
    await replay(first.put!, 'ada');
    await replay(second.put!, 'bad');
    const { text } = await harness.signIn('ada').call('get_head_signature', first);
    const { url, headers } = JSON.parse(text) as { url: string; headers?: Record<string, string> };
    const head = await fetch(url, { method: 'HEAD', headers: headers ?? {} });
    assert.equal(head.headers.get('etag'), '"8c8d357b5e872bbacd45197626bd5759"');
  });

  it('resumes no upload with only its key and upload ID', async () => {
    const begun = await harness.signIn('ada').begin();
    const mallory = harness.signIn('mallory');
    for (const grant of [undefined, (await mallory.init()).grant]) {
      const renewed = await mallory.init({ key: begun.key, upload_id: begun.upload_id, grant });
      assert.match(renewed.error!.code, /^(grant-required|key-mismatch)$/);
    }
    for (const [action, body] of callsFor(begun)) {
      assert.equal((await mallory.call(action, body)).code, 'principal-mismatch');
    }
    assert.equal(
      (await harness.signIn('ada').call('get_chunk_signature', { ...begun, chunk: 1, size: PART })).status,
      200,
    );
  });
});
