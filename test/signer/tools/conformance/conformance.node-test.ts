import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { startBucket } from '../../../../demo/bucket/index.js';
import type { Profile, RunningBucket } from '../../../../demo/bucket/index.js';
import { requireTool } from '../../../../scripts/machine.js';
import type { InitAnswer, InitPut, SignedRequest } from '../../../../src/protocol.js';
import { checkConformance, CONFORMANCE_RULES } from '../../../../src/signer/tools/conformance/conformance.js';
import { createMemoryTracker, createSigner } from '../../../../src/signer/index.js';
import type { SignerOptions } from '../../../../src/signer/index.js';
import { toNodeHandler } from '../../../../src/signer/node.js';
import { startCeph } from '../../../servers/ceph.js';
import { Daemon, freePort } from '../../../servers/processes.js';
import { S3Client } from '../../../servers/s3-client.js';
import type { StoreAccess } from '../../../servers/s3-client.js';
import { CREDENTIALS } from '../../caller.js';

const BACKENDS_FOLDER = path.resolve(import.meta.dirname, '../../../../demo/backends');
const RULE_COUNT = CONFORMANCE_RULES.length;

type Headers = Record<string, string>;

let dir: string;
let bucket: RunningBucket;
before(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'mule-conformance-'));
  bucket = await startBucket({ dir: path.join(dir, 'bucket'), buckets: ['films', 'other'], credentials: CREDENTIALS });
});
after(async () => {
  await bucket.close();
  await rm(dir, { recursive: true });
});

/** Runs the conformance rules on a signer. @returns the violated rules, and the number of rules that were checked */
async function checkSigner(
  url: string,
  users: { headers?: Headers; otherHeaders?: Headers } = {
    headers: { 'x-user': 'ada' },
    otherHeaders: { 'x-user': 'bob' },
  },
): Promise<{ rules: number; faults: string[] }> {
  const results = await checkConformance({ url, ...users });
  return {
    rules: results.length,
    faults: results.flatMap(({ rule, fault }) => (fault === null ? [] : [`${rule}: ${fault}`])),
  };
}

/** Changes a response of the signer. @returns the new response or its body; undefined if `answer` was changed in place */
type ChangeAnswer = (
  answer: Record<string, unknown>,
  action: string,
  body: Record<string, unknown>,
  request: Request,
) => unknown;

