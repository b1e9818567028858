import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { after, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { InitAnswer } from '../../src/protocol.js';
import { fileOf } from './caller.js';

const CLI = fileURLToPath(new URL('../../src/signer/cli.ts', import.meta.url));
const TSX = import.meta.resolve('tsx');
const GOOD = {
  S3_BUCKET: 'films',
  AWS_ACCESS_KEY_ID: 'A',
  AWS_SECRET_ACCESS_KEY: 'hush-hush',
  ALLOW_ANONYMOUS: 'true',
  PORT: '0',
};

describe('mule-upload signer', () => {
  const running = new Set<ChildProcess>();
  after(() => running.forEach((child) => child.kill('SIGKILL')));

  function start(args: string[], env: Record<string, string> = {}) {
    const child = spawn(process.execPath, ['--import', TSX, CLI, ...args], {
      env: { PATH: process.env['PATH'], ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    running.add(child);
    child.once('exit', () => running.delete(child));
    const texts = { out: '', err: '' };
    child.stdout.setEncoding('utf8').on('data', (text: string) => (texts.out += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (texts.err += text));
    return { child, texts };
  }

  async function runToEnd(args: string[], env?: Record<string, string>) {
    const { child, texts } = start(args, env);
    const [code] = (await once(child, 'close')) as [number];
    return { code, ...texts };
  }

  async function serve(env: Record<string, string> = {}) {
    const { child, texts } = start(['signer'], { ...GOOD, ...env });
    while (!texts.out.includes('\n')) {
      const [event] = await Promise.race([once(child.stdout, 'data'), once(child, 'exit').then(() => ['exit'])]);
      assert.notEqual(event, 'exit', texts.err);
    }
    return { child, texts, url: /http:\S+/.exec(texts.out)![0] };
  }

  const post = (url: string, headers = {}) =>
    fetch(`${url}/get_init_signature`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ files: [fileOf()] }),
    });

  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    it(`signs as its environment says, and ends well on ${signal}`, async () => {
      const { child, texts, url } = await serve({
        S3_ENDPOINT: 'https://store.example',
        AWS_REGION: 'eu-west-1',
        AWS_SESSION_TOKEN: 'tok',
        PART_SIZE: '16MiB',
        MAX_SIZE: '1GB',
        ORIGINS: 'https://page.example, https://other.example',
        SIGNER_SECRET: 'a new secret text, an old secret text',
      });
      const response = await post(url, { origin: 'https://other.example' });
      const { files } = (await response.json()) as InitAnswer;
      const file = files[0] as { part_size: number; init: { url: string } };
      assert.equal(file.part_size, 16 * 1024 ** 2);
      assert.match(file.init.url, /^https:\/\/store\.example\/films\/uploads\/.*eu-west-1.*X-Amz-Security-Token=tok/);
      assert.equal((await post(url, { origin: 'https://evil.example' })).status, 403);
      child.kill(signal);
      assert.deepEqual(await once(child, 'exit'), [0, null]);
      assert.equal(texts.err, '');
      assert.ok(!texts.out.includes('hush'));
    });
  }

  it('warns in one line, beside the one with its URL, that no page can call it without ORIGINS', async () => {
    for (const ORIGINS of ['', ' , ']) {
      const { child, texts, url } = await serve({ ORIGINS });
      assert.equal((await post(url)).status, 200);
      child.kill('SIGTERM');
      await once(child, 'close');
      assert.match(texts.out, /^mule-upload signer for bucket films on http:\/\/127\.0\.0\.1:\d+\n$/);
      assert.match(texts.err, /^mule-upload signer: ORIGINS is not set: .*proxy.*page's own origin.*\n$/);
    }
  });

  it('says in --help when ORIGINS is needed', async () => {
    const { out } = await runToEnd(['--help']);
    assert.match(out.replace(/\s+/g, ' '), /ORIGINS .*needed unless a proxy puts the signer on the page's own origin/);
  });

  it('explains itself with --help', async () => {
    for (const args of [['--help'], ['signer', '--help']]) {
      const { code, out } = await runToEnd(args);
      assert.equal(code, 0);
      for (const variable of ['S3_BUCKET', 'AWS_REGION', 'S3_ENDPOINT', 'SIGNER_SECRET', 'ALLOW_ANONYMOUS', 'PORT'])
        assert.ok(out.includes(variable));
    }
  });

  it('says what it does not know', async () => {
    assert.match((await runToEnd([])).err, /name a command/);
    const { code, err } = await runToEnd(['sinner']);
    assert.equal(code, 2);
    assert.match(err, /“sinner” is no command/);
  });

  const wrong: [RegExp, Record<string, string>][] = [
    [/S3_BUCKET is not set/, { S3_BUCKET: '' }],
    [/AWS_SECRET_ACCESS_KEY is not set/, { AWS_SECRET_ACCESS_KEY: '' }],
    [/ALLOW_ANONYMOUS has to be true/, { ALLOW_ANONYMOUS: '' }],
    [/S3_ENDPOINT: "store" is not/, { S3_ENDPOINT: 'store' }],
    [/ORIGINS: "page\.example" is not/, { ORIGINS: 'page.example' }],
    [/MAX_SIZE: "many" is no size/, { MAX_SIZE: 'many' }],
    [/PART_SIZE: 1000 is not/, { PART_SIZE: '1kB' }],
    [/SIGNER_SECRET: give/, { SIGNER_SECRET: 'short' }],
    [/PORT: "80a" is no port/, { PORT: '80a' }],
  ];
  for (const [message, env] of wrong) {
    it(`names the variable that is wrong: ${message.source}`, async () => {
      const { code, err, out } = await runToEnd(['signer'], { ...GOOD, ...env });
      assert.equal(code, 2);
      assert.match(err, message);
      assert.equal(err.trim().split('\n').length, 1);
      assert.equal(out, '');
    });
  }

  it('says so when its port is taken', async () => {
    const squatter = createServer().listen(0, '127.0.0.1');
    await once(squatter, 'listening');
    const { port } = squatter.address() as AddressInfo;
    const { code, err } = await runToEnd(['signer'], { ...GOOD, PORT: String(port) });
    squatter.close();
    assert.equal(code, 1);
    assert.match(err, new RegExp(`cannot listen on 127\\.0\\.0\\.1:${port} \\(EADDRINUSE\\)`));
  });
});
