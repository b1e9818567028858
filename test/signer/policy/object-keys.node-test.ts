import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { cleanName, cleanPath, findKeyFault } from '../../../src/signer/policy/object-keys.js';

describe('names, paths and keys', () => {
  const names: [string, string][] = [
    ['film.mp4', 'film.mp4'],
    ['Ünï cødé 文字 🎬.mp4', 'Ünï cødé 文字 🎬.mp4'],
    ['../../etc/passwd', 'passwd'],
    ['C:\\fakepath\\film.mp4', 'film.mp4'],
    ['..', 'file'],
    ['.', 'file'],
    ['', 'file'],
    ['a/', 'file'],
    ['a..b...c', 'a.b.c'],
    ['a\u0000\u001f\u007f\u0085b\r\n.txt', 'ab.txt'],
    ['gpj\u202E.exe', 'gpj.exe'],
    ['.\u200B.', 'file'],
    ['half \uD83C pair', 'half  pair'],
    ['e\u0301', '\u00e9'],
    ['  spaces  ', 'spaces'],
    ['.htaccess', '.htaccess'],
  ];
  for (const [name, expected] of names) {
    it(`cleans ${JSON.stringify(name)} to ${JSON.stringify(expected)}`, () => assert.equal(cleanName(name), expected));
  }

  it('shortens a name by whole characters to the limit of bytes, and keeps the extension', () => {
    const short = cleanName(`${'🎬'.repeat(500)}.mp4`, 100);
    assert.match(short, /^🎬+\.mp4$/u);
    assert.ok(Buffer.byteLength(short) <= 100 && Buffer.byteLength(short) > 96);
    assert.equal(Buffer.byteLength(cleanName('x'.repeat(5_000))), 1_024);
    assert.equal(Buffer.byteLength(cleanName(`x.${'y'.repeat(5_000)}`)), 1_024);
  });

  it('cleans a path so that it cannot leave its folder', () => {
    assert.equal(cleanPath('/a/./b/../../c//d.txt'), 'a/b/c/d.txt');
    assert.equal(cleanPath('..\\..\\x'), 'x');
    assert.equal(cleanPath('a/.\u200b./b'), 'a/b');
    assert.equal(cleanPath('../..'), '');
  });

  it('returns a fault for an invalid key', () => {
    assert.equal(findKeyFault('a/b c/ü.txt'), null);
    for (const key of ['', 'a/../b', './a', '..', 'a\nb', 'x'.repeat(1_025), 'ü'.repeat(513), '\uD800', 7, undefined]) {
      assert.ok(findKeyFault(key), JSON.stringify(key));
    }
  });
});
