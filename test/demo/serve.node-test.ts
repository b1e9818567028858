import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { serveDemo } from '../../demo/serve.js';
import type { RunningDemo } from '../../demo/serve.js';
import { storeFromEnvironment } from '../../demo/store.js';
import type { InitAnswer, InitCreate, InitPut, SignedRequest } from '../../src/protocol.js';
import { startEmbeddedBucket } from '../servers/embedded-bucket.js';
import { Daemon } from '../servers/processes.js';
import { S3Client } from '../servers/s3-client.js';

const SERVE = fileURLToPath(new URL('../../demo/serve.ts', import.meta.url));

interface RawResponse {
  status: number;
  text: string;
}

/** Sends a request with this path and these headers, unchanged: `fetch` would normalize the path and set Host itself. */
function sendRaw(demo: RunningDemo, path: string, headers: Record<string, string> = {}): Promise<RawResponse> {
  const { port, host } = new URL(demo.url);
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port, path, headers: { host, ...headers }, setHost: false };
    const outgoing = request(options, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      answer.on('end', () => resolve({ status: answer.statusCode!, text }));
    });
    outgoing.on('error', reject).end();
  });
}

/** Calls init of the demo's signer for one file. */
async function callInit(page: string, filesize: number): Promise<InitAnswer> {
  const file = { id: 'a', filename: 'a.bin', filesize, last_modified: 1, content_type: 'text/plain' };
  const answer = await fetch(`${page}sign/get_init_signature`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ files: [file] }),
  });
  assert.equal(answer.status, 200);
  return (await answer.json()) as InitAnswer;
}