/** Runs the conformance rules on the package's own signer. `change` adds the fault of a backend to its responses. */
async function checkOwnSigner(
  options: Partial<SignerOptions> = {},
  change?: ChangeAnswer,
  users?: Parameters<typeof checkSigner>[1],
) {
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
      // some rules send invalid JSON
    }
    const changed = change(json, action, body, request) ?? json;
    return changed instanceof Response ? changed : Response.json(changed, { status: response.status });
  });
  const server = createServer(handle).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  try {
    return await checkSigner(`http://127.0.0.1:${(server.address() as AddressInfo).port}/sign/`, users);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

describe('the conformance rules', () => {
  it('find no fault in the package’s own signer, in any configuration', async () => {
    const configurations: Partial<SignerOptions>[] = [
      {},
      { policy: { posts: true, disposition: 'attachment' } },
      { policy: { overwrite: false, key: '{principal}/{random}/{name}' } },
      { receipts: true, secret: 'a secret of sixteen', tracker: undefined },
      { beginMultipart: true },
    ];
    for (const options of configurations) {
      const { rules, faults } = await checkOwnSigner(options);
      assert.deepEqual(faults, [], JSON.stringify(options));
      assert.equal(rules, RULE_COUNT);
    }
  });

  const faultyBackends: [string, RegExp, ChangeAnswer][] = [
    [
      'returns no key',
      /must contain the key/,
      (answer, action) => {
        if (action === 'get_init_signature')
          for (const file of (answer['files'] ?? []) as { key?: string }[]) delete file.key;
      },
    ],
    [
      'returns its time in seconds',
      /time must be the signer's clock in milliseconds/,
      (answer) => {
        if ('time' in answer) answer['time'] = Math.floor((answer['time'] as number) / 1_000);
      },
    ],
    [
      'returns no part_size',
      /part_size must be a whole number of bytes/,
      (answer) => {
        for (const file of (answer['files'] ?? []) as { part_size?: number }[]) delete file.part_size;
      },
    ],
    [
      'refuses in plain text',
      /must be \{"error"/,
      (answer) => ('error' in answer ? new Response('no', { status: 403 }) : undefined),
    ],
    [
      'returns the header Host for the browser to set',
      /browsers cannot set/,
      (answer) => {
        for (const file of (answer['files'] ?? []) as { put?: { headers: object } }[])
          if (file.put) Object.assign(file.put.headers, { Host: 'x' });
      },
    ],
    [
      'omits refused files from its response',
      /“huge” is missing/,
      (answer) => {
        if (answer['files']) answer['files'] = (answer['files'] as object[]).filter((file) => !('error' in file));
      },
    ],
    [
      'returns receipts without checking the store',
      /returned a receipt for a file that was never sent/,
      (_answer, action) => (action === 'chunk_loaded' ? Response.json({ receipt: 'x' }) : undefined),
    ],
  ];
  for (const [fault, expected, change] of faultyBackends) {
    it(`report a backend that ${fault}`, async () => {
      const { faults } = await checkOwnSigner({ receipts: true, secret: 'a secret of sixteen' }, change);
      assert.ok(
        faults.some((message) => expected.test(message)),
        faults.join('\n'),
      );
    });
  }

  it('report a backend that does not separate users', async () => {
    const { faults } = await checkOwnSigner({ authorize: () => 'anybody' });
    assert.match(faults.join('\n'), /only for its principal: get_chunk_signature signed this grant from another user/);
    assert.match(faults.join('\n'), /init returned this upload to another user/);
  });

  it('find no fault in a signer that allows anonymous uploads', async () => {
    const { faults } = await checkOwnSigner({ authorize: undefined, allowAnonymous: true }, undefined, {});
    assert.deepEqual(faults, []);
  });

  it('report a backend that lets pages of any origin call with cookies', async () => {
    const { faults } = await checkOwnSigner({}, (answer, _action, _body, request) =>
      Response.json(answer, {
        headers: {
          'access-control-allow-origin': request.headers.get('origin') ?? 'none',
          'access-control-allow-credentials': 'true',
        },
      }),
    );
    assert.match(faults.join('\n'), /Access-Control-Allow-Origin is https:\/\/conformance\.invalid/);
  });

  it('report a signer that cannot be reached', async () => {
    const { faults } = await checkSigner(`http://127.0.0.1:${await freePort()}/sign`);
    assert.ok(faults.length > 3);
    assert.match(faults[0]!, /could not be tried/);
  });
});

interface Backend {
  tool: 'flask' | 'php' | 'ruby';
  /**
   * Returns the program's arguments and environment variables.
   * @param name identifies the backend's database
   */
  launchOptions: (port: number, name: string) => { args: string[]; env: Record<string, string> };
  /** Starts a session as the sign-in of an application would: the backends have none. @returns the cookie */
  signIn: (url: string, user: string | number) => Promise<string>;
}

/** Signs in through the route that the test adds to the backend. */
async function signInByRoute(url: string, user: string | number): Promise<string> {
  const response = await fetch(`${url}/sign-in/${typeof user}/${user}`, { method: 'POST' });
  assert.equal(response.status, 200, await response.text());
  return response.headers.getSetCookie()[0]!.split(';')[0]!;
}

const FLASK_PROGRAM = `
import sys
sys.dont_write_bytecode = True
sys.path.insert(0, ${JSON.stringify(BACKENDS_FOLDER)})
import os
from flask import session
from flask_signer import app

@app.post("/sign-in/string/<user>")
@app.post("/sign-in/number/<int:user>")
def sign_in(user):
    session["user"] = user
    return ""

app.run(host="127.0.0.1", port=int(os.environ["PORT"]), threaded=True)
`;

const SINATRA_PROGRAM = `
require ${JSON.stringify(path.join(BACKENDS_FOLDER, 'sinatra_signer'))}
class Signer
  post('/sign-in/string/:user') { |user| session['user'] = user; '' }
  post('/sign-in/number/:user') { |user| session['user'] = user.to_i; '' }
end
Signer.run!
`;

const BACKENDS: Readonly<Record<string, Backend>> = {
  'Python with Flask, SQLAlchemy and boto3': {
    tool: 'flask',
    launchOptions: (port, name) => ({
      args: ['-c', FLASK_PROGRAM],
      env: { DATABASE_URL: `sqlite:///${path.join(dir, `flask-${name}.db`)}`, PORT: String(port) },
    }),
    signIn: signInByRoute,
  },
  PHP: {
    tool: 'php',
    launchOptions: (port, name) => ({
      args: [
        ...['-d', `session.save_path=${dir}`, '-S', `127.0.0.1:${port}`],
        path.join(BACKENDS_FOLDER, 'php_signer.php'),
      ],
      env: { DATABASE_URL: `sqlite:${path.join(dir, `php-${name}.db`)}` },
    }),
    // writes the session file that PHP's session_start() would write
    signIn: async (_url, user) => {
      const id = `${typeof user}-${user}`.padEnd(32, '0');
      const value = typeof user === 'number' ? `i:${user};` : `s:${user.length}:"${user}";`;
      await writeFile(path.join(dir, `sess_${id}`), `user|${value}`);
      return `PHPSESSID=${id}`;
    },
  },
  'Ruby with Sinatra': {
    tool: 'ruby',
    launchOptions: (port, name) => ({
      args: ['-e', SINATRA_PROGRAM],
      env: { DATABASE_FILE: path.join(dir, `ruby-${name}.db`), PORT: String(port) },
    }),
    signIn: signInByRoute,
  },
};

const COMMON_ENV = () => ({
  PATH: process.env.PATH,
  S3_BUCKET: 'films',
  S3_ENDPOINT: bucket.url,
  AWS_REGION: 'us-east-1',
  AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
  AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
  SIGNER_SECRET: 'a secret of sixteen',
});

type LaxStore = StoreAccess & { stop: () => Promise<void> };

async function startProfile(profile: Profile): Promise<LaxStore> {
  const folder = await mkdtemp(path.join(tmpdir(), 'mule-lax-'));
  const store = await startBucket({ dir: folder, buckets: ['films'], credentials: CREDENTIALS, profile });
  return {
    ...CREDENTIALS,
    url: store.url,
    region: 'us-east-1',
    async stop() {
      await store.close();
      await rm(folder, { recursive: true });
    },
  };
}

/** Stores that act on headers without a signature. */
const LAX_STORES: Readonly<Record<string, () => Promise<LaxStore>>> = {
  'the embedded bucket as Ceph 16': () => startProfile('ceph16'),
  'the embedded bucket as MinIO': () => startProfile('minio'),
  async 'Ceph 16'() {
    const ceph = await startCeph();
    await new S3Client(ceph).createBucket('films');
    return ceph;
  },
};

for (const [language, { tool, launchOptions, signIn }] of Object.entries(BACKENDS)) {
  describe(`the example backend in ${language}`, () => {
    const running: Daemon[] = [];
    let base: string;
    let cookies: Record<string, string>;

    /** Starts the backend with its own database and document root. @returns its URL */
    async function run(name: string, settings: Record<string, string>): Promise<string> {
      const port = await freePort();
      const { args, env } = launchOptions(port, name);
      const url = `http://127.0.0.1:${port}`;
      const cwd = path.join(dir, `${tool}-${name}`, 'public');
      await mkdir(cwd, { recursive: true });
      const daemon = new Daemon(requireTool(tool).path, args, {
        cwd,
        env: { ...COMMON_ENV(), ...env, ...settings },
      });
      running.push(daemon);
      await daemon.ready(language, async () => (await fetch(url)).status === 404);
      return url;
    }

    before(async () => {
      base = await run('own', { OVERWRITE: 'false' });
      cookies = { ada: await signIn(base, 'ada'), bob: await signIn(base, 'bob') };
    });
    after(async () => {
      for (const daemon of running) await daemon.stop();
    });

    const log = () => running.map((daemon) => daemon.log).join('\n');

    const post = (action: string, body: unknown, user = 'ada', url = base) =>
      fetch(`${url}/sign/${action}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', cookie: cookies[user]! },
        body: typeof body === 'string' ? body : JSON.stringify(body),
      });
    const codeOf = async (response: Response) => {
      const { error } = (await response.json()) as { error?: { code: string } };
      return `${response.status} ${error?.code}`;
    };
    const small = { id: 'a', filename: 'a.txt', filesize: 3, last_modified: 1, content_type: 'text/plain' };

    it('passes the conformance rules', async () => {
      const users = { headers: { cookie: cookies['ada']! }, otherHeaders: { cookie: cookies['bob']! } };
      const { rules, faults } = await checkSigner(`${base}/sign`, users);
      assert.deepEqual(faults, [], log());
      assert.equal(rules, RULE_COUNT);
    });

    it('tracks no file of a single request, even if the call names an upload ID', async () => {
      const file = { ...small, filename: 'single.txt', filesize: 4 };
      const init = async () => {
        const { files } = (await (await post('get_init_signature', { files: [file] })).json()) as {
          files: { key: string; grant: string }[];
        };
        return files[0]!;
      };
      const { key, grant } = await init();
      const notification = { key, grant, upload_id: 'invented', chunks: [], state: 'started' };
      assert.ok((await post('chunk_loaded', notification)).ok, log());
      assert.notEqual((await init()).key, key);
    });

    it('returns an unfinished upload to its user, on another device too', async () => {
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
      const started = (await init()) as { key: string; grant: string };
      assert.match(started.key, /^uploads\/[\da-f]{32}\/Übung “1”\.mp4$/);
      const notification = { ...started, upload_id: 'u-1', chunks: [], state: 'started' };
      for (let times = 0; times < 2; times += 1) assert.equal((await post('chunk_loaded', notification)).status, 204);
      const found = (await init()) as unknown as Record<string, string>;
      assert.deepEqual([found['key'], found['upload_id']], [started.key, 'u-1']);
      assert.equal((await post('chunk_loaded', { ...notification, state: 'aborted' })).status, 204);
      assert.equal('upload_id' in (await init()), false);
    });

    it('keeps equal files of two folders apart', async () => {
      for (const identity of [{ fingerprint: 'equal' }, { last_modified: 7 }]) {
        const file = { ...small, filename: 'part.bin', filesize: 40e6, ...identity };
        const init = async (relative_path?: string) =>
          ((await (await post('get_init_signature', { files: [{ ...file, relative_path }] })).json()) as InitAnswer)
            .files[0] as { key: string; grant: string; upload_id?: string };
        const paths = [undefined, 'a/part.bin', 'b/part.bin'];
        for (const path of paths) {
          const begun = await init(path);
          assert.equal(begun.upload_id, undefined, `${path} resumes the upload of another folder`);
          const notification = { ...begun, upload_id: `u-${path}`, chunks: [], state: 'started' };
          assert.equal((await post('chunk_loaded', notification)).status, 204, log());
        }
        for (const path of paths) {
          const found = await init(path);
          assert.equal(found.upload_id, `u-${path}`);
          await post('chunk_loaded', { ...found, chunks: [], state: 'aborted' });
        }
      }
    });

    it('signs every media type that createSigner accepts, and refuses the others', async () => {
      const accepted = [
        'text/plain;charset=utf-8',
        'text/plain  ;  charset=utf-8',
        'image/svg+xml',
        'a#$&/b!',
        'video/mp4; codecs="avc1.42E01E, mp4a"',
        'video/webm;codecs=vp8,opus',
      ];
      const refused = ['text', 'a/b\r\nx-amz-acl: public-read', 'a/b, c/d', 'a/b;c=d, e/f', 'a/b; x', 'ä/b', 'a/b;c="'];
      const files = [...accepted, ...refused].map((content_type) => ({ ...small, id: content_type, content_type }));
      const answer = (await (await post('get_init_signature', { files })).json()) as InitAnswer;
      for (const { id, ...file } of answer.files) {
        const { put } = file as Partial<InitPut>;
        assert.equal(put !== undefined, accepted.includes(id), `${id}\n${log()}`);
        if (!put) continue;
        const { method, url, headers } = put as SignedRequest;
        assert.equal(headers!['content-type'], id);
        assert.equal((await fetch(url, { method, headers, body: 'abc' })).status, 200, id);
      }
    });

    it('identifies a user whose ID is a number', async () => {
      cookies['7'] = await signIn(base, 7);
      const response = await post('get_init_signature', { files: [small] }, '7');
      const { principal, files } = (await response.json()) as InitAnswer;
      assert.equal(principal, '7', log());
      const { key, grant } = files[0] as InitPut;
      assert.equal((await post('get_head_signature', { key, grant }, '7')).status, 200, log());
    });

    for (const [store, start] of Object.entries(LAX_STORES)) {
      it(`keeps users from copying and publishing objects by unsigned headers, at ${store}`, async (t) => {
        const lax = await start();
        t.after(() => lax.stop());
        const { url: endpoint, accessKeyId, secretAccessKey } = lax;
        const s3 = new S3Client(lax);
        const keys = { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey };
        const url = await run(store.replaceAll(' ', '-'), { S3_ENDPOINT: endpoint, ...keys });
        const init = async (filesize: number) => {
          const file = { ...small, filesize };
          const answer = (await (await post('get_init_signature', { files: [file] }, 'ada', url)).json()) as InitAnswer;
          return answer.files[0] as InitPut & { grant: string; put: SignedRequest; init: SignedRequest };
        };
        const send = async ({ method, url: target, headers }: SignedRequest, extra: object, body?: BodyInit) => {
          const response = await fetch(target, { method, headers: { ...headers, ...extra }, body });
          return { ok: response.ok, text: await response.text() };
        };
        const users = { headers: { cookie: cookies['ada']! }, otherHeaders: { cookie: cookies['bob']! } };
        assert.deepEqual((await checkSigner(`${url}/sign`, users)).faults, [], log());

        const victim = await init(13);
        assert.ok((await send(victim.put, {}, 'Ada’s file.')).ok, log());
        const copy = { 'x-amz-copy-source': `/films/${victim.key}` };
        const forbidden = [
          copy,
          { ...copy, 'x-amz-copy-source-range': 'bytes=0-2' },
          { ...copy, 'x-amz-copy-source-if-match': '*' },
          { 'x-amz-acl': 'public-read' },
          { 'x-amz-grant-read': 'uri="http://acs.amazonaws.com/groups/global/AllUsers"' },
        ];
        const own = await init(3);
        const large = await init(8 * 1024 ** 2 + 13);
        for (const headers of forbidden) {
          assert.ok(!(await send(own.put, headers, 'abc')).ok, JSON.stringify(headers));
          assert.equal((await s3.get('films', own.key)).status, 404, JSON.stringify(headers));
          if (!('x-amz-copy-source' in headers))
            assert.ok(!(await send(large.init, headers)).ok, JSON.stringify(headers));
        }
        assert.ok((await send(own.put, {}, 'abc')).ok);
        assert.equal(await (await s3.get('films', own.key)).text(), 'abc');
        assert.ok(!(await fetch(s3.address('films', own.key))).ok, 'the object is public');

        const upload_id = /<UploadId>([^<]+)/.exec((await send(large.init, {})).text)![1]!;
        const reference = { key: large.key, grant: large.grant, upload_id };
        const part = { ...reference, chunk: 2, size: 13 };
        const signed = (await (await post('get_chunk_signature', part, 'ada', url)).json()) as SignedRequest;
        for (const headers of forbidden.slice(0, 2)) {
          const body = 'thirteen byte';
          assert.ok(!(await send(signed, headers, body)).ok, JSON.stringify(headers));
        }
        assert.deepEqual(await s3.listParts('films', large.key, upload_id), []);
        assert.ok((await send(signed, {}, 'thirteen byte')).ok, log());
        assert.equal((await s3.abort('films', large.key, upload_id)).status, 204);
      });
    }

    it('signs no further headers at a store that is said to reject unsigned ones', async () => {
      const url = await run('strict', { REFUSES_UNSIGNED_HEADERS: 'true' });
      const answer = (await (await post('get_init_signature', { files: [small] }, 'ada', url)).json()) as InitAnswer;
      const { put } = answer.files[0] as { put: SignedRequest };
      assert.deepEqual(put.headers, { 'content-type': 'text/plain' });
    });

    it('identifies no user by headers or cookies that any caller can set', async () => {
      const headers = {
        'content-type': 'application/json',
        'x-user': 'ada',
        'x-forwarded-user': 'ada',
        'remote-user': 'ada',
        cookie: 'user=ada; session=ada',
      };
      const body = JSON.stringify({ files: [small] });
      const response = await fetch(`${base}/sign/get_init_signature`, { method: 'POST', headers, body });
      assert.equal(await codeOf(response), '401 unauthorized');
      const { principal } = (await (await post('get_init_signature', { files: [small] })).json()) as InitAnswer;
      assert.equal(principal, 'ada');
    });

    it('refuses only the invalid file of a call, and answers no input with 5xx', async () => {
      const deep = '['.repeat(900) + ']'.repeat(900);
      const invalidFields: Record<string, string> = {
        'a lone surrogate in every text':
          '"filename": "\\ud800.bin", "content_type": "\\udfff", "fingerprint": "\\ud83d", "object_key": "\\ud800"',
        'an escaped backslash before the digits of a surrogate': '"filename": "a\\\\ud800.bin"',
        'a name that is not a string': '"filename": 7',
        'no name': '"filename": null',
        'an empty name': '"filename": ""',
        'a name of 5,000 characters': `"filename": "${'x'.repeat(5_000)}"`,
        'a name of NUL and newline': '"filename": "\\u0000\\n"',
        'a negative size': '"filesize": -1',
        'a size with a fraction': '"filesize": 1.5',
        'a size beyond all numbers': '"filesize": 1e400',
        'a size of 400 digits': `"filesize": ${'9'.repeat(400)}`,
        'a type that is a list': '"content_type": [1]',
        'a fingerprint that is an object': '"fingerprint": {"a": {"b": 1}}',
        'a time that is text': '"last_modified": "now"',
        'a grant that is a number': '"grant": 7, "key": "x"',
        'a key that is a list': '"grant": "é.\\ud800", "key": ["x"]',
        'an upload id that is a list': '"upload_id": ["x"]',
      };
      for (const [description, fields] of Object.entries(invalidFields)) {
        const invalidFile = `{"id": "invalid", "filesize": 3, "last_modified": 1, "content_type": "text/plain", "filename": "b", ${fields}}`;
        const response = await post('get_init_signature', `{"files": [${JSON.stringify(small)}, ${invalidFile}]}`);
        // some JSON parsers reject 1e400
        if (description === 'a size beyond all numbers' && response.status === 400) continue;
        assert.equal(response.status, 200, `${description}: ${await response.clone().text()}\n${log()}`);
        const { files } = (await response.json()) as InitAnswer;
        assert.ok('put' in files[0]!, `the valid file was refused beside ${description}`);
        assert.equal(files[1]!.id, 'invalid');
      }
      const { key, grant } = ((await (await post('get_init_signature', { files: [small] })).json()) as InitAnswer)
        .files[0] as InitPut;
      const reference = { key, grant, upload_id: '\ud800' };
      for (const body of [
        ...[`{"files": ${deep}}`, deep, `{"files": [{"id": "a", "params": ${deep}}]}`, '{"files": ["\\ud800"]}'],
        ...['{"a": "\xff"}', '{', '\ud800', '', '{"files": [{"id": ["\\ud800"]}]}'],
      ]) {
        const { status } = await post('get_init_signature', body);
        assert.ok(status >= 200 && status < 500, `${status} to ${body.slice(0, 60)}\n${log()}`);
      }
      for (const [action, fields] of [
        ['get_chunk_signature', { chunk: 1, size: 3 }],
        ['get_list_signature', {}],
        ['get_end_signature', { size: 3 }],
        ['get_all_signatures', { size: 3, part_size: 8 * 1024 ** 2, chunks: [1] }],
        ['chunk_loaded', { chunks: [], state: 'started' }],
        ['chunk_loaded', { chunks: [], state: 'aborted' }],
      ] as const) {
        const { status } = await post(action, { ...reference, ...fields });
        assert.ok(status >= 200 && status < 500, `${action} answered ${status} to half a surrogate pair\n${log()}`);
      }
      const form = new URLSearchParams({ film: '\ud800' });
      const films = await fetch(`${base}/films`, { method: 'POST', headers: { cookie: cookies['ada']! }, body: form });
      assert.equal(films.status, 403);
    });

    it('accepts a form only with a valid receipt of the same user, once', async () => {
      const answer = (await (await post('get_init_signature', { files: [small] })).json()) as InitAnswer;
      const { key, grant, put } = answer.files[0] as InitPut;
      const { method, url, headers } = put as SignedRequest;
      const notification = { key, grant, upload_id: '', chunks: [], state: 'complete' };
      assert.equal((await post('chunk_loaded', notification)).status, 409, 'the receipt requires a stored object');
      assert.equal((await fetch(url, { method, headers, body: 'abc' })).status, 200);
      const { receipt } = (await (await post('chunk_loaded', notification)).json()) as { receipt: string };
      const submit = async (film: string, user = 'ada') => {
        const response = await fetch(`${base}/films`, {
          method: 'POST',
          headers: { cookie: cookies[user]! },
          body: new URLSearchParams({ film }),
        });
        return { status: response.status, body: (await response.json()) as unknown };
      };
      assert.equal((await submit(receipt, 'bob')).status, 403);
      for (const film of [key, grant!, '', `${receipt.slice(0, -4)}AAAA`, `x${receipt}`])
        assert.equal((await submit(film)).status, 403, film);
      assert.equal(
        (await post('get_head_signature', { key, grant })).status,
        200,
        'the grant is valid until the form is submitted',
      );
      assert.deepEqual(await submit(receipt), { status: 200, body: { key, size: 3 } });

      // an object whose receipt was submitted stays unchanged
      assert.equal((await submit(receipt)).status, 409);
      for (const action of ['get_head_signature', 'chunk_loaded'])
        assert.equal(
          await codeOf(await post(action, { ...notification, state: 'started' })),
          '403 receipt-taken',
          action,
        );
      const again = { ...small, key, grant };
      const renewed = (await (await post('get_init_signature', { files: [again] })).json()) as InitAnswer;
      assert.equal((renewed.files[0] as { error?: { code: string } }).error?.code, 'receipt-taken');
      assert.equal(
        (await fetch(url, { method, headers, body: 'xyz' })).status,
        412,
        'a URL that was signed earlier overwrites the object',
      );
    });

    it('refuses a form if the object has changed since its receipt', async () => {
      const overwritingUrl = await run('overwriting', {});
      const answer = (await (
        await post('get_init_signature', { files: [small] }, 'ada', overwritingUrl)
      ).json()) as InitAnswer;
      const { key, grant, put } = answer.files[0] as InitPut;
      const { method, url, headers } = put as SignedRequest;
      assert.equal((await fetch(url, { method, headers, body: 'abc' })).status, 200);
      const notification = { key, grant, upload_id: '', chunks: [], state: 'complete' };
      const { receipt } = (await (await post('chunk_loaded', notification, 'ada', overwritingUrl)).json()) as {
        receipt: string;
      };
      assert.equal(
        (await fetch(url, { method, headers, body: 'xyz' })).status,
        200,
        'the URL must overwrite the object',
      );
      const body = new URLSearchParams({ film: receipt });
      const response = await fetch(`${overwritingUrl}/films`, {
        method: 'POST',
        headers: { cookie: cookies['ada']! },
        body,
      });
      assert.equal(await codeOf(response), '409 object-changed');
    });

    it('allows anonymous uploads if configured, and accepts no grant of another bucket', async () => {
      const otherUrl = await run('other', { S3_BUCKET: 'other', ALLOW_ANONYMOUS: 'true' });
      const { faults } = await checkSigner(`${otherUrl}/sign`, {});
      assert.deepEqual(faults, [], log());
      const answer = (await (await post('get_init_signature', { files: [small] })).json()) as InitAnswer;
      const { key, grant } = answer.files[0] as InitPut;
      assert.equal((await post('get_head_signature', { key, grant })).status, 200);
      assert.equal(
        await codeOf(await post('get_head_signature', { key, grant }, 'ada', otherUrl)),
        '403 grant-invalid',
      );
    });

    if (tool === 'php') {
      it('stores its database outside the document root', async () => {
        const url = await run('default', { DATABASE_URL: '' });
        const root = path.join(dir, 'php-default', 'public');
        assert.equal((await post('get_init_signature', { files: [small] }, 'ada', url)).status, 200);
        assert.deepEqual(await readdir(root), []);
        assert.deepEqual(await readdir(path.dirname(root)), ['public', 'signer.db']);
        const unsafeUrl = await run('unsafe', { DATABASE_URL: 'sqlite:signer.db' });
        const refused = await post('get_init_signature', { files: [small] }, 'ada', unsafeUrl);
        assert.equal(await codeOf(refused), '500 internal');
        assert.match(log(), /DATABASE_URL lies below the document root/);
        assert.deepEqual(await readdir(path.join(dir, 'php-unsafe', 'public')), []);
      });
    }
  });
}
