import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createMemoryTracker } from '../../src/signer/tracker.js';
import type { TrackedUpload } from '../../src/signer/tracker.js';

const uploadOf = (upload: Partial<TrackedUpload> = {}): TrackedUpload => ({
  principal: 'p',
  key: 'k',
  uploadId: 'u',
  size: 100,
  partSize: 10,
  begun: 1,
  marks: ['m', 'n'],
  ...upload,
});

describe('tracker in memory', () => {
  it('finds an upload by any of its marks, with the parts noted in any order and more than once', async () => {
    const tracker = createMemoryTracker();
    await tracker.note(uploadOf(), []);
    await tracker.note(uploadOf(), [9, 3, 1]);
    await tracker.note(uploadOf(), [2, 3, 5]);
    assert.deepEqual(await tracker.find('p', ['x', 'n']), { ...uploadOf(), chunks: [1, 2, 3, 5, 9] });
    assert.equal(await tracker.find('p', ['x']), null);
    assert.equal(await tracker.find('p', []), null);
  });

  it('shows nobody an upload of somebody else', async () => {
    const tracker = createMemoryTracker();
    await tracker.note(uploadOf(), [1]);
    await tracker.forget('q', 'u');
    assert.equal(await tracker.find('q', ['m']), null);
    assert.ok(await tracker.find('p', ['m']));
  });

  it('finds the newest of several, and the one before once that is forgotten', async () => {
    const tracker = createMemoryTracker();
    await tracker.note(uploadOf({ uploadId: 'new', begun: 2 }), []);
    await tracker.note(uploadOf({ uploadId: 'old' }), []);
    assert.equal((await tracker.find('p', ['m']))?.uploadId, 'new');
    await tracker.forget('p', 'new');
    assert.equal((await tracker.find('p', ['m']))?.uploadId, 'old');
  });

  it('lets go of the upload longest without a notice when there are too many', async () => {
    const tracker = createMemoryTracker({ maxUploads: 2 });
    for (const name of ['a', 'b', 'a', 'c']) await tracker.note(uploadOf({ uploadId: name, marks: [name] }), []);
    const found = await Promise.all(['a', 'b', 'c'].map((mark) => tracker.find('p', [mark])));
    assert.deepEqual(
      found.map((upload) => upload?.uploadId),
      ['a', undefined, 'c'],
    );
  });

  it('holds all 10,000 parts noted one by one', async () => {
    const tracker = createMemoryTracker();
    for (let chunk = 1; chunk <= 10_000; chunk += 1) await tracker.note(uploadOf(), [chunk]);
    assert.equal((await tracker.find('p', ['m']))?.chunks.length, 10_000);
  });

  it('names the option that does not fit', () => {
    assert.throws(() => createMemoryTracker({ maxUploads: 0 }), { name: 'TypeError', message: /maxUploads: 0/ });
  });
});
