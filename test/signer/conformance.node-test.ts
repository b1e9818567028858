import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { startBucket } from '../../demo/bucket/index.js';
import type { RunningBucket } from '../../demo/bucket/index.js';
import { need } from '../../scripts/machine.js';
import type { InitAnswer, InitPut, SignedRequest } from '../../src/protocol.js';
import { checkConformance } from '../../src/signer/conformance.js';
import { createMemoryTracker, createSigner } from '../../src/signer/index.js';
import type { SignerOptions } from '../../src/signer/index.js';
import { toNodeHandler } from '../../src/signer/node.js';
import { Daemon, freePort } from '../servers/processes.js';
import { CREDENTIALS } from './caller.js';

const BACKENDS = path.resolve(import.meta.dirname, '../../demo/backends');
const RULES = 16;

let dir: string;
let bucket: RunningBucket;
before(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'mule-conformance-'));
  bucket = await startBucket({ dir: path.join(dir, 'bucket'), buckets: ['films'], credentials: CREDENTIALS });
});
after(async () => {
  await bucket.close();
  await rm(dir, { recursive: true });
});

/** Runs the kit. @returns the rules that were broken, and how many there are */
async function faultsOf(url: string): Promise<{ rules: number; faults: string[] }> {
  const verdicts = await checkConformance({ url, headers: { 'x-user': 'ada' }, otherHeaders: { 'x-user': 'bob' } });
  return {
    rules: verdicts.length,
    faults: verdicts.flatMap(({ rule, fault }) => (fault === null ? [] : [`${rule}: ${fault}`])),
  };
}

type Change = (answer: Record<string, unknown>, action: string, body: Record<string, unknown>) => unknown;

