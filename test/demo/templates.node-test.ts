import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { MuleUploadElement } from '../../src/element/index.js';

const FOLDER = path.resolve(import.meta.dirname, '../../demo/templates');
/** Attributes that every HTML element may have. */
const GLOBAL = /^(?:id|lang|data-.+)$/;
/** Syntax of template languages between attributes, and in their values. */
const TAGS = /\{%-?[^]*?%\}|\{\{[^]*?\}\}|%s/g;

/** Returns the names of the attributes that a template sets, without conditions and values. */
function attributesIn(template: string): string[] {
  const [, inside = ''] = /<mule-upload\b([^]*?)>[^]*?<\/mule-upload>/.exec(template.replace(TAGS, '')) ?? [];
  return [...inside.matchAll(/([a-z][a-z-]*)(?:="[^"]*")?(?=\s|$|")/g)].map(([, name]) => name!);
}

describe('templates for content management systems', () => {
  const files = readdirSync(FOLDER).filter((file) => !file.endsWith('.js'));

  it('exist for WordPress, Django, Jinja, Liquid and Twig', () => {
    assert.deepEqual(files.map((file) => file.split('.').at(-1)).sort(), ['html', 'html', 'liquid', 'php', 'twig']);
  });

  for (const file of files)
    it(`${file} sets only attributes that the element has, with a signer and a name`, () => {
      const names = attributesIn(readFileSync(path.join(FOLDER, file), 'utf8'));
      for (const needed of ['signer', 'name', 'max-size'])
        assert.ok(names.includes(needed), `no ${needed}: ${names.join()}`);
      const unknown = names.filter(
        (name) => !MuleUploadElement.observedAttributes.includes(name) && !GLOBAL.test(name),
      );
      assert.deepEqual(unknown, []);
    });
});
