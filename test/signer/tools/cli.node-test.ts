import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { after, describe, it } from 'node:test';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { startBucket } from '../../../demo/bucket/index.js';
import type { InitAnswer } from '../../../src/protocol.js';
import { createSqlTracker } from '../../../src/signer/node.js';
import { fileOf } from '../caller.js';

const CLI = fileURLToPath(new URL('../../../src/signer/tools/cli.ts', import.meta.url));
const TSX = import.meta.resolve('tsx');
const VALID_ENV = {
  S3_BUCKET: 'films',
  AWS_ACCESS_KEY_ID: 'A',
  AWS_SECRET_ACCESS_KEY: 'hush-hush',
  ALLOW_ANONYMOUS: 'true',
  PORT: '0',
};

describe('mule-upload signer', () => {
  const running = new Set<ChildProcess>();
  after(() => running.forEach((child) => child.kill('SIGKILL')));

  /** Starts the command as its own process, and collects its output. */
  function start(args: string[], env: Record<string, string> = {}) {
    const child = spawn(process.execPath, ['--import', TSX, CLI, ...args], {
      env: { PATH: process.env['PATH'], ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    running.add(child);
    child.once('exit', () => running.delete(child));
    const output = { out: '', err: '' };
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output.out += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (output.err += text));
    return { child, output };
  }

  async function runToEnd(args: string[], env?: Record<string, string>) {
    const { child, output } = start(args, env);
    const [code] = (await once(child, 'close')) as [number];
    return { code, ...output };
  }

  /** Starts a signer with valid settings, and waits until it prints its URL. */
  async function startSigner(env: Record<string, string> = {}) {
    const { child, output } = start(['signer'], { ...VALID_ENV, ...env });
    while (!output.out.includes('\n')) {
      const [event] = await Promise.race([once(child.stdout, 'data'), once(child, 'exit').then(() => ['exit'])]);
      assert.notEqual(event, 'exit', output.err);
    }
    return { child, output, url: /http:\S+/.exec(output.out)![0] };
  }

  const postInit = (url: string, headers = {}) =>
    fetch(`${url}/get_init_signature`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ files: [fileOf()] }),
    });

  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    it(`signs with the options of its environment, and exits cleanly on ${signal}`, async () => {
      const { child, output, url } = await startSigner({
        S3_ENDPOINT: 'https://store.example',
        AWS_REGION: 'eu-west-1',
        AWS_SESSION_TOKEN: 'tok',
        PART_SIZE: '16MiB',
        MAX_SIZE: '1GB',
        ORIGINS: 'https://page.example, https://other.example',
        SIGNER_SECRET: 'a new secret text, an old secret text',
      });
      const response = await postInit(url, { origin: 'https://other.example' });
      const { files, principal } = (await response.json()) as InitAnswer;
      assert.equal(principal, null, 'anonymous calls have no principal');
      const file = files[0] as { part_size: number; init: { url: string } };
      assert.equal(file.part_size, 16 * 1024 ** 2);
      assert.match(file.init.url, /^https:\/\/store\.example\/films\/uploads\/.*eu-west-1.*X-Amz-Security-Token=tok/);
      assert.equal((await postInit(url, { origin: 'https://evil.example' })).status, 403);
      child.kill(signal);
      assert.deepEqual(await once(child, 'exit'), [0, null]);
      assert.equal(output.err, '');
      assert.ok(!output.out.includes('hush'), 'the output contains the secret access key');
    });
  }

  it('warns in one line if ORIGINS is not set', async () => {
    for (const ORIGINS of ['', ' , ']) {
      const { child, output, url } = await startSigner({ ORIGINS });
      assert.equal((await postInit(url)).status, 200);
      child.kill('SIGTERM');
      await once(child, 'close');
      assert.match(output.out, /^mule-upload signer for bucket films on http:\/\/127\.0\.0\.1:\d+\n$/);
      assert.match(output.err, /^mule-upload signer: ORIGINS is not set, .*proxy.*page's own origin.*\n$/);
    }
  });

  it('explains in its usage when ORIGINS is required', async () => {
    const { out } = await runToEnd(['--help']);
    assert.match(
      out.replace(/\s+/g, ' '),
      /ORIGINS .*Required unless a proxy serves the signer on the page's own origin/,
    );
  });

  it('prints its usage with --help', async () => {
    for (const args of [['--help'], ['signer', '--help']]) {
      const { code, out } = await runToEnd(args);
      assert.equal(code, 0);
      for (const variable of ['S3_BUCKET', 'AWS_REGION', 'S3_ENDPOINT', 'SIGNER_SECRET', 'ALLOW_ANONYMOUS', 'PORT'])
        assert.ok(out.includes(variable));
    }
  });

  it('reports a missing or unknown command', async () => {
    assert.match((await runToEnd([])).err, /no command given/);
    const { code, err } = await runToEnd(['sinner']);
    assert.equal(code, 2);
    assert.match(err, /“sinner” is not a command/);
  });

  const invalidSettings: [RegExp, Record<string, string>][] = [
    [/S3_BUCKET is not set/, { S3_BUCKET: '' }],
    [/AWS_SECRET_ACCESS_KEY is not set/, { AWS_SECRET_ACCESS_KEY: '' }],
    [/set PRINCIPAL_HEADER .*, or set ALLOW_ANONYMOUS=true/, { ALLOW_ANONYMOUS: '' }],
    [/S3_ENDPOINT: "store" is not/, { S3_ENDPOINT: 'store' }],
    [/ORIGINS: "page\.example" is not/, { ORIGINS: 'page.example' }],
    [/MAX_SIZE: "many" is not a size/, { MAX_SIZE: 'many' }],
    [/PART_SIZE: 1000 is not/, { PART_SIZE: '1kB' }],
    [/SIGNER_SECRET: expected a string/, { SIGNER_SECRET: 'short' }],
    [/PORT: "80a" is not a port/, { PORT: '80a' }],
    [/PRINCIPAL_HEADER: "a b" is not the name/, { PRINCIPAL_HEADER: 'a b' }],
    [/must start with postgres:\/\/ or sqlite:/, { DATABASE_URL: 'mysql://user:hush@host/db' }],
  ];
  for (const [message, env] of invalidSettings) {
    it(`names the invalid variable in one line: ${message.source}`, async () => {
      const { code, err, out } = await runToEnd(['signer'], { ...VALID_ENV, ...env });
      assert.equal(code, 2);
      assert.match(err, message);
      assert.equal(err.trim().split('\n').length, 1);
      assert.equal(out, '');
    });
  }

  it('identifies users by a header of the proxy, and tracks and sweeps uploads in a database', async () => {
    const directory = await mkdtemp(path.join(tmpdir(), 'mule-cli-'));
    const database = { DATABASE_URL: `sqlite:${path.join(directory, 'uploads.db')}` };
    const { child, url } = await startSigner({
      ...database,
      ALLOW_ANONYMOUS: '',
      PRINCIPAL_HEADER: 'X-Forwarded-User',
    });
    assert.equal((await postInit(url)).status, 401);
    const { actions, principal } = (await (await postInit(url, { 'x-forwarded-user': 'ada' })).json()) as InitAnswer;
    assert.ok(actions!.includes('chunk_loaded'));
    assert.match(principal!, /^[\w-]{22}$/);
    child.kill('SIGTERM');
    assert.deepEqual(await once(child, 'exit'), [0, null]);
    const swept = await runToEnd(['sweep', '--days', '3'], { ...VALID_ENV, ...database });
    assert.deepEqual([swept.code, swept.out], [0, '0 aborted, 0 already gone, 0 failed\n'], swept.err);
    assert.match((await runToEnd(['sweep'], VALID_ENV)).err, /DATABASE_URL is not set/);
    assert.match(
      (await runToEnd(['sweep', '--days', 'x'], { ...VALID_ENV, ...database })).err,
      /--days: NaN is not a finite number above 0/,
    );
    await rm(directory, { recursive: true });
  });

  it('sweeps all abandoned uploads in one run, even if there are more than 1,000', async () => {
    const directory = await mkdtemp(path.join(tmpdir(), 'mule-cli-'));
    const bucket = await startBucket({
      dir: directory,
      buckets: ['films'],
      credentials: { accessKeyId: 'A', secretAccessKey: VALID_ENV.AWS_SECRET_ACCESS_KEY },
    });
    const url = `sqlite:${path.join(directory, 'uploads.db')}`;
    const begun = Date.now() - 9 * 86_400_000;
    const tracker = await createSqlTracker({ url, now: () => begun });
    for (let index = 0; index < 1_100; index += 1) {
      const name = `u${index}`;
      const upload = { principal: name, bucket: 'films', key: name, uploadId: name, size: 9, partSize: 5, begun };
      await tracker.note({ ...upload, checksum: null, marks: [] }, []);
    }
    await tracker.close();
    const environment = { ...VALID_ENV, DATABASE_URL: url, S3_ENDPOINT: bucket.url };
    const swept = await runToEnd(['sweep'], environment);
    assert.deepEqual([swept.code, swept.out], [0, '0 aborted, 1100 already gone, 0 failed\n'], swept.err);
    const again = await runToEnd(['sweep'], environment);
    assert.deepEqual([again.code, again.out], [0, '0 aborted, 0 already gone, 0 failed\n'], again.err);
    await bucket.close();
    await rm(directory, { recursive: true });
  });

  it('checks a signer’s conformance to the protocol, and describes its faults', async () => {
    const { child, url } = await startSigner({ S3_ENDPOINT: 'http://127.0.0.1:1' });
    const { code, out } = await runToEnd(['conformance', url, '--header', 'X-User: ada']);
    assert.equal(code, 1);
    assert.match(out, /^ok {4}only JSON is accepted/);
    assert.match(out, /^WRONG init signs a small file, and the store accepts it\n {6}\S/m);
    assert.match(out, /\d+ of \d+ rules passed\n$/);
    child.kill('SIGTERM');
    assert.match((await runToEnd(['conformance', 'x'])).err, /"x" is not a URL/);
  });

  it('checks the store with --check, and prints corrected CORS rules', async () => {
    const directory = await mkdtemp(path.join(tmpdir(), 'mule-cli-'));
    const credentials = { accessKeyId: VALID_ENV.AWS_ACCESS_KEY_ID, secretAccessKey: VALID_ENV.AWS_SECRET_ACCESS_KEY };
    const rule = { allowedOrigins: ['https://page.example'], allowedMethods: ['GET', 'PUT', 'POST', 'HEAD', 'DELETE'] };
    const cors = [{ ...rule, allowedHeaders: ['*'], exposeHeaders: ['x-amz-request-id'] }];
    const bucket = await startBucket({ dir: directory, buckets: ['films'], credentials, cors });
    const env = { ...VALID_ENV, S3_ENDPOINT: bucket.url, ORIGINS: 'https://page.example', ALLOW_ANONYMOUS: '' };
    const { code, out, err } = await runToEnd(['signer', '--check'], env);
    assert.equal(code, 1, err);
    assert.match(out, /^ok {4}the bucket exists, and the credentials may start an upload\n/);
    assert.match(
      out,
      /^WRONG pages may read the ETag of a part\n {6}ExposeHeaders lacks ETag.*\n {6}the bucket's CORS rule/m,
    );
    assert.match(out, /^ {10}"AllowedOrigins": \[\n {12}"https:\/\/page\.example"/m);
    assert.match(
      out,
      /^HINT {2}the credentials have no further permissions\n {6}the credentials may also list the objects of the bucket/m,
    );
    const other = await runToEnd(['signer', '--check'], { ...env, S3_BUCKET: 'other' });
    assert.match(other.out, /^WRONG the bucket exists.*\n {6}bucket other does not exist\n {6}aws s3 mb s3:\/\/other/);
    await bucket.close();
    await rm(directory, { recursive: true });
  });

  it('completes calls in progress after SIGTERM, and accepts no new ones', async () => {
    const { child, url } = await startSigner();
    const { port, hostname } = new URL(url);
    const body = JSON.stringify({ files: [fileOf()] });
    const socket = connect(Number(port), hostname);
    socket.write(
      `POST /get_init_signature HTTP/1.1\r\nHost: ${hostname}\r\nContent-Type: application/json\r\n`
        + `Content-Length: ${body.length}\r\n\r\n${body.slice(0, 10)}`,
    );
    // this call comes later, so the signer already has the first half of the other one
    assert.equal((await postInit(url)).status, 200);
    child.kill('SIGTERM');
    while (await postInit(url).catch(() => null)) await new Promise((resolve) => setTimeout(resolve, 20));
    socket.write(body.slice(10));
    let response = '';
    for await (const text of socket.setEncoding('utf8')) response += text as string;
    assert.match(response, /^HTTP\/1\.1 200 OK[^]*X-Amz-Signature/);
    if (child.exitCode === null) await once(child, 'exit');
    assert.equal(child.exitCode, 0);
  });

  it('reports that its port is in use', async () => {
    const otherServer = createServer().listen(0, '127.0.0.1');
    await once(otherServer, 'listening');
    const { port } = otherServer.address() as AddressInfo;
    const { code, err } = await runToEnd(['signer'], { ...VALID_ENV, PORT: String(port) });
    otherServer.close();
    assert.equal(code, 1);
    assert.match(err, new RegExp(`cannot listen on 127\\.0\\.0\\.1:${port} \\(EADDRINUSE\\)`));
  });
});
