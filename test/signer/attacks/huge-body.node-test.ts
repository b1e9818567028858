import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request } from 'node:http';
import { after, before, describe, it } from 'node:test';
import { startAttackHarness } from './attack-harness.js';
import type { AttackHarness } from './attack-harness.js';

const MIB = 1024 ** 2;
/** A client that is still sending may get a connection reset instead of the response. */
const isRefused = (status: number | undefined): boolean => status === 413 || status === undefined;

describe('a 100 MB body', () => {
  let harness: AttackHarness;
  before(async () => {
    harness = await startAttackHarness();
  });
  after(async () => {
    assert.deepEqual(harness.faults, []);
    await harness.stop();
  });

  /** Sends 100 MB, until the signer stops reading. @returns the status, and the bytes sent */
  async function send(headers: Record<string, string | number>): Promise<{ status: number | undefined; sent: number }> {
    const outgoing = request(`${harness.url}/get_init_signature`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-user': 'mallory', ...headers },
    });
    let status: number | undefined;
    let isOver = false;
    outgoing.on('error', () => (isOver = true));
    outgoing.on('response', (response) => {
      status = response.statusCode;
      isOver = true;
      response.resume();
    });
    let sent = 0;
    const chunk = Buffer.alloc(MIB, 0x20);
    while (!isOver && sent < 100e6) {
      sent += chunk.length;
      if (!outgoing.write(chunk))
        await Promise.race([once(outgoing, 'drain'), once(outgoing, 'close')]).catch(() => {});
      await new Promise((resolve) => setImmediate(resolve));
    }
    outgoing.destroy();
    return { status, sent };
  }

  it('is refused above 1 MiB, with or without Content-Length, and does not stay in memory', async () => {
    const bytesBefore = process.memoryUsage().rss;
    for (const headers of [{}, { 'content-length': 100_000_000 }] as Record<string, number>[]) {
      const outcomes = await Promise.all(Array.from({ length: 5 }, () => send(headers)));
      for (const { status, sent } of outcomes) {
        assert.ok(isRefused(status), `${status}`);
        assert.ok(sent < 50e6, `${sent} bytes were sent`);
      }
    }
    const grownMib = (process.memoryUsage().rss - bytesBefore) / MIB;
    assert.ok(grownMib < 250, `${grownMib} MiB for ten bodies of 100 MB`);
  });

  it('does not delay other callers', async () => {
    const attack = send({});
    assert.ok((await harness.signIn('ada').init()).key);
    assert.ok(isRefused((await attack).status));
  });
});
