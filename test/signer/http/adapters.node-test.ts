/** The signer in common servers, configured as in the README; each test starts one and calls it over HTTP. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo, Server } from 'node:net';
import { after, describe, it } from 'node:test';
import express from 'express';
import fastify from 'fastify';
import { Hono } from 'hono';
import { createSigner } from '../../../src/signer/index.js';
import { toNodeHandler } from '../../../src/signer/node.js';
import { callEverything } from './adapter-calls.js';
import { CREDENTIALS } from '../caller.js';

const sign = createSigner({
  bucket: 'films',
  credentials: CREDENTIALS,
  secret: 'a secret of sixteen',
  authorize: (request) => request.headers.get('x-user'),
  origins: ['https://page.example'],
});

const stops: (() => unknown)[] = [];
after(async () => {
  for (const stop of stops) await stop();
});

async function urlOf(server: Server & { closeAllConnections?(): void }): Promise<string> {
  stops.push(() => {
    server.closeAllConnections?.();
    server.close();
  });
  if (!server.listening) await new Promise((resolve) => server.once('listening', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe('the signer in a server', () => {
  it('of node:http answers, and the server still serves its other pages', async () => {
    const handle = toNodeHandler(sign);
    const server = createServer((req, res) => (req.url!.startsWith('/sign/') ? handle(req, res) : res.end('page')));
    const url = await urlOf(server.listen(0, '127.0.0.1'));
    await callEverything(`${url}/sign`);
    assert.equal(await (await fetch(url)).text(), 'page');
  });

  it('of Express answers, with and without the JSON body parser of Express', async () => {
    for (const parsers of [[], [express.json()]]) {
      const app = express();
      for (const middleware of parsers) app.use(middleware);
      app.use('/sign', toNodeHandler(sign));
      app.get('/', (_req, res) => void res.send('page'));
      const url = await urlOf(app.listen(0, '127.0.0.1'));
      await callEverything(`${url}/sign`);
      assert.equal(await (await fetch(url)).text(), 'page');
    }
  });

  it('of Fastify answers', async () => {
    const app = fastify();
    const handle = toNodeHandler(sign);
    await app.register(async (scope) => {
      // the signer itself reads the bodies, so that it can refuse them with 415 and 413 as the protocol requires
      scope.removeAllContentTypeParsers();
      scope.addContentTypeParser('*', (_request, _body, done) => done(null));
      scope.all('/sign/*', (request, reply) => {
        reply.hijack();
        handle(request.raw, reply.raw);
      });
    });
    app.get('/', async () => 'page');
    const url = await app.listen({ port: 0, host: '127.0.0.1' });
    stops.push(() => app.close());
    await callEverything(`${url}/sign`);
    assert.equal(await (await fetch(url)).text(), 'page');
  });

  it('of Hono answers', async () => {
    const app = new Hono();
    app.all('/sign/*', (c) => sign(c.req.raw));
    app.get('/', (c) => c.text('page'));
    // Hono has the interface of the fetch standard; a Node listener connects it to a port
    const url = await urlOf(createServer(toNodeHandler(async (request) => app.fetch(request))).listen(0, '127.0.0.1'));
    await callEverything(`${url}/sign`);
    assert.equal(await (await fetch(url)).text(), 'page');
  });
});
