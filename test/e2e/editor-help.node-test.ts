import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { before, describe, it } from 'node:test';
import { elementOf, type ElementDeclaration } from '../../scripts/editor-help.js';
import { ROOT } from '../../scripts/run.js';
import { MuleUploadElement } from '../../src/element/index.js';
import { eventNames } from '../../src/element/api/events.js';
import { ensureBuilt } from './built.js';

const read = (file: string): string => readFileSync(path.join(ROOT, file), 'utf8');
const readJson = <T>(file: string): T => JSON.parse(read(file)) as T;
const namesOf = (all: readonly { name: string }[]): string[] => all.map(({ name }) => name).sort();

describe('data for editors', () => {
  let element: ElementDeclaration;

  before(() => {
    ensureBuilt();
    element = elementOf(readJson('dist/custom-elements.json'));
  });

  it('has every attribute and event, with type and description', () => {
    assert.deepEqual(namesOf(element.attributes), [...MuleUploadElement.observedAttributes].sort());
    assert.deepEqual(namesOf(element.events), ['change', 'input', ...eventNames].sort());
    for (const { name, description, type } of [...element.attributes, ...element.events])
      assert.ok(description && type.text, `${name} is not described`);
    for (const { name, type } of element.events.filter((event) => event.name.startsWith('mule-')))
      assert.match(type.text, /^CustomEvent<.+>$/, name);
  });

  it('describes every public member, and none that is not public', () => {
    const seen = element.members.filter(({ privacy, static: isStatic }) => !privacy && !isStatic);
    const silent = seen.filter(({ name, description }) => !description && !name.endsWith('Callback'));
    assert.deepEqual(namesOf(silent), []);
    for (const name of ['add', 'value', 'uploads', 'strings', 'forget']) assert.ok(namesOf(seen).includes(name), name);
  });

  it('has every custom property that the style sheets read', () => {
    const sheets = ['base', 'dropzone', 'list'].map((name) => read(`src/element/styles/${name}-styles.ts`)).join('');
    const used = new Set([...sheets.matchAll(/--mule-upload-[a-z-]+/g)].map(([name]) => name));
    assert.deepEqual(namesOf(element.cssProperties), [...used].sort());
  });

  it('is published for editors of HTML and CSS', () => {
    const { tags } = readJson<{
      tags: { name: string; attributes: { name: string; values?: { name: string }[] }[] }[];
    }>('dist/html-data.json');
    assert.equal(tags[0]!.name, 'mule-upload');
    assert.deepEqual(namesOf(tags[0]!.attributes), namesOf(element.attributes));
    const recover = tags[0]!.attributes.find(({ name }) => name === 'recover')!;
    assert.deepEqual(namesOf(recover.values!), ['ask', 'auto', 'choose', 'off']);
    const { properties } = readJson<{ properties: { name: string }[] }>('dist/css-data.json');
    assert.deepEqual(namesOf(properties), namesOf(element.cssProperties));
  });

  it('is published as types for frameworks that check templates', () => {
    for (const name of ['react', 'preact', 'solid', 'vue', 'svelte'])
      assert.match(read(`dist/types/${name}.d.ts`), /declare module '[^']+' \{[^]*'mule-upload':/);
  });
});
