import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { after, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { fileOf } from '../caller.js';

const CLI = fileURLToPath(new URL('../../../src/signer/tools/cli.ts', import.meta.url));
const TSX = import.meta.resolve('tsx');
/** Number of valid requests first: several times as many as V8 needs before it uses the fast path of `URL.canParse`. */
const WARM_UP_REQUESTS = 10_000;
const REQUESTS = process.env['MULE_TEST_ALL'] ? 1_000_000 : 30_000;
/** Number of requests that are sent together on one connection. */
const BATCH_SIZE = 500;

const ACTION = '/sign/get_init_signature';
const jsonPost = (host: string, path = ACTION, headers = ''): string =>
  `POST ${path} HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/json\r\n${headers}Content-Length: 2\r\n\r\n{}`;

/** Requests that Node's parser accepts, but whose URL, host, origin or method is invalid. */
const MALFORMED: readonly string[] = [
  ...[
    '\xC3\x8E',
    '\xFF',
    'a b',
    '[::1',
    '%zz',
    'a@b',
    'h:99999',
    '\xC3\x8E:80',
    'a..\xAD',
    '<>',
    '',
    '#',
    '?x',
    'a\\b',
  ].map((host) => jsonPost(host)),
  ...['//\xC3\x8E/x', 'http://\xC3\x8E/get_init_signature', '*', '/%', '/%zz/get_init_signature', '/\\\\evil'].map(
    (path) => jsonPost('h', path),
  ),
  ...['http://\xC3\x8E', '\xC3\x8E', 'null', 'https://', '://'].map((origin) =>
    jsonPost('h', ACTION, `Origin: ${origin}\r\n`),
  ),
  jsonPost('h', ACTION, 'Transfer-Encodin: x\r\nCookie: \xC3\x8E\r\n'),
  `OPTIONS * HTTP/1.1\r\nHost: \xC3\x8E\r\nOrigin: \xC3\x8E\r\nAccess-Control-Request-Headers: \xC3\r\n\r\n`,
  `TRACE ${ACTION} HTTP/1.1\r\nHost: \xC3\x8E\r\n\r\n`,
  `GET / HTTP/1.1\r\nHost: \xC3\x8E\r\n\r\n`,
];

/** A connection that sends requests in batches, and counts the responses by their status. */
class Connection {
  readonly statuses = new Map<string, number>();
  readonly #port: number;
  #socket: Socket | null = null;
  #answers = 0;
  #tail = '';
  #progress: () => void = () => undefined;

  constructor(port: number) {
    this.#port = port;
  }

  /** Sends requests and waits for a response to each, or for the connection's end. @returns the number of responses */
  async send(requests: readonly string[]): Promise<number> {
    const socket = await this.#open();
    this.#answers = 0;
    socket.write(Buffer.from(requests.join(''), 'latin1'));
    while (this.#answers < requests.length && !socket.destroyed)
      await new Promise<void>((resolve) => (this.#progress = resolve));
    return this.#answers;
  }

  close(): void {
    this.#socket?.destroy();
  }

  async #open(): Promise<Socket> {
    if (this.#socket && !this.#socket.destroyed) return this.#socket;
    const socket = connect(this.#port, '127.0.0.1').setEncoding('latin1');
    this.#socket = socket;
    this.#tail = '';
    socket.on('data', (text: string) => this.#read(text)).on('error', () => undefined);
    socket.on('close', () => this.#progress());
    await Promise.race([once(socket, 'connect'), once(socket, 'close')]);
    return socket;
  }

  #read(text: string): void {
    const received = this.#tail + text;
    for (const [, status] of received.matchAll(/HTTP\/1\.1 (\d{3}) /g)) {
      this.#answers += 1;
      this.statuses.set(status!, (this.statuses.get(status!) ?? 0) + 1);
    }
    // a status line may arrive in two chunks
    this.#tail = received.slice(-12).replace(/.*HTTP\/1\.1 \d{3} /s, '');
    this.#progress();
  }
}

describe('malformed requests', () => {
  const running = new Set<ChildProcess>();
  after(() => running.forEach((child) => child.kill('SIGKILL')));

  async function startSigner(): Promise<{ child: ChildProcess; port: number; output: () => string }> {
    const env = {
      PATH: process.env['PATH'],
      S3_BUCKET: 'films',
      AWS_ACCESS_KEY_ID: 'A',
      AWS_SECRET_ACCESS_KEY: 'hush',
      ALLOW_ANONYMOUS: 'true',
      ORIGINS: 'https://page.example',
      PORT: '0',
    };
    const child = spawn(process.execPath, ['--import', TSX, CLI, 'signer'], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    running.add(child);
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text) => (output += text));
    while (!/:\d+\n/.test(output)) await Promise.race([once(child.stdout, 'data'), once(child, 'exit')]);
    return { child, port: Number(/:(\d+)\n/.exec(output)![1]), output: () => output };
  }

  it(`do not end the signer, ${REQUESTS.toLocaleString('en')} of them after ${WARM_UP_REQUESTS.toLocaleString('en')} valid ones, and none gets a 5xx`, async () => {
    const { child, port, output } = await startSigner();
    const connection = new Connection(port);
    const validRequest = jsonPost('h', ACTION, 'Origin: https://page.example\r\n');
    for (let sent = 0; sent < WARM_UP_REQUESTS; sent += BATCH_SIZE)
      await connection.send(Array<string>(BATCH_SIZE).fill(validRequest));
    for (let sent = 0; sent < REQUESTS;) {
      const batch = Array.from({ length: BATCH_SIZE }, (_, index) => MALFORMED[(sent + index) % MALFORMED.length]!);
      const answers = await connection.send(batch);
      assert.equal(child.exitCode, null, `the signer ended after ${sent} malformed requests:\n${output()}`);
      // a request that Node itself rejects ends its connection
      sent += Math.max(answers, 1);
    }
    connection.close();
    const url = `http://127.0.0.1:${port}${ACTION}`;
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(url, { method: 'POST', headers, body: JSON.stringify({ files: [fileOf()] }) });
    assert.equal(answer.status, 200);
    assert.deepEqual(
      [...connection.statuses.keys()].filter((status) => !/^(204|4\d\d)$/.test(status)),
      [],
    );
    assert.ok(connection.statuses.get('400')! > REQUESTS / 2);
    child.kill('SIGTERM');
    await once(child, 'exit');
  });
});
