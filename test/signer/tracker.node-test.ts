import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createMemoryTracker } from '../../src/signer/tracker.js';
import type { Tracker } from '../../src/signer/tracker.js';
import { testTracker, uploadOf } from './tracker-suite.js';

describe('tracker in memory', () => {
  testTracker(async (now) => createMemoryTracker({ now }) as Required<Tracker>);

  it('lets go of the upload longest without a notice when there are too many', async () => {
    const tracker = createMemoryTracker({ maxUploads: 2 });
    for (const name of ['a', 'b', 'a', 'c']) await tracker.note(uploadOf({ uploadId: name, marks: [name] }), []);
    const found = await Promise.all(['a', 'b', 'c'].map((mark) => tracker.find('p', [mark])));
    assert.deepEqual(
      found.map((upload) => upload?.uploadId),
      ['a', undefined, 'c'],
    );
  });

  it('names the option that does not fit', () => {
    assert.throws(() => createMemoryTracker({ maxUploads: 0 }), { name: 'TypeError', message: /maxUploads: 0/ });
  });
});
