import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { it } from 'node:test';
import { render } from '@lit-labs/ssr';
import { collectResult } from '@lit-labs/ssr/lib/render-result.js';
import { html } from 'lit';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import '../../src/index.js';

const entry = new URL('../../src/element/index.ts', import.meta.url).href;

it('can be imported and registered in Node', async () => {
  const script = `
    const { MuleUploadElement, strings } = await import(${JSON.stringify(entry)});
    MuleUploadElement.define();
    MuleUploadElement.define();
    MuleUploadElement.define('second-upload');
    console.log(strings.pause, customElements.get('mule-upload') === MuleUploadElement, typeof document, new MuleUploadElement().value.length);`;
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--import', 'tsx', '--input-type=module', '-e', script],
    {
      cwd: fileURLToPath(new URL('../..', import.meta.url)),
    },
  );
  assert.equal(stdout.trim(), 'Pause true undefined 0');
});

it('is rendered in Node with its shadow tree and its slotted content', async () => {
  const markup = await collectResult(
    render(
      html`<mule-upload name="film" accept="video/*" max-size="2GB" multiple lang="en"
        ><input type="file" name="film"
      /></mule-upload>`,
    ),
  );
  assert.equal(typeof globalThis.document, 'undefined');
  assert.match(
    markup,
    /<mule-upload[^>]* accept="video\/\*"[^>]*>\s*<template shadowroot="open" shadowrootmode="open"/,
  );
  assert.match(markup, /part="button"[^>]*>(?:<!--[^>]*-->)*Choose files/);
  assert.match(markup, /2(?:<!--[^>]*-->)?\s*GB/);
  assert.match(markup, /<\/template>.*<input type="file" name="film"/s);
});
