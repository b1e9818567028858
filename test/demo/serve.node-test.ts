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

interface RawAnswer {
  status: number;
  text: string;
}

/** Sends a request unchanged: `fetch` would resolve the path and set Host itself. */
function askRaw(demo: RunningDemo, path: string, headers: Record<string, string> = {}): Promise<RawAnswer> {
  const { port, host } = new URL(demo.url);
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port, path, headers: { host, ...headers }, setHost: false };
    const asking = request(options, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      answer.on('end', () => resolve({ status: answer.statusCode!, text }));
    });
    asking.on('error', reject).end();
  });
}

async function askForFile(page: string, filesize: number): Promise<InitAnswer> {
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
  const calls: [string, unknown][] = [];

  before(async () => {
    // within the project, as with `npm start`
    const cache = fileURLToPath(new URL('../../.cache/', import.meta.url));
    await mkdir(cache, { recursive: true });
    directory = await mkdtemp(join(cache, 'demo-test-'));
    bucketDirectory = join(directory, '.bucket');
    const onSignerCall = (action: string, body: unknown): void => void calls.push([action, body]);
    demo = await serveDemo({ port: 0, bucketDirectory, onSignerCall });
  });
  after(async () => {
    await demo.close();
    await rm(directory, { recursive: true, force: true });
  });

  it('serves the manifest of the sources, from which its reference is generated', async () => {
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

  it('answers only to its own host names, whatever is asked for', async () => {
    const { port } = new URL(demo.url);
    for (const path of ['/', '/switches', '/custom-elements.json', '/sign/get_init_signature', '/demo.ts']) {
      for (const host of [`127.0.0.1:${port}`, `localhost:${port}`, `LOCALHOST:${port}`])
        assert.notEqual((await askRaw(demo, path, { host })).status, 421, `${host}${path}`);
      for (const host of [`evil.example:${port}`, 'evil.example', '127.0.0.1', `127.0.0.1.evil.example:${port}`, ''])
        assert.equal((await askRaw(demo, path, { host })).status, 421, `${host}${path}`);
    }
  });

  it('serves no files of the bucket or of other folders that the page does not need', async () => {
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
        const { status, text } = await askRaw(demo, `${file.replace('/@fs//', '/@fs/')}${query}`);
        assert.ok(status === 403 || status === 404, `${status} for ${file}${query}`);
        assert.ok(!text.includes(secretAccessKey), `the secret stands in ${file}${query}`);
      }
    }
  });

  it("signs at /sign for a bucket on another origin, which allows the page's origin", async () => {
    const { files } = await askForFile(demo.url, 5);
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
    const [action, body] = calls.at(-1)!;
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
      const { files } = await askForFile(urls[0], 20_000_000);
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

  it('starts through a link to the project, as it does for a drive letter in the other case', async () => {
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

  it('names missing environment variables', () => {
    assert.equal(storeFromEnvironment({}), null);
    assert.throws(
      () => storeFromEnvironment({ S3_ENDPOINT: 'http://store', AWS_REGION: 'x' }),
      /S3_BUCKET, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY/,
    );
  });
});
