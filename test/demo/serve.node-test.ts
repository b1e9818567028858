import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
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
  let demo: RunningDemo;
  const calls: [string, unknown][] = [];

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'mule-demo-test-'));
    const onSignerCall = (action: string, body: unknown): void => void calls.push([action, body]);
    demo = await serveDemo({ port: 0, bucketDirectory: join(directory, 'bucket'), onSignerCall });
  });
  after(async () => {
    await demo.close();
    await rm(directory, { recursive: true, force: true });
  });

  it('serves the manifest of the sources, which its reference is made from', async () => {
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

  it("signs at /sign for a bucket on another origin, which lets the page's origin in", async () => {
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

  it('tells its owner of every call to the signer', () => {
    const [action, body] = calls.at(-1)!;
    assert.equal(action, 'get_init_signature');
    assert.equal((body as { files: { filename: string }[] }).files[0]!.filename, 'a.bin');
  });

  it('signs for the bucket that the environment names, prints one URL, and stops when told', async () => {
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

  it('names what is missing in the environment', () => {
    assert.equal(storeFromEnvironment({}), null);
    assert.throws(
      () => storeFromEnvironment({ S3_ENDPOINT: 'http://store', AWS_REGION: 'x' }),
      /S3_BUCKET, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY/,
    );
  });
});
