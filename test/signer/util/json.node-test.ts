import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MAX_JSON_DEPTH, MAX_JSON_ENTRIES, parseJson, withoutPollution } from '../../../src/signer/util/json.js';

const codeOf = (text: string): string => {
  try {
    parseJson(text);
    return 'accepted';
  } catch (error) {
    return (error as { code: string }).code;
  }
};
const nestedArrays = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);
const arrayOf = (entries: number) => `[${Array.from({ length: entries }, () => 0).join(',')}]`;

describe('untrusted JSON', () => {
  it('is accepted up to its limits of depth and width', () => {
    assert.deepEqual([nestedArrays(MAX_JSON_DEPTH), nestedArrays(MAX_JSON_DEPTH + 1)].map(codeOf), [
      'accepted',
      'invalid-json',
    ]);
    assert.deepEqual([arrayOf(MAX_JSON_ENTRIES), arrayOf(MAX_JSON_ENTRIES + 1)].map(codeOf), ['accepted', 'too-many']);
    assert.equal(codeOf(`{"a": [${arrayOf(6_000)}, ${arrayOf(6_000)}]}`), 'accepted');
  });

  it('does not count brackets and commas within a string', () => {
    const text = `"${'[{,\\"\\\\'.repeat(20_000)}"`;
    assert.equal(codeOf(text), 'accepted');
    assert.equal(parseJson(text), '[{,"\\'.repeat(20_000));
  });

  it('is rejected if it is invalid', () => {
    for (const text of ['', '{', ']', '"', '"\\', '{"a":}', 'NaN', "{'a': 1}", '[1,]', '\ufeff{}']) {
      assert.equal(codeOf(text), 'invalid-json', text);
    }
  });

  it('is copied without members that would change prototypes, at any depth', () => {
    const text = '{"a": [{"__proto__": {"admin": true}, "b": 1}], "constructor": {"prototype": {}}, "prototype": 1}';
    const copy = withoutPollution(parseJson(text));
    assert.deepEqual(copy, { a: [{ b: 1 }] });
    assert.equal(({} as { admin?: boolean }).admin, undefined);
  });
});