describe('the demo', () => {
  let directory = '';
  let bucketDirectory = '';
  let demo: RunningDemo;
  const signerCalls: [string, unknown][] = [];

  before(async () => {
    // in the project folder, as the demo's `.bucket` with `npm start`
    const cache = fileURLToPath(new URL('../../.cache/', import.meta.url));
    await mkdir(cache, { recursive: true });
    directory = await mkdtemp(join(cache, 'demo-test-'));
    bucketDirectory = join(directory, '.bucket');
    const onSignerCall = (action: string, body: unknown): void => void signerCalls.push([action, body]);
    demo = await serveDemo({ port: 0, bucketDirectory, onSignerCall });
  });
  after(async () => {
    await demo.close();
    await rm(directory, { recursive: true, force: true });
  });

  it('serves the custom elements manifest of the sources, from which the reference page is rendered', async () => {
    const answer = await fetch(new URL('custom-elements.json', demo.url));
    assert.equal(answer.headers.get('content-type'), 'application/json');
    const { modules } = (await answer.json()) as { modules: { declarations?: { tagName?: string }[] }[] };
    const tags = modules.flatMap(({ declarations = [] }) => declarations.flatMap(({ tagName }) => tagName ?? []));
    assert.deepEqual(tags, ['mule-upload']);
  });

  it('serves the page with the element in it', async () => {
    const answer = await fetch(demo.url, { headers: { accept: 'text/html' } });
    assert.equal(answer.status, 200);
    assert.match(await answer.text(), /<mule-upload/);
  });

  it('answers 421 to requests for other host names, on every path', async () => {
    const { port } = new URL(demo.url);
    for (const path of ['/', '/switches', '/custom-elements.json', '/sign/get_init_signature', '/demo.ts']) {
      for (const host of [`127.0.0.1:${port}`, `localhost:${port}`, `LOCALHOST:${port}`])
        assert.notEqual((await sendRaw(demo, path, { host })).status, 421, `${host}${path}`);
      for (const host of [`evil.example:${port}`, 'evil.example', '127.0.0.1', `127.0.0.1.evil.example:${port}`, ''])
        assert.equal((await sendRaw(demo, path, { host })).status, 421, `${host}${path}`);
    }
  });

  it('serves no files of the bucket, nor of folders that the page does not need', async () => {
    const { secretAccessKey } = demo.store.credentials;
    const root = fileURLToPath(new URL('../..', import.meta.url))
      .replaceAll('\\', '/')
      .replace(/\/$/, '');
    const bucket = bucketDirectory.replaceAll('\\', '/');
    const files = [
      `/@fs/${bucket}/credentials.json`,
      `/@fs/${bucket}//credentials.json`,
      `/@fs/${bucket}/x/../credentials.json`,
      `/@fs/${bucket}/%63redentials.json`,
      `/@fs/${bucket.replace('.bucket', '%2ebucket')}/credentials.json`,
      `/@fs/${bucket.replace('/.bucket', '%2f.bucket')}/credentials.json`,
      '/.bucket/credentials.json',
      '/../.bucket/credentials.json',
      '/%2e%2e/.bucket/credentials.json',
      '/..%2f.bucket/credentials.json',
      `/@fs${root}/package.json`,
      `/@fs${root}/.git/config`,
      `/@fs${root}/.gitignore`,
      `/@fs${root}/test/demo/stores.ts`,
      '/@fs/etc/passwd',
    ];
    for (const file of files) {
      for (const query of ['', '?raw', '?import&raw', '?url', '?inline', '?import', '?x=.js']) {
        const { status, text } = await sendRaw(demo, `${file.replace('/@fs//', '/@fs/')}${query}`);
        assert.ok(status === 403 || status === 404, `${status} for ${file}${query}`);
        assert.ok(!text.includes(secretAccessKey), `the response to ${file}${query} contains the secret`);
      }
    }
  });

  it("signs at /sign for a bucket on another origin, which lets the page's origin upload", async () => {
    const { files } = await callInit(demo.url, 5);
    const { key, put } = files[0] as InitPut;
    const { url, method, headers } = put as SignedRequest;
    assert.notEqual(new URL(url).origin, new URL(demo.url).origin);
    const stored = await fetch(url, {
      method,
      headers: { ...headers, origin: new URL(demo.url).origin },
      body: new Blob(['hello']),
    });
    assert.equal(stored.status, 200, await stored.text());
    assert.ok(stored.headers.get('access-control-allow-origin'));
    const { endpoint, bucket, region, credentials } = demo.store;
    const client = new S3Client({ url: endpoint!, region, ...credentials });
    assert.equal(await (await client.get(bucket, key)).text(), 'hello');
  });

  it('reports every call to the signer', () => {
    const [action, body] = signerCalls.at(-1)!;
    assert.equal(action, 'get_init_signature');
    assert.equal((body as { files: { filename: string }[] }).files[0]!.filename, 'a.bin');
  });

  it('signs for the bucket that the environment names, prints one URL, and stops on SIGTERM', async () => {
    const store = await startEmbeddedBucket({ buckets: ['elsewhere'] });
    const env = {
      ...process.env,
      PORT: '0',
      S3_ENDPOINT: store.url,
      S3_BUCKET: 'elsewhere',
      AWS_REGION: store.region,
      AWS_ACCESS_KEY_ID: store.accessKeyId,
      AWS_SECRET_ACCESS_KEY: store.secretAccessKey,
    };
    const server = new Daemon(process.execPath, ['--import', 'tsx', SERVE], { env });
    try {
      await server.ready('the demo', async () => server.log.includes('uploads to bucket elsewhere'));
      const urls = server.log.match(/https?:\/\/\S+/g) ?? [];
      assert.equal(urls.length, 1, server.log);
      const { files } = await callInit(urls[0], 20_000_000);
      const { url, method, headers } = (files[0] as InitCreate).init as SignedRequest;
      assert.equal((await fetch(url, { method, headers: headers ?? {} })).status, 200);
      assert.equal((await new S3Client(store).listUploads('elsewhere')).length, 1);
      await server.stop('SIGTERM');
      await assert.rejects(fetch(urls[0]));
    } finally {
      await server.stop('SIGKILL');
      await store.stop();
    }
  });

  it('starts if its path contains a symbolic link', async () => {
    // on Windows, a drive letter in another case has the same effect: the path differs from the real path
    const link = join(directory, 'link');
    await symlink(fileURLToPath(new URL('../..', import.meta.url)), link, 'junction');
    const server = new Daemon(process.execPath, ['--import', 'tsx', join(link, 'demo', 'serve.ts')], {
      cwd: link,
      env: {
        ...process.env,
        PORT: '0',
        S3_BUCKET: 'b',
        AWS_REGION: 'r',
        AWS_ACCESS_KEY_ID: 'a',
        AWS_SECRET_ACCESS_KEY: 's',
      },
    });
    try {
      await server.ready('the demo', async () => server.log.includes('uploads to bucket b'));
    } finally {
      await server.stop('SIGKILL');
    }
  });

  it('reports the names of missing environment variables', () => {
    assert.equal(storeFromEnvironment({}), null);
    assert.throws(
      () => storeFromEnvironment({ S3_ENDPOINT: 'http://store', AWS_REGION: 'x' }),
      /S3_BUCKET, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY/,
    );
  });
});
