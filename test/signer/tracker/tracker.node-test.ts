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

  it('keeps the upload of a new user if each of as many users as it can hold has one', async () => {
    let now = 1_000;
    const tracker = createMemoryTracker({ maxUploads: 3, now: () => now });
    for (const principal of ['ada', 'bob', 'eve', 'new', 'newer']) {
      now += 1;
      await tracker.note(uploadOf({ principal }), [1]);
      if (principal === 'eve') await tracker.touch('ada', 'u');
    }
    const found = [];
    for (const principal of ['ada', 'bob', 'eve', 'new', 'newer'])
      if (await tracker.find(principal, ['m'])) found.push(principal);
    assert.deepEqual(found, ['ada', 'new', 'newer'], 'the longest inactive are removed');
  });

  it('removes the uploads that ended longest ago before any unfinished one', async () => {
    const tracker = createMemoryTracker({ maxUploads: 4 });
    for (const principal of ['ada', 'bob', 'eve', 'joe']) await tracker.note(uploadOf({ principal }), [1]);
    for (const principal of ['eve', 'bob']) await tracker.forget(principal, 'u', 'complete');
    for (const principal of ['new', 'newer']) await tracker.note(uploadOf({ principal }), [1]);
    const found = [];
    for (const principal of ['ada', 'joe', 'new', 'newer'])
      if (await tracker.find(principal, ['m'])) found.push(principal);
    assert.deepEqual(found, ['ada', 'joe', 'new', 'newer']);
    // removed records of ended uploads count as new
    await tracker.note(uploadOf({ principal: 'newest' }), [1]);
    assert.ok(await tracker.find('newest', ['m']));
  });

  it('throws with the name of an invalid option', () => {
    assert.throws(() => createMemoryTracker({ maxUploads: 0 }), { name: 'TypeError', message: /maxUploads: 0/ });
  });
});
