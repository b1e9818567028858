/** The signer without Node: with only the fetch standard and WebCrypto, and in other runtimes. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, it } from 'node:test';
import { createContext, runInContext } from 'node:vm';
import type { createSigner } from '../../src/signer/index.js';
import { toNodeHandler } from '../../src/signer/node.js';
import { Daemon, freePort } from '../servers/processes.js';
import { callEverything } from './http/adapter-calls.js';
import { CREDENTIALS } from './caller.js';
import { bundleSigner, prepareRuntime, RUNTIMES } from './runtimes.js';

/** The globals of every runtime with the fetch standard. @see https://min-common-api.proposal.wintertc.org/ */
const STANDARD_GLOBALS = [
  'AbortSignal',
  'Headers',
  'Request',
  'Response',
  'TextDecoder',
  'TextEncoder',
  'URL',
  'atob',
  'btoa',
  'clearTimeout',
  'console',
  'crypto',
  'fetch',
  'performance',
  'setTimeout',
] as const;

describe('the signer without Node', () => {
  it('needs only the fetch standard and WebCrypto', async () => {
    const context = createContext(Object.fromEntries(STANDARD_GLOBALS.map((name) => [name, globalThis[name]])));
    const signer = runInContext(`${await bundleSigner('iife')}; Signer`, context) as {
      createSigner: typeof createSigner;
    };
    const sign = signer.createSigner({
      bucket: 'films',
      credentials: CREDENTIALS,
      secret: 'a secret of sixteen',
      authorize: (request) => request.headers.get('x-user'),
      origins: ['https://page.example'],
    });
    const server = createServer(toNodeHandler(sign)).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    try {
      await callEverything(`http://127.0.0.1:${(server.address() as AddressInfo).port}/sign`);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });

  // downloads hundreds of megabytes; the binaries are for Linux only
  const runsAllRuntimes = process.env.MULE_TEST_ALL === '1' && process.platform === 'linux';
  for (const name of runsAllRuntimes ? Object.keys(RUNTIMES) : []) {
    it(`runs in ${name}`, async () => {
      const port = await freePort();
      const { program, parameters, cwd } = await prepareRuntime(name, port, CREDENTIALS);
      const daemon = new Daemon(program, parameters, { cwd });
      try {
        const base = `http://127.0.0.1:${port}/sign`;
        await daemon.ready(name, async () => (await fetch(`${base}/get_init_signature`)).status === 405, 120_000);
        await callEverything(base).catch((error: Error) => assert.fail(`${error.stack}\n${daemon.log}`));
      } finally {
        await daemon.stop();
      }
    });
  }
});
