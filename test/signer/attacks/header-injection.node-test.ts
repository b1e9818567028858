import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { replay, startAttackHarness } from './attack-harness.js';
import type { AttackHarness } from './attack-harness.js';

describe('header injection by file name and type', () => {
  let harness: AttackHarness;
  before(async () => {
    harness = await startAttackHarness({
      policy: {
        disposition: 'attachment',
        metadata: ({ filename, content_type }) => ({ name: filename, type: content_type }),
        tags: ({ filename }) => ({ name: filename.slice(0, 100) }),
      },
    });
  });
  after(async () => {
    assert.deepEqual(harness.faults, []);
    await harness.stop();
  });

  const NAMES = [
    'a\r\nx-amz-acl: public-read-write',
    'a\nSet-Cookie: x=1',
    'a"; filename="b.html',
    "a'; filename*=UTF-8''b.html",
    'a\u2028b',
    'a\u0000b',
    'a\\"b',
    '=?utf-8?q?x?=',
    'a%0d%0ax-amz-acl:public',
    '\u{1F4A3}\ud83d',
    'a;b=c',
    'x&acl=public-read',
  ];

  it('adds no header to those of the policy, each of which is one line that the store accepts', async () => {
    for (const filename of NAMES) {
      const { put, error } = await harness.signIn('mallory').init({ filename, filesize: 1 });
      assert.equal(error, undefined, filename);
      assert.deepEqual(Object.keys(put!.headers!).sort(), [
        'content-disposition',
        'content-type',
        'x-amz-meta-name',
        'x-amz-meta-type',
        'x-amz-tagging',
      ]);
      for (const value of Object.values(put!.headers!)) assert.match(value, /^[\x20-\x7e]*$/);
      const sent = await replay(put!, 'x');
      assert.equal(sent.status, 200, sent.text);
    }
  });

  it('is refused for a content type that is not valid in a header', async () => {
    const types = [
      'a/b\r\nx-amz-acl: public-read',
      'a/b\n',
      ' a/b',
      'a/b, c/d',
      'a/b;x',
      'a/b; x="\n"',
      'a',
      'ä/b',
      'a/b\u0000',
      '/',
      'a/b; x="\\"',
      ...['\r\n', '\n', '\r', '\v', '\f', '\u0085', '\u00a0', '\u2028', '\u2029', '\ufeff'].flatMap((space) => [
        `a/b${space};x=y`,
        `a/b;${space}x=y`,
      ]),
    ];
    for (const content_type of types) {
      const { error } = await harness.signIn('mallory').init({ content_type });
      assert.equal(error?.code, 'type', JSON.stringify(content_type));
    }
  });

  it('cannot add a line to the message of a refusal', async () => {
    for (const filename of NAMES) {
      const { error } = await harness.signIn('mallory').init({ filename, content_type: 'x' });
      assert.match(error!.message, /^[^\p{Cc}\u2028\u2029]+$/u);
    }
  });
});
