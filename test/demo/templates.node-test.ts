import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { MuleUploadElement } from '../../src/element/index.js';

const FOLDER = path.resolve(import.meta.dirname, '../../demo/templates');
/** What every element of HTML may have. */
const GLOBAL = /^(?:id|lang|data-.+)$/;
/** What template languages write between attributes, and in their values. */
const TAGS = /\{%-?[^]*?%\}|\{\{[^]*?\}\}|%s/g;

/** Names of the attributes that a template gives the element, conditions and values left out. */
function attributesIn(template: string): string[] {
  const [, inside = ''] = /<mule-upload\b([^]*?)>[^]*?<\/mule-upload>/.exec(template.replace(TAGS, '')) ?? [];
  return [...inside.matchAll(/([a-z][a-z-]*)(?:="[^"]*")?(?=\s|$|")/g)].map(([, name]) => name!);
}

describe('templates for content management systems', () => {
  const files = readdirSync(FOLDER).filter((file) => !file.endsWith('.js'));

  it('are there for WordPress, Django, Jinja, Liquid and Twig', () => {
    assert.deepEqual(files.map((file) => file.split('.').at(-1)).sort(), ['html', 'html', 'liquid', 'php', 'twig']);
  });

  for (const file of files)
    it(`${file} gives the element attributes that it has, a signer and a name among them`, () => {
      const names = attributesIn(readFileSync(path.join(FOLDER, file), 'utf8'));
      for (const needed of ['signer', 'name', 'max-size'])
        assert.ok(names.includes(needed), `no ${needed}: ${names.join()}`);
      const unknown = names.filter(
        (name) => !MuleUploadElement.observedAttributes.includes(name) && !GLOBAL.test(name),
      );
      assert.deepEqual(unknown, []);
    });
});
