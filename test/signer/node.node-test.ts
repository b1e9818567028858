import assert from 'node:assert/strict';
import { createServer, request } from 'node:http';
import type { RequestListener } from 'node:http';
import { connect } from 'node:net';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { after, describe, it } from 'node:test';
import { createSigner } from '../../src/signer/index.js';
import { toNodeHandler } from '../../src/signer/node.js';
import { CREDENTIALS, fileOf } from './caller.js';

const JSON_TYPE = { 'content-type': 'application/json' };

describe('toNodeHandler', () => {
  const signer = createSigner({
    bucket: 'bucket',
    credentials: CREDENTIALS,
    allowAnonymous: true,
    origins: ['https://page.example'],
  });
  const closers: (() => void)[] = [];
  after(() => closers.forEach((close) => close()));

  async function serve(listener: RequestListener): Promise<string> {
    const server = createServer(listener).listen(0, '127.0.0.1');
    closers.push(() => server.close().closeAllConnections());
    await new Promise((resolve) => server.once('listening', resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  const post = (url: string, body: unknown = { files: [fileOf()] }) =>
    fetch(url, { method: 'POST', headers: JSON_TYPE, body: typeof body === 'string' ? body : JSON.stringify(body) });

  it('serves the signer by node:http, with its statuses and headers', async () => {
    const url = await serve(toNodeHandler(signer));
    const answer = (await (await post(`${url}/get_init_signature`)).json()) as { files: { key: string }[] };
    assert.match(answer.files[0]!.key, /film\.mp4$/);
    const wrongMethod = await fetch(`${url}/get_init_signature`);
    assert.equal(wrongMethod.status, 405);
    assert.equal(wrongMethod.headers.get('allow'), 'POST, OPTIONS');
    const preflight = await fetch(`${url}/get_init_signature`, {
      method: 'OPTIONS',
      headers: { origin: 'https://page.example', 'access-control-request-method': 'POST' },
    });
    assert.equal(preflight.status, 204);
    assert.equal(preflight.headers.get('access-control-allow-origin'), 'https://page.example');
  });

  it('refuses every wrong method and every path without an action, in JSON', async () => {
    const { port } = new URL(await serve(toNodeHandler(signer)));
    const refusalOf = (method: string, path: string) =>
      new Promise<string>((resolve, reject) => {
        const call = request({ host: '127.0.0.1', port, method, path, agent: false }, async (response) => {
          const { error } = (await json(response)) as { error: { code: string; message: string } };
          resolve(`${response.statusCode} ${error.code}: ${error.message}`);
        });
        call.on('error', reject).end();
      });
    for (const method of ['GET', 'PUT', 'DELETE', 'PROPFIND', 'TRACE']) {
      assert.equal(
        await refusalOf(method, '/sign/get_init_signature'),
        `405 method-not-allowed: get_init_signature does not support ${method}; send JSON by POST.`,
      );
      assert.match(await refusalOf(method, '/sign/get_init'), /^404 unknown-action: “get_init” is not an action/);
      assert.match(await refusalOf(method, '/'), /^404 unknown-action: The URL names no action/);
    }
  });

  it('finds the action under any mount path, and calls next() for other URLs', async () => {
    const handler = toNodeHandler(signer);
    const url = await serve((req, res) => {
      // as connect and Express do for app.use('/sign', handler)
      Object.assign(req, { originalUrl: req.url, url: req.url!.replace('/sign', '') || '/' });
      handler(req, res, () => res.end('passed on'));
    });
    assert.equal((await post(`${url}/sign/get_init_signature`)).status, 200);
    assert.equal(await (await post(`${url}/sign/other`)).text(), 'passed on');
  });

  it('uses the body that a body parser has read', async () => {
    const handler = toNodeHandler(signer);
    const url = await serve(async (req, res) => {
      const chunks: Buffer[] = [];
      for await (const chunk of req) chunks.push(chunk as Buffer);
      handler(Object.assign(req, { body: JSON.parse(Buffer.concat(chunks).toString()) as unknown }), res);
    });
    assert.equal((await post(`${url}/get_init_signature`)).status, 200);
  });

  it('answers 413 during an endless body, then closes the connection', async () => {
    const { port, hostname } = new URL(await serve(toNodeHandler(signer)));
    const socket = connect(Number(port), hostname);
    let received = '';
    socket
      .setEncoding('utf8')
      .on('data', (text: string) => (received += text))
      .on('error', () => undefined);
    socket.write(
      `POST /get_init_signature HTTP/1.1\r\nHost: ${hostname}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n`,
    );
    const chunk = `10000\r\n${' '.repeat(65_536)}\r\n`;
    const closed = new Promise((resolve) => socket.once('close', resolve));
    const writeUntilFull = () => {
      while (!socket.destroyed && socket.write(chunk));
    };
    socket.on('drain', writeUntilFull);
    writeUntilFull();
    await closed;
    assert.match(received, /^HTTP\/1\.1 413 /);
    assert.match(received, /body-too-large/);
  });

  it('refuses a request with an invalid host, or whose path contains a host', async () => {
    const { port, hostname } = new URL(await serve(toNodeHandler(signer)));
    for (const [path, host] of [
      ['//evil.test/get_head_signature', 'a b'],
      ['http://evil.test/get_head_signature', hostname],
    ]) {
      const socket = connect(Number(port), hostname);
      socket.end(
        `POST ${path} HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}`,
      );
      let received = '';
      for await (const text of socket.setEncoding('utf8')) received += text as string;
      assert.match(received, /^HTTP\/1\.1 400 [^]*invalid-request/, path);
    }
  });

  it('refuses a host that would replace the path which the signer and authorize receive', async () => {
    const urls: string[] = [];
    const handler = toNodeHandler(async ({ url }) => {
      urls.push(url);
      return new Response('called');
    });
    const { port, hostname } = new URL(await serve(handler));
    const statusFor = async (host: string) => {
      const socket = connect(Number(port), hostname);
      socket.end(`GET /sign/get_head_signature HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
      let received = '';
      for await (const text of socket.setEncoding('utf8')) received += text as string;
      return received.slice(9, 12);
    };
    for (const host of ['h/admin?', 'h/admin#', 'h?x=', 'h#', 'h\\admin', 'user@h', 'user:password@h', 'h\tx', ''])
      assert.equal(await statusFor(host), '400', JSON.stringify(host));
    assert.deepEqual(urls, []);
    for (const host of ['h', 'h.test:8080', '[::1]:8080', '127.0.0.1', 'bücher.test'])
      assert.equal(await statusFor(host), '200', host);
    for (const url of urls) assert.equal(new URL(url).pathname, '/sign/get_head_signature');
  });

  it('passes the error of a signer that rejects to next()', async () => {
    const handler = toNodeHandler(() => Promise.reject(new Error('broken')));
    const url = await serve((req, res) =>
      handler(req, res, (error) => res.writeHead(502).end((error as Error).message)),
    );
    const response = await post(`${url}/get_init_signature`);
    assert.equal(response.status, 502);
    assert.equal(await response.text(), 'broken');
  });
});
