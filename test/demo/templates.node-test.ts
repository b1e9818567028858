import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { MuleUploadElement } from '../../src/element/index.js';

const FOLDER = path.resolve(import.meta.dirname, '../../demo/templates');
/** Attributes that every HTML element may have. */
const GLOBAL_ATTRIBUTE = /^(?:id|lang|data-.+)$/;
/** The tags and placeholders of template languages. */
const TEMPLATE_TAGS = /\{%-?[^]*?%\}|\{\{[^]*?\}\}|%s/g;

/** Returns the names of all attributes that a template sets on the element, with or without a condition. */
function attributesIn(template: string): string[] {
  const [, inside = ''] = /<mule-upload\b([^]*?)>[^]*?<\/mule-upload>/.exec(template.replace(TEMPLATE_TAGS, '')) ?? [];
  return [...inside.matchAll(/([a-z][a-z-]*)(?:="[^"]*")?(?=\s|$|")/g)].map(([, name]) => name!);
}

describe('templates for content management systems', () => {
  const files = readdirSync(FOLDER).filter((file) => !file.endsWith('.js'));

  it('exist for WordPress, Django, Jinja, Liquid and Twig', () => {
    assert.deepEqual(files.map((file) => file.split('.').at(-1)).sort(), ['html', 'html', 'liquid', 'php', 'twig']);
  });

  for (const file of files)
    it(`${file} sets signer, name and max-size, and only attributes that the element has`, () => {
      const names = attributesIn(readFileSync(path.join(FOLDER, file), 'utf8'));
      for (const required of ['signer', 'name', 'max-size'])
        assert.ok(names.includes(required), `${required} is missing; the template sets ${names.join(', ')}`);
      const unknown = names.filter(
        (name) => !MuleUploadElement.observedAttributes.includes(name) && !GLOBAL_ATTRIBUTE.test(name),
      );
      assert.deepEqual(unknown, []);
    });
});