/** Runs the kit against the package's own signer, with its answers changed as a faulty backend would give them. */
async function faultsOfOwn(options: Partial<SignerOptions> = {}, change?: Change) {
  const sign = createSigner({
    bucket: 'films',
    endpoint: bucket.url,
    credentials: CREDENTIALS,
    authorize: (request) => request.headers.get('x-user'),
    tracker: createMemoryTracker(),
    ...options,
  });
  const handle = toNodeHandler(async (request) => {
    const text = await request.clone().text();
    const response = await sign(request);
    if (!change || response.status === 204) return response;
    const action = new URL(request.url).pathname.split('/').at(-1)!;
    const json = (await response.clone().json()) as Record<string, unknown>;
    let body: Record<string, unknown> = {};
    try {
      body = JSON.parse(text) as typeof body;
    } catch {
      // garbage of the kit's own
    }
    const changed = change(json, action, body) ?? json;
    return changed instanceof Response ? changed : Response.json(changed, { status: response.status });
  });
  const server = createServer(handle).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  try {
    return await faultsOf(`http://127.0.0.1:${(server.address() as AddressInfo).port}/sign/`);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

describe('the conformance kit', () => {
  it('finds nothing wrong with the package’s own signer, however it is configured', async () => {
    const configurations: Partial<SignerOptions>[] = [
      {},
      { policy: { posts: true, disposition: 'attachment' } },
      { policy: { overwrite: false, key: '{principal}/{random}/{name}' } },
      { receipts: true, secret: 'a secret of sixteen', tracker: undefined },
    ];
    for (const options of configurations) {
      const { rules, faults } = await faultsOfOwn(options);
      assert.deepEqual(faults, [], JSON.stringify(options));
      assert.equal(rules, RULES);
    }
  });

  const broken: [string, RegExp, Change][] = [
    [
      'names no key',
      /has to name the key/,
      (answer, action) => {
        if (action === 'get_init_signature')
          for (const file of (answer['files'] ?? []) as { key?: string }[]) delete file.key;
      },
    ],
    [
      'gives its time in seconds',
      /time has to be the signer's clock in milliseconds/,
      (answer) => {
        if ('time' in answer) answer['time'] = Math.floor((answer['time'] as number) / 1_000);
      },
    ],
    [
      'forgets part_size',
      /part_size has to be whole bytes/,
      (answer) => {
        for (const file of (answer['files'] ?? []) as { part_size?: number }[]) delete file.part_size;
      },
    ],
    [
      'tells of refusals in text',
      /has to be \{"error"/,
      (answer) => ('error' in answer ? new Response('no', { status: 403 }) : undefined),
    ],
    [
      'signs host as a header to send',
      /no browser may set/,
      (answer) => {
        for (const file of (answer['files'] ?? []) as { put?: { headers: object } }[])
          if (file.put) Object.assign(file.put.headers, { Host: 'x' });
      },
    ],
    [
      'leaves out the files that it refuses',
      /“huge” is missing/,
      (answer) => {
        if (answer['files']) answer['files'] = (answer['files'] as object[]).filter((file) => !('error' in file));
      },
    ],
    [
      'gives receipts for whatever the page says',
      /gave a receipt for a file that nobody sent/,
      (_answer, action) => (action === 'chunk_loaded' ? Response.json({ receipt: 'x' }) : undefined),
    ],
  ];
  for (const [what, expected, change] of broken) {
    it(`tells the author of a backend that ${what}`, async () => {
      const { faults } = await faultsOfOwn({ receipts: true, secret: 'a secret of sixteen' }, change);
      assert.ok(
        faults.some((fault) => expected.test(fault)),
        faults.join('\n'),
      );
    });
  }

  it('tells the author of a backend that does not keep people apart', async () => {
    const { faults } = await faultsOfOwn({ authorize: () => 'anybody' });
    assert.match(faults.join('\n'), /bound to its principal: get_chunk_signature signed somebody else with this grant/);
    assert.match(faults.join('\n'), /init told somebody else of this upload/);
  });

  it('says that a signer is not there, rather than failing itself', async () => {
    const { faults } = await faultsOf(`http://127.0.0.1:${await freePort()}/sign`);
    assert.ok(faults.length > 3);
    assert.match(faults[0]!, /could not be tried/);
  });
});

interface Backend {
  tool: 'flask' | 'php' | 'ruby';
  /** Gives what the program is started with, and what tells it of its port and database. */
  start: (port: number) => { parameters: string[]; env: Record<string, string> };
}

const LANGUAGES: Readonly<Record<string, Backend>> = {
  'Flask with SQLAlchemy and boto3': {
    tool: 'flask',
    start: (port) => ({
      parameters: [path.join(BACKENDS, 'flask_signer.py')],
      env: { DATABASE_URL: `sqlite:///${path.join(dir, 'flask.db')}`, PORT: String(port) },
    }),
  },
  PHP: {
    tool: 'php',
    start: (port) => ({
      parameters: ['-S', `127.0.0.1:${port}`, path.join(BACKENDS, 'php_signer.php')],
      env: { DATABASE_URL: `sqlite:${path.join(dir, 'php.db')}` },
    }),
  },
  'Ruby with Sinatra': {
    tool: 'ruby',
    start: (port) => ({
      parameters: [path.join(BACKENDS, 'sinatra_signer.rb')],
      env: { DATABASE_FILE: path.join(dir, 'ruby.db'), PORT: String(port) },
    }),
  },
};

for (const [language, { tool, start }] of Object.entries(LANGUAGES)) {
  describe(`a backend in another language: ${language}`, () => {
    let daemon: Daemon;
    let base: string;
    before(async () => {
      const port = await freePort();
      const { parameters, env } = start(port);
      base = `http://127.0.0.1:${port}`;
      const common = {
        PATH: process.env.PATH,
        S3_BUCKET: 'films',
        S3_ENDPOINT: bucket.url,
        AWS_REGION: 'us-east-1',
        AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
        AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
        SIGNER_SECRET: 'a secret of sixteen',
      };
      daemon = new Daemon(need(tool).path, parameters, { cwd: dir, env: { ...common, ...env } });
      await daemon.ready(language, async () => (await fetch(base)).status === 404);
    });
    after(() => daemon.stop());

    const post = (action: string, body: unknown, user = 'ada') =>
      fetch(`${base}/sign/${action}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-user': user },
        body: JSON.stringify(body),
      });

    it('is held to the kit', async () => {
      const { rules, faults } = await faultsOf(`${base}/sign`);
      assert.deepEqual(faults, [], daemon.log);
      assert.equal(rules, RULES);
    });

    it('finds an upload again on another machine, for its owner', async () => {
      const file = {
        id: 'a',
        filename: 'Übung “1”.mp4',
        filesize: 40e6,
        last_modified: 1,
        content_type: '',
        fingerprint: 'f',
      };
      const init = async () =>
        ((await (await post('get_init_signature', { files: [file] })).json()) as InitAnswer).files[0]!;
      const begun = (await init()) as { key: string; grant: string };
      assert.match(begun.key, /^uploads\/[\da-f]{32}\/Übung “1”\.mp4$/);
      const notice = { ...begun, upload_id: 'u-1', chunks: [], state: 'started' };
      for (let times = 0; times < 2; times += 1) assert.equal((await post('chunk_loaded', notice)).status, 204);
      const found = (await init()) as unknown as Record<string, string>;
      assert.deepEqual([found['key'], found['upload_id']], [begun.key, 'u-1']);
      assert.equal((await post('chunk_loaded', { ...notice, state: 'aborted' })).status, 204);
      assert.equal('upload_id' in (await init()), false);
    });

    it('takes a form by the receipt alone: its own, for the one who uploaded', async () => {
      const file = { id: 'a', filename: 'a.txt', filesize: 3, last_modified: 1, content_type: 'text/plain' };
      const answer = (await (await post('get_init_signature', { files: [file] })).json()) as InitAnswer;
      const { key, grant, put } = answer.files[0] as InitPut;
      const { method, url, headers } = put as SignedRequest;
      const notice = { key, grant, upload_id: '', chunks: [], state: 'complete' };
      assert.equal((await post('chunk_loaded', notice)).status, 409, 'nothing is stored yet');
      assert.equal((await fetch(url, { method, headers, body: 'abc' })).status, 200);
      const { receipt } = (await (await post('chunk_loaded', notice)).json()) as { receipt: string };
      const submit = async (film: string, user = 'ada') => {
        const response = await fetch(`${base}/films`, {
          method: 'POST',
          headers: { 'x-user': user },
          body: new URLSearchParams({ film }),
        });
        return { status: response.status, body: (await response.json()) as unknown };
      };
      assert.deepEqual(await submit(receipt), { status: 200, body: { key, size: 3 } });
      assert.equal((await submit(receipt, 'bob')).status, 403);
      for (const film of [key, grant!, '', `${receipt.slice(0, -4)}AAAA`, `x${receipt}`])
        assert.equal((await submit(film)).status, 403, film);
    });
  });
}
