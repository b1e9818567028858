import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createSqlTracker } from '../../../src/signer/node.js';
import { describeError, redact } from '../../../src/signer/util/redact.js';

const CLI = fileURLToPath(new URL('../../../src/signer/tools/cli.ts', import.meta.url));
const SECRETS = ['hush-key', 'hush-token', 'hush-secret-of-sixteen', 'hu@sh/word', 'hush-cookie', 'hush-login'];
const ENV = {
  PATH: process.env['PATH'],
  S3_BUCKET: 'films',
  AWS_ACCESS_KEY_ID: 'A',
  AWS_SECRET_ACCESS_KEY: 'hush-key',
  AWS_SESSION_TOKEN: 'hush-token',
  SIGNER_SECRET: 'hush-secret-of-sixteen',
  ALLOW_ANONYMOUS: 'true',
  PORT: '0',
};

async function outputOf(args: string[], env: Record<string, string> = {}): Promise<string> {
  const parameters = ['--import', import.meta.resolve('tsx'), CLI, ...args];
  const child = spawn(process.execPath, parameters, { env: { ...ENV, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text));
  await once(child, 'close');
  return output;
}

describe('secrets of URLs and headers', () => {
  const expectNoSecret = (output: string): void => {
    assert.notEqual(output, '');
    for (const secret of [...SECRETS, 'X-Amz-Signature=0']) assert.ok(!output.includes(secret), output);
  };

  it('are in no message of the command line, for any invalid option', async () => {
    expectNoSecret(await outputOf(['signer'], { DATABASE_URL: 'postgres://mule:hu@sh/word@127.0.0.1:1/db' }));
    expectNoSecret(await outputOf(['signer'], { DATABASE_URL: 'postgres://mule:hu@sh/word@[bad/db' }));
    expectNoSecret(await outputOf(['signer'], { S3_ENDPOINT: 'http://user:hush-login@store.example' }));
    expectNoSecret(await outputOf(['signer'], { ORIGINS: 'https://user:hush-login@page.example' }));
    expectNoSecret(await outputOf(['conformance', 'http://user:hush-login@[x']));
    expectNoSecret(await outputOf(['conformance', 'http://127.0.0.1:1', '--header', 'Cookie=hush-cookie']));
    expectNoSecret(await outputOf(['signer', '--check'], { S3_ENDPOINT: 'http://127.0.0.1:1' }));
  });

  it('are in no finding of the conformance rules, even if the signer under test repeats them', async () => {
    const answer = JSON.stringify({ url: 'https://s3.example/k?X-Amz-Signature=0a1b', cookie: 'hush-cookie' });
    const server = createServer((_req, res) => res.writeHead(500).end(answer)).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const output = await outputOf(['conformance', url, '--header', 'Cookie: hush-cookie']);
    server.close();
    assert.match(output, /X-Amz-Signature=\[removed\]/);
    expectNoSecret(output);
  });

  it('are in no error of the SQL tracker, nor in its cause', async () => {
    for (const host of ['127.0.0.1:1', '[bad', 'no-such-host.invalid']) {
      await assert.rejects(createSqlTracker({ url: `postgres://mule:hush-login@${host}/db` }), (error: Error) => {
        assert.doesNotMatch(describeAll(error), /hush-login/);
        return true;
      });
    }
  });

  it('are removed from the errors that the signer logs', () => {
    const cause = new Error('Authorization: Bearer hush-token-of-a-user');
    const text = describeError(new Error('fetch of https://s3/k?x=1&X-Amz-Signature=0a1b&y=2 failed', { cause }));
    assert.match(text, /X-Amz-Signature=\[removed\]&y=2 failed/);
    assert.doesNotMatch(text, /hush|0a1b/);
    assert.match(text, /caused by: Error: Authorization: \[removed\]/);
  });

  it('are the only text that is removed', () => {
    for (const text of [
      'the basic rule of a bearer',
      'https://a.example/x and b@c.example',
      'X-Amz-Date=2026&partNumber=1',
    ])
      assert.equal(redact(text), text);
  });
});

/** Returns all text of an error: its stack, its properties and its cause. */
function describeAll(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return [error.stack, JSON.stringify(error, Object.getOwnPropertyNames(error)), describeAll(error.cause)].join('\n');
}
