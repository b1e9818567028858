import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import express from 'express';
import { serveDemo } from '../../../demo/serve.js';
import { createSigner } from '../../../src/signer/index.js';
import type { SignerOptions } from '../../../src/signer/index.js';
import { toNodeHandler } from '../../../src/signer/node.js';
import { CREDENTIALS, fileOf } from '../caller.js';

const CLI = fileURLToPath(new URL('../../../src/signer/tools/cli.ts', import.meta.url));
const BODY = JSON.stringify({ files: [fileOf()] });
/** Timeout of tests that wait without limit if they fail; it does not measure speed. */
const HANG_TIMEOUT = { timeout: 120_000 };

const optionsWith = (options: Partial<SignerOptions>): SignerOptions => ({
  bucket: 'films',
  endpoint: 'http://127.0.0.1:9000',
  credentials: CREDENTIALS,
  authorize: (request) => request.headers.get('x-user'),
  ...options,
});

/** A client that sends the head of a call, and sends its body when the test says so. */
class SlowClient {
  received = '';
  readonly closed: Promise<void>;
  readonly #socket: Socket;

  constructor(port: number, headers = '', length = BODY.length, actionPath = '/sign/get_init_signature') {
    this.#socket = connect(port, '127.0.0.1').setEncoding('utf8');
    this.#socket.on('data', (text: string) => (this.received += text)).on('error', () => undefined);
    // resolves after a reset, too; `once` of node:events would reject
    this.closed = new Promise((resolve) => this.#socket.once('close', () => resolve()));
    this.send(
      `POST ${actionPath} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nContent-Type: application/json\r\n`
        + `Content-Length: ${length}\r\n${headers}\r\n`,
    );
  }

  send(text: string): void {
    this.#socket.write(text);
  }

  /** Waits for the status of the response. */
  async status(): Promise<number> {
    while (!this.received.includes('\r\n\r\n')) await Promise.race([once(this.#socket, 'data'), this.closed]);
    return Number(this.received.slice(9, 12));
  }

  end(): void {
    this.#socket.destroy();
  }
}

/** A complete call of a signed-in user. */
const SIGNED_IN_REQUEST =
  'POST /sign/get_init_signature HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\nX-User: ada\r\n'
  + `Content-Length: ${BODY.length}\r\n\r\n${BODY}`;

describe('a body that does not arrive', () => {
  const stops: (() => unknown)[] = [];
  after(async () => {
    for (const stop of stops) await stop();
  });

  async function serve(options: Partial<SignerOptions>): Promise<number> {
    const server = createServer(toNodeHandler(createSigner(optionsWith(options)))).listen(0, '127.0.0.1');
    stops.push(() => {
      server.closeAllConnections();
      server.close();
    });
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  }

  it('is not read before authorize and throttle have decided, in the fetch handler', HANG_TIMEOUT, async () => {
    for (const [status, options] of [
      [401, {}],
      [429, { allowAnonymous: true, throttle: () => 7 }],
      [403, { allowAnonymous: true, origins: ['https://page.example'] }],
    ] as const) {
      let pulls = 0;
      const pull = () => {
        pulls += 1;
        return new Promise<void>(() => undefined);
      };
      const request = new Request('https://signer.test/sign/get_init_signature', {
        method: 'POST',
        headers: { 'content-type': 'application/json', origin: 'https://evil.example' },
        body: new ReadableStream({ pull }, { highWaterMark: 0 }),
        duplex: 'half',
      } as RequestInit);
      const response = await createSigner(optionsWith(options))(request);
      assert.deepEqual([response.status, pulls], [status, 0]);
    }
  });

  it(
    'is not waited for by the Node adapter if the caller is refused, with and without Express',
    HANG_TIMEOUT,
    async () => {
      const app = express();
      app.use('/sign', toNodeHandler(createSigner(optionsWith({}))));
      const server = app.listen(0, '127.0.0.1');
      stops.push(() => {
        server.closeAllConnections();
        server.close();
      });
      await once(server, 'listening');
      for (const [status, port] of [
        [401, await serve({})],
        [429, await serve({ allowAnonymous: true, throttle: () => 7 })],
        [401, (server.address() as AddressInfo).port],
      ] as const) {
        const client = new SlowClient(port);
        assert.equal(await client.status(), status);
        client.end();
      }
    },
  );

  it('is not waited for by the command line signer', HANG_TIMEOUT, async () => {
    const env = {
      PATH: process.env['PATH'],
      S3_BUCKET: 'films',
      AWS_ACCESS_KEY_ID: 'A',
      AWS_SECRET_ACCESS_KEY: 'hush',
      PRINCIPAL_HEADER: 'X-User',
      PORT: '0',
    };
    const parameters = ['--import', import.meta.resolve('tsx'), CLI, 'signer'];
    const child = spawn(process.execPath, parameters, { env, stdio: ['ignore', 'pipe', 'ignore'] });
    stops.push(() => child.kill('SIGKILL'));
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
    while (!/:\d+\n/.test(output)) await once(child.stdout, 'data');
    const client = new SlowClient(Number(/:(\d+)\n/.exec(output)![1]));
    assert.equal(await client.status(), 401);
    client.end();
  });

  it("is not waited for by the demo's server, which reports no such call", HANG_TIMEOUT, async () => {
    const directory = await mkdtemp(path.join(tmpdir(), 'mule-slow-'));
    const calls: string[] = [];
    const demo = await serveDemo({
      port: 0,
      bucketDirectory: path.join(directory, 'bucket'),
      signer: { allowAnonymous: undefined, authorize: (request) => request.headers.get('x-user') },
      onSignerCall: (action) => void calls.push(action),
    });
    stops.push(async () => {
      await demo.close();
      await rm(directory, { recursive: true });
    });
    const refused = new SlowClient(Number(new URL(demo.url).port));
    assert.equal(await refused.status(), 401);
    assert.deepEqual(calls, []);
    const accepted = new SlowClient(Number(new URL(demo.url).port), 'X-User: ada\r\n');
    accepted.send(BODY);
    assert.equal(await accepted.status(), 200);
    assert.deepEqual(calls, ['get_init_signature']);
    for (const client of [refused, accepted]) client.end();
  });

  it('is refused with 408 after the timeout, and the connection is closed', HANG_TIMEOUT, async () => {
    const port = await serve({ bodyTimeout: 1 });
    const clients = Array.from({ length: 50 }, () => new SlowClient(port, 'X-User: ada\r\n'));
    const sendBytes = setInterval(() => clients.forEach((client) => client.send(' ')), 100);
    for (const client of clients) assert.equal(await client.status(), 408);
    assert.match(clients[0]!.received, /body-timeout/);
    await Promise.all(clients.map(({ closed }) => closed));
    clearInterval(sendBytes);
  });

  it('does not delay other callers', HANG_TIMEOUT, async () => {
    const port = await serve({});
    const slow = Array.from({ length: 200 }, () => new SlowClient(port, 'X-User: mallory\r\n'));
    const quick = new SlowClient(port, 'X-User: ada\r\n');
    quick.send(BODY);
    assert.equal(await quick.status(), 200);
    for (const client of [...slow, quick]) client.end();
  });

  it(
    'is read to its end if it arrives slowly in chunks, and the connection serves further calls',
    HANG_TIMEOUT,
    async () => {
      const port = await serve({});
      const client = new SlowClient(port, 'X-User: ada\r\n');
      for (const chunk of BODY.match(/.{1,20}/gs)!) {
        client.send(chunk);
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      assert.equal(await client.status(), 200);
      client.received = '';
      client.send(SIGNED_IN_REQUEST);
      assert.equal(await client.status(), 200);
      client.end();
    },
  );

  it('does not keep a caller that is still sending from reading the refusal', HANG_TIMEOUT, async () => {
    const port = await serve({});
    const length = 1_000_000;
    const client = new SlowClient(port, '', length);
    assert.equal(await client.status(), 401);
    for (let sent = 0; sent < length; sent += 100_000) client.send(' '.repeat(100_000));
    client.received = '';
    // the connection stays usable: the signer has not read the late body bytes as a request
    client.send(SIGNED_IN_REQUEST);
    assert.equal(await client.status(), 200);
    client.end();
  });
});
