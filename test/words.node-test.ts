import { strict as assert } from 'node:assert';
import { describe, it } from 'node:test';
import { compareWords, findWords, readSource } from '../scripts/words.js';

const find = (text: string): string[] =>
  findWords(readSource('a.ts', text)).map(({ line, found }) => `${line} ${found}`);

describe('the check of words', () => {
  it('finds words within names, each name once, and leaves longer words and texts alone', () => {
    const text =
      "const initDesk = 1;\nclass EtagLore { #nap = initDesk; }\nconst folklore = 'desk', snapshot = `nap ${initDesk}`;";
    assert.deepEqual(find(text), ['1 initDesk', '2 EtagLore', '2 #nap']);
  });

  it('finds words and phrases in every kind of comment, across lines', () => {
    const text =
      '/**\n * Takes\n * in a lease.\n */\nconst a = 1; // whoever asks\n/* a part in flight */\nfunction b() {\n  // let be\n}';
    assert.deepEqual(find(text), ['1 lease', '1 Takes in', '5 whoever', '8 let be']);
  });

  it('fails for a file with more finds than it may have, and for one with fewer', () => {
    const finds = findWords(readSource('a.ts', 'const desk = 1;\nconst lease = 2;'));
    assert.deepEqual(compareWords(finds, { 'a.ts': 2 }), []);
    assert.match(compareWords(finds, { 'a.ts': 1 })[0]!, /^a\.ts: 2 finds, 1 allowed.*\n +1: “desk”; write: /);
    assert.match(compareWords(finds, { 'a.ts': 3, 'b.ts': 1 })[0]!, /--write.*\n +a\.ts: 2 of 3\n +b\.ts: 0 of 1/);
  });
});
