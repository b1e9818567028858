import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { cleanPath, findKeyFault } from '../../../src/signer/policy/object-keys.js';
import { replay, startAttackHarness } from './attack-harness.js';
import type { AttackHarness } from './attack-harness.js';

describe('path tricks', () => {
  let harness: AttackHarness;
  before(async () => {
    harness = await startAttackHarness({ policy: { objectKeys: 'open/' } });
  });
  after(async () => {
    assert.deepEqual(harness.faults, []);
    await harness.stop();
  });

  const TRICKS = [
    '../private/x',
    '..\\private\\x',
    '/etc/passwd',
    '//private/x',
    'a/../../private/x',
    './../x',
    '..',
    '.',
    '/',
    '\\',
    '',
    '%2e%2e/private/x',
    '..%2fprivate',
    '%252e%252e%252f',
    'a/..;/b',
    '....//x',
    '..\u200b/x',
    '.\u200b./x',
    '\uff0e\uff0e/x',
    'x\u0000.txt',
    'x?uploads',
    'x#y',
    'x&partNumber=1',
    'http://evil.example/x',
    'C:\\x',
    'open/../../x',
    '~/x',
    '\u2025/x',
    '\u2215etc',
    'con',
    ' .. /x',
  ];

  it('never lead out of the prefix of a key, and browsers send the path that was signed', async () => {
    const mallory = harness.signIn('mallory');
    for (const trick of TRICKS) {
      for (const file of [
        { object_key: trick },
        { filename: `${trick}x` },
        { object_key: `${trick}/`, filename: `${trick}x` },
      ]) {
        const { key, put, error } = await mallory.init({ filesize: 1, ...file });
        assert.equal(error, undefined, JSON.stringify(file));
        assert.match(key, /^(open|uploads\/[0-9a-f]{32})\/./);
        assert.equal(findKeyFault(key), null, key);
        const url = new URL(put!.url);
        assert.equal(url.href, put!.url);
        assert.equal(decodeURIComponent(url.pathname), `/films/${key}`);
        assert.deepEqual(
          [...url.searchParams.keys()].filter((name) => !name.startsWith('X-Amz-')),
          [],
        );
      }
    }
  });

  it('never lead out of the folder of a `key` function that inserts names without checks, and cause no error', async () => {
    const uncheckedKeys = await startAttackHarness({
      policy: { key: ({ filename, relative_path = '' }, user) => `${user}/${relative_path}/${filename}` },
    });
    for (const trick of [...TRICKS, 'x'.repeat(1_100), 'a/'.repeat(200)]) {
      const { key, error } = await uncheckedKeys
        .signIn('mallory')
        .init({ filesize: 1, filename: `${trick}x`, relative_path: trick.slice(0, 400) });
      assert.equal(error, undefined, trick);
      assert.match(key, /^mallory\//);
      assert.equal(findKeyFault(key), null, key);
      assert.ok(!key.split('/').at(-1)!.includes('\\'));
    }
    assert.deepEqual(uncheckedKeys.faults, []);
    await uncheckedKeys.stop();
  });

  it('in a requested key do not change under which key the object is stored', async () => {
    const { key, put } = await harness
      .signIn('mallory')
      .init({ filesize: 1, object_key: '../../%2e%2e/private?x=1#y/é' });
    assert.equal(key, 'open/%2e%2e/private?x=1#y/é');
    assert.equal((await replay(put!, 'x')).status, 200);
  });

  it('are removed completely: a second cleaning changes nothing', () => {
    for (const trick of TRICKS) assert.equal(cleanPath(cleanPath(trick)), cleanPath(trick), trick);
  });
});
