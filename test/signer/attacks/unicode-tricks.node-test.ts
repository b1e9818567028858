import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { startAttackHarness } from './attack-harness.js';
import type { AttackHarness } from './attack-harness.js';

describe('Unicode tricks', () => {
  let harness: AttackHarness;
  before(async () => {
    harness = await startAttackHarness({ policy: { accept: '.jpg', objectKeys: 'open/' } });
  });
  after(async () => {
    assert.deepEqual(harness.faults, []);
    await harness.stop();
  });

  const initWith = async (filename: string, object_key?: string) =>
    harness.signIn('mallory').init({ filename, object_key, filesize: 1 });

  it('leave no invisible or reversing character in a key', async () => {
    for (const filename of [
      'photo\u202egpj.exe.jpg',
      'a\u200b.jpg',
      '\ufeffa.jpg',
      'a\u2066\u2069.jpg',
      'a\u00ad.jpg',
      'a\u{e0041}.jpg',
      'a\ud800.jpg',
      'a\udc00\ud800.jpg',
      'a\uffff.jpg',
      'a\u0085.jpg',
    ]) {
      const { key } = await initWith(filename);
      assert.doesNotMatch(key, /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\uFFFE\uFFFF]/u);
      assert.match(key, /\.jpg$/);
    }
  });

  it('do not let another extension pass as an accepted one', async () => {
    for (const filename of [
      'a.exe',
      'a.jpg.exe',
      'a.jp\u200dg\u0000.exe',
      'a.jpg/',
      'a.jpg/..',
      'a.jpg\\x',
      'a.\uff4apg',
      'a\u2024jpg',
      'a.jpg\u202e.exe',
      'a.jpg x',
      'jpg',
      'a.jpɡ',
    ])
      assert.equal((await initWith(filename)).error?.code, 'type', filename);
  });

  it('do not affect the check, which uses the name that the object will have', async () => {
    for (const filename of ['a.JPG', 'a.jpg\u200b', 'a.jpg ', '\u202ea.jpg']) {
      const { key } = await initWith(filename);
      assert.match(key, /\.jpg$/i, filename);
    }
  });

  it('give one key to one name in any normalization form', async () => {
    const [composed, decomposed] = await Promise.all(
      ['\u00e9.jpg', 'e\u0301.jpg'].map((name) => initWith('x.jpg', name)),
    );
    assert.equal(composed!.key, 'open/\u00e9.jpg');
    assert.equal(decomposed!.key, composed!.key);
  });

  it('stay within 1,024 bytes, for characters of any length', async () => {
    for (const unit of ['a', 'é', '文', '🎬', 'e\u0301', '👩‍👩‍👧‍👦', '\ufb2c']) {
      const { key, error } = await initWith(`${unit.repeat(Math.floor(4_000 / unit.length))}.jpg`);
      assert.equal(error, undefined, unit);
      assert.ok(Buffer.byteLength(key) <= 1_024 && key.endsWith('.jpg'), unit);
    }
  });
});
