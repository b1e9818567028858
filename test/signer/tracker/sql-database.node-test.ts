import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { describe, it } from 'node:test';
import { openDatabase } from '../../../src/signer/tracker/sql-database.js';

describe('a PostgreSQL server that accepts connections and does not answer', () => {
  it('is given up after a time, so that no call waits for ever', { timeout: 60_000 }, async (t) => {
    const sockets: Socket[] = [];
    const server = createServer((socket) => void sockets.push(socket)).listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.after(() => {
      for (const socket of sockets) socket.destroy();
      server.close();
    });
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const { port } = server.address() as AddressInfo;
    let failure: Error | null = null;
    const opened = openDatabase(`postgres://ada:hush@127.0.0.1:${port}/films`).catch((error: Error) => {
      failure = error;
    });
    while (!failure) {
      await new Promise((resolve) => setImmediate(resolve));
      if (sockets.length > 0) t.mock.timers.tick(1_000);
    }
    await opened;
    assert.match(String(failure), /timeout/);
    assert.doesNotMatch(String(failure), /hush/);
  });
});
