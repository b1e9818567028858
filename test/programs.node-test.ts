import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, it } from 'node:test';
import { pathToFileURL } from 'node:url';
import { ROOT, commandFor, findNpm, isMain } from '../scripts/programs.js';
import { run } from '../scripts/run.js';

const sources = ['scripts', 'demo']
  .flatMap((folder) =>
    readdirSync(path.join(ROOT, folder), { recursive: true, encoding: 'utf8' }).map((file) => path.join(folder, file)),
  )
  .filter((file) => file.endsWith('.ts') && !file.startsWith(path.join('demo', 'frameworks')));
const read = (file: string): string => readFileSync(path.join(ROOT, file), 'utf8');

describe('programs that the scripts start', () => {
  it('are scripts run by this Node, npm too: Windows starts no .cmd file without a shell', () => {
    const started = sources.flatMap((file) => [
      ...read(file).matchAll(/\b(?:runOrThrow|runBrowserTests)\('([\w-]+)'/g),
    ]);
    const names = new Set([...started.map(([, name]) => name!), 'c8', 'cem']);
    assert.ok(names.has('tsc') && names.has('npm') && names.has('web-test-runner'), [...names].join());
    // without npm's script, as on Debian, its program is started, which Windows' npm never needs
    if (!findNpm()) names.delete('npm');
    for (const name of names) {
      const [file, script] = commandFor(name);
      assert.equal(file, process.execPath, name);
      assert.match(readFileSync(script!, 'utf8').slice(0, 40), /^#!.*\bnode\b/, `${name}: ${script}`);
    }
    assert.deepEqual(commandFor('node'), [process.execPath]);
    assert.deepEqual(commandFor('apt-get'), ['apt-get']);
  });

  it('take the npm that runs them, and no other package manager for npm', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'mule-npm-test-'));
    try {
      const [npm, pnpm] = ['npm-cli.js', 'pnpm.cjs'].map((name) => path.join(folder, name));
      for (const file of [npm!, pnpm!]) await writeFile(file, '#!/usr/bin/env node\n');
      assert.equal(findNpm(npm), npm);
      assert.notEqual(findNpm(pnpm), pnpm);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  it('run without a shell and without a folder of shims', async () => {
    let text = '';
    assert.equal(await run('tsc', ['--version'], { env: { PATH: '' }, onOutput: (more) => (text += more) }), 0);
    assert.match(text, /^Version \d/);
  });

  it('are looked for in no folder of shims, and in no shell', () => {
    const faulty = sources.filter((file) => /node_modules\/\.bin\/|shell: true/.test(read(file)));
    assert.deepEqual(faulty, []);
  });

  it('know whether they are the one that was started, by real paths', () => {
    const file = path.join(ROOT, 'scripts', 'check.ts');
    const { href: url } = pathToFileURL(file);
    assert.equal(isMain({ url }, file), true);
    assert.equal(isMain({ url }, path.join(ROOT, 'scripts', '..', 'scripts', 'check.ts')), true);
    assert.equal(isMain({ url }, path.join(ROOT, 'scripts', 'run.ts')), false);
    assert.equal(isMain({ url }, path.join(ROOT, 'nowhere.ts')), false);
    assert.equal(isMain({ url }, undefined), false);
    const compared = sources.filter((one) => /argv\[1\] === /.test(read(one)));
    assert.deepEqual(compared, []);
  });
});
