import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createMemoryTracker } from '../../../src/signer/index.js';
import type { Tracker } from '../../../src/signer/index.js';
import { createCaller, fileOf } from '../caller.js';

/** Makes every call that records the use of an upload. @returns their statuses, and the errors that `onError` received */
async function callWith(touch: Tracker['touch']) {
  const errors: unknown[] = [];
  const caller = createCaller({
    tracker: { ...createMemoryTracker(), touch },
    onError: (error) => errors.push(error),
  });
  const file = fileOf();
  const { key, grant, part_size } = await caller.init();
  const reference = { key, grant, upload_id: 'u' };
  const window = { size: file.filesize, part_size, chunks: [1] };
  const responses = await Promise.all([
    caller.post('get_all_signatures', { ...reference, ...window }),
    caller.post('get_list_signature', reference),
    caller.post('get_init_signature', { files: [{ ...file, ...reference }] }),
  ]);
  return { statuses: responses.map(({ status }) => status), errors };
}

describe('a tracker that cannot record that an upload is in use', () => {
  it('does not fail the call, and onError receives the error', async () => {
    const { statuses, errors } = await callWith(() => Promise.reject(new Error('down')));
    assert.deepEqual(statuses, [200, 200, 200]);
    assert.deepEqual(errors.map(String), Array(3).fill('Error: down'));
    const throwing = await callWith(() => {
      throw new Error('no connection');
    });
    assert.deepEqual(throwing.statuses, [200, 200, 200]);
    assert.equal(throwing.errors.length, 3);
  });

  it('is waited for only for a short time', { timeout: 60_000 }, async () => {
    const { statuses, errors } = await callWith(() => new Promise(() => undefined));
    assert.deepEqual(statuses, [200, 200, 200]);
    assert.deepEqual(errors, []);
  });
});
