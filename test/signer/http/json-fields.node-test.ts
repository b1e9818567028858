import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { JsonFields } from '../../../src/signer/http/json-fields.js';

const refusal = (message: RegExp, status = 400) => ({ name: 'SignerRefusal', status, message });

describe('JsonFields', () => {
  it('accepts only JSON objects', () => {
    for (const value of [null, undefined, [], 'text', 7, true])
      assert.throws(() => new JsonFields(value), refusal(/^The body must be a JSON object/));
  });

  it('ignores inherited properties', () => {
    const fields = new JsonFields(JSON.parse('{"__proto__": {"key": "a"}, "own": "b"}'));
    assert.equal(fields.has('key'), false);
    assert.equal(fields.has('toString'), false);
    assert.throws(() => fields.text('constructor', 10), refusal(/constructor/));
    assert.equal(fields.text('own', 10), 'b');
  });

  it('throws with the name of the invalid field, and without its value', () => {
    const fields = new JsonFields({ files: [{}, { filesize: 'secret' }] });
    const second = fields.records('files', 10)[1]!;
    assert.throws(
      () => second.integer('filesize', 0, 9),
      refusal(/^files\[1\]\.filesize must be a whole number from 0 to 9\.$/),
    );
    assert.throws(
      () => new JsonFields({ files: [{}, 7] }).records('files', 10),
      refusal(/^files\[1\] must be a JSON object/),
    );
  });

  it('throws for values beyond the limits of each type', () => {
    const fields = new JsonFields({
      n: 1.5,
      big: 2 ** 53,
      t: 'abc',
      f: 1,
      w: 'x',
      list: [1, 2, 2],
      mixed: [1, '2'],
      none: [],
    });
    assert.throws(() => fields.integer('n', 0, 9), refusal(/n must/));
    assert.throws(() => fields.integer('big', 0, Number.MAX_VALUE), refusal(/big must/));
    assert.throws(() => fields.text('t', 2), refusal(/t must/));
    assert.throws(() => fields.flag('f'), refusal(/f must/));
    assert.throws(() => fields.optionalOneOf('w', ['y', 'z']), refusal(/one of y, z/));
    assert.throws(() => fields.integers('list', 1, 9, 2), refusal(/at most 2/, 413));
    assert.throws(() => fields.integers('mixed', 1, 9, 2), refusal(/mixed must/));
    assert.throws(() => fields.records('none', 2), refusal(/none must/));
    assert.deepEqual(fields.integers('list', 1, 9, 3), [1, 2]);
  });

  it('accepts an upload ID of visible ASCII', () => {
    const fields = new JsonFields({ good: '2~Ab+/=.-_', space: 'a b', half: '\uD800', line: 'a\n', none: '' });
    assert.equal(fields.token('good', 10), '2~Ab+/=.-_');
    for (const name of ['space', 'half', 'line', 'none'])
      assert.throws(() => fields.token(name, 10), refusal(new RegExp(`^${name} must`)));
  });

  it('treats null as absent', () => {
    const fields = new JsonFields({ t: null });
    assert.equal(fields.optionalText('t', 9), undefined);
    assert.equal(fields.optionalInteger('t', 0, 9), undefined);
    assert.equal(fields.flag('t'), false);
    assert.throws(() => fields.text('t', 9), refusal(/t must/));
  });
});
