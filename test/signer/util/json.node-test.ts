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
const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);
const list = (entries: number) => `[${Array.from({ length: entries }, () => 0).join(',')}]`;

describe('untrusted JSON', () => {
  it('is accepted up to its limits of depth and width', () => {
    assert.deepEqual([nested(MAX_JSON_DEPTH), nested(MAX_JSON_DEPTH + 1)].map(codeOf), ['accepted', 'invalid-json']);
    assert.deepEqual([list(MAX_JSON_ENTRIES), list(MAX_JSON_ENTRIES + 1)].map(codeOf), ['accepted', 'too-many']);
    assert.equal(codeOf(`{"a": [${list(6_000)}, ${list(6_000)}]}`), 'accepted');
  });

  it('counts no bracket and no comma within a text', () => {
    const text = `"${'[{,\\"\\\\'.repeat(20_000)}"`;
    assert.equal(codeOf(text), 'accepted');
    assert.equal(parseJson(text), '[{,"\\'.repeat(20_000));
  });

  it('is rejected if it is invalid', () => {
    for (const text of ['', '{', ']', '"', '"\\', '{"a":}', 'NaN', "{'a': 1}", '[1,]', '\ufeff{}']) {
      assert.equal(codeOf(text), 'invalid-json', text);
    }
  });

  it('is copied without the members that pollute prototypes, at any depth', () => {
    const given = '{"a": [{"__proto__": {"admin": true}, "b": 1}], "constructor": {"prototype": {}}, "prototype": 1}';
    const clean = withoutPollution(parseJson(given));
    assert.deepEqual(clean, { a: [{ b: 1 }] });
    assert.equal(({} as { admin?: boolean }).admin, undefined);
  });
});
