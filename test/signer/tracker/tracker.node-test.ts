import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createMemoryTracker } from '../../../src/signer/tracker/memory-tracker.js';
import { testTracker, uploadOf } from './tracker-suite.js';

describe('tracker in memory', () => {
  testTracker(async (now) => createMemoryTracker({ now }));

  it('removes the longest inactive upload above the limit', async () => {
    const tracker = createMemoryTracker({ maxUploads: 2 });
    for (const name of ['a', 'b', 'a', 'c']) await tracker.note(uploadOf({ uploadId: name, marks: [name] }), []);
    const found = await Promise.all(['a', 'b', 'c'].map((mark) => tracker.find('p', [mark])));
    assert.deepEqual(
      found.map((upload) => upload?.uploadId),
      ['a', undefined, 'c'],
    );
  });

  it('keeps the uploads of other users if one user has too many', async () => {
    const tracker = createMemoryTracker({ maxUploads: 100 });
    for (const name of ['ada', 'bob']) await tracker.note(uploadOf({ principal: name }), [1]);
    for (let index = 0; index < 1_000; index += 1) {
      const name = `invented-${index}`;
      await tracker.note(uploadOf({ principal: 'mallory', uploadId: name, key: name }), []);
      await tracker.forget('mallory', `ended-${name}`);
    }
    for (const name of ['ada', 'bob']) assert.deepEqual((await tracker.find(name, ['m']))?.chunks, [1]);
    assert.ok((await tracker.stale('b', Infinity, 1_000)).length <= 100);
  });

  it('throws with the name of an invalid option', () => {
    assert.throws(() => createMemoryTracker({ maxUploads: 0 }), { name: 'TypeError', message: /maxUploads: 0/ });
  });
});
