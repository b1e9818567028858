import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { findTemplateFault, expandKeyTemplate } from '../../../src/signer/policy/key-template.js';
import { createCaller, NOW } from '../caller.js';

const expand = (template: string, name = 'film.mp4', principal: string | null = 'ada') =>
  expandKeyTemplate(template, name, principal, NOW);

describe('key templates', () => {
  it('expand to principal, date, name and 128 random bits', async () => {
    assert.match(expand('u/{principal}/{date}/{random}/{name}'), /^u\/ada\/2026-05-06\/[0-9a-f]{32}\/film\.mp4$/);
    assert.notEqual(expand('{random}'), expand('{random}'));
    assert.match((await createCaller({ policy: { key: '{principal}/{random}' } }).init()).key, /^ada\/[0-9a-f]{32}$/);
  });

  it('give different principals different keys, for any IDs', () => {
    const ids = [null, '~', '..', '.', 'a/b', 'a', 'b', 'a%2Fb', 'ä', '{name}', '_', '', 'a b'];
    const keys = ids.map((id) => expand('{principal}/{name}', 'x', id));
    assert.equal(new Set(keys).size, ids.length);
    for (const key of keys.filter((key) => key !== '/x')) assert.match(key, /^[\w%~-]+\/x$/);
  });

  it('insert names as text, not as placeholders or paths', () => {
    assert.equal(expand('p/{name}', '$&{random}$1.txt'), 'p/$&{random}$1.txt');
    assert.equal(expand('p/{name}', '../../etc/passwd'), 'p/passwd');
    assert.equal(expand('p/{name}', '..'), 'p/file');
  });

  it('expand to at most 1,024 bytes, and keep the extension', () => {
    const key = expand('{random}/{name}-{name}', `${'文'.repeat(2_000)}.tar`);
    assert.ok(Buffer.byteLength(key) <= 1_024);
    assert.match(key, /\.tar$/);
  });

  it('are refused if they are invalid', () => {
    for (const [template, message] of [
      ['{user}/{name}', '{user} is not one of'],
      ['{name', 'unmatched brace'],
      ['fixed', 'all files would get one key'],
      ['{date}', 'all files would get one key'],
    ] as const) {
      assert.match(findTemplateFault(template)!, new RegExp(message.replace(/[{}]/g, '\\$&')));
      assert.throws(() => createCaller({ policy: { key: template } }), /option policy\.key/);
    }
    assert.throws(() => createCaller({ policy: { key: '../{name}' } }), /option policy\.key: .* \. or \.\./);
  });
});
