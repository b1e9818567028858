import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { chooseAcl } from '../../../src/signer/policy/object-headers.js';
import { validateFile, chooseKey as choose } from '../../../src/signer/policy/policy.js';
import { resolvePolicy } from '../../../src/signer/policy/policy-options.js';
import type { Policy, ResolvedPolicy } from '../../../src/signer/policy/policy.js';
import type { InitFile } from '../../../src/protocol.js';
import { fileOf, NOW } from '../caller.js';

const resolved = (policy: Policy = {}) =>
  resolvePolicy(policy, { supportsIfNoneMatch: false, refusesUnsignedHeaders: true });
const chooseKey = (policy: ResolvedPolicy, file: InitFile, principal: string | null) =>
  choose(policy, file, principal, NOW);

function outcomeOf(policy: Policy, file: Partial<InitFile>): string {
  try {
    validateFile(resolved(policy), fileOf(file));
    return 'accepted';
  } catch (error) {
    return (error as { code: string }).code;
  }
}

describe('policy', () => {
  it('accepts files within its sizes, both limits included', () => {
    const policy = { minSize: 10, maxSize: 20 };
    const sizes = [9, 10, 20, 21].map((filesize) => outcomeOf(policy, { filesize }));
    assert.deepEqual(sizes, ['too-small', 'accepted', 'accepted', 'too-big']);
  });

  it("accepts no file beyond S3's own limit", () => {
    assert.equal(outcomeOf({}, { filesize: 10_000 * 5 * 1024 ** 3 }), 'accepted');
    assert.equal(outcomeOf({}, { filesize: 10_000 * 5 * 1024 ** 3 + 1 }), 'too-big');
  });

  it('applies accept as the element does: a matching extension or type is enough, under any of their names', () => {
    const accepted = [
      ['text/csv', 'e.csv', 'application/vnd.ms-excel'],
      ['application/zip', 'f.zip', 'application/x-zip-compressed'],
      ['image/jpg', 'd.jpg', 'image/jpeg'],
      ['image/*', 'c.heic', 'application/octet-stream'],
      ['text/plain', 'x.txt', 'text/plain; charset=utf-8'],
      ['jpg,png', 'g.jpg', 'image/jpeg'],
      ['*', 'g.bin', 'application/octet-stream'],
    ] as const;
    for (const [accept, filename, content_type] of accepted)
      assert.equal(
        outcomeOf({ accept }, { filename, content_type }),
        'accepted',
        `${accept}: ${filename}, ${content_type}`,
      );
    const refused = [
      ['image/*', 'x.html', 'text/html'],
      ['image/*', 'x.png', 'text/html'],
      ['.jpg', 'x.html', 'image/jpeg'],
      ['jpg,png', 'g.gif', 'image/gif'],
    ] as const;
    for (const [accept, filename, content_type] of refused)
      assert.equal(
        outcomeOf({ accept }, { filename, content_type }),
        'type',
        `${accept}: ${filename}, ${content_type}`,
      );
  });

  it('reads accept as a file input does', () => {
    const accept = '.JPG, image/png, video/*';
    const outcomes = [
      { filename: 'a.jpg', content_type: '' },
      { filename: 'a', content_type: 'IMAGE/PNG' },
      { filename: 'a', content_type: 'video/mp4; codecs="avc1"' },
      { filename: 'a.jpg.exe', content_type: 'application/octet-stream' },
      { filename: 'a', content_type: 'image/pngx' },
      { filename: 'a', content_type: 'videos/mp4' },
    ].map((file) => outcomeOf({ accept }, file));
    assert.deepEqual(outcomes, ['accepted', 'accepted', 'accepted', 'type', 'type', 'type']);
  });

  it('refuses an empty name, and a content type that is not valid in a header', () => {
    assert.equal(outcomeOf({}, { filename: '  ' }), 'empty-name');
    for (const content_type of ['text', 'a/b\r\nx-amz-acl: public-read', 'a/b, c/d', 'a/b;c=d, e/f', 'a/b; x', 'ä/b']) {
      assert.equal(outcomeOf({}, { content_type }), 'type', content_type);
    }
    for (const content_type of [
      '',
      'a/b',
      'text/plain;charset=utf-8',
      'text/plain \t; \tcharset=utf-8',
      'image/svg+xml',
      'video/mp4; codecs="avc1.42E01E, mp4a"',
      'video/webm;codecs=vp8,opus',
      'video/x-matroska;codecs=avc1,opus',
    ]) {
      assert.equal(outcomeOf({}, { content_type }), 'accepted', content_type);
    }
  });

  it('creates each key from 128 random bits and the cleaned name', async () => {
    const file = fileOf({ filename: '../ü b.txt', object_key: 'my/own', acl: 'public-read' });
    const keys = await Promise.all([1, 2].map(() => chooseKey(resolved(), file, null)));
    for (const key of keys) assert.match(key, /^uploads\/[0-9a-f]{32}\/ü b\.txt$/);
    assert.notEqual(keys[0], keys[1]);
    assert.equal(chooseAcl(resolved(), file), null);
  });

  it('limits keys to 1,024 bytes of UTF-8', async () => {
    const key = await chooseKey(resolved(), fileOf({ filename: `${'文'.repeat(1_300)}.tar` }), null);
    assert.ok(Buffer.byteLength(key) <= 1_024);
    assert.match(key, /\.tar$/);
  });

  it('calls the policy’s key function with file and principal', async () => {
    const key = (file: Readonly<InitFile>, principal: string | null) => `${principal}/${file.filename}`;
    assert.equal(await chooseKey(resolved({ key }), fileOf(), 'ada'), 'ada/film.mp4');
    for (const invalidKey of ['a/../b', '', 'x'.repeat(1_025)]) {
      await assert.rejects(
        chooseKey(resolved({ key: () => invalidKey }), fileOf(), null),
        /policy\.key returned an invalid key/,
      );
    }
  });

  it('cleans a requested key, and puts it below the prefix of the policy', async () => {
    const keyFor = (object_key: string) => chooseKey(resolved({ objectKeys: 'open/' }), fileOf({ object_key }), null);
    assert.equal(await keyFor('a/b.mp4'), 'open/a/b.mp4');
    assert.equal(await keyFor('../../private/b.mp4'), 'open/private/b.mp4');
    assert.equal(await keyFor('folder/'), 'open/folder/film.mp4');
    assert.equal(await keyFor('/'), 'open/film.mp4');
    assert.equal(await keyFor('..'), 'open/film.mp4');
    await assert.rejects(keyFor('x/'.repeat(600)), { code: 'key-refused' });
  });

  it('signs an ACL only if it is listed', () => {
    const policy = resolved({ acls: ['public-read'] });
    assert.equal(chooseAcl(policy, fileOf({ acl: 'public-read' })), 'public-read');
    assert.equal(chooseAcl(policy, fileOf({ acl: 'public-read-write' })), null);
    assert.equal(chooseAcl(policy, fileOf()), null);
  });
});
