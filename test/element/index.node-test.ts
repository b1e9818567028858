import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const entry = new URL('../../src/element/index.ts', import.meta.url).href;

it('can be imported and registered in Node, which has no DOM', async () => {
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
