import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { startBucket } from '../../../demo/bucket/index.js';
import type { RunningBucket } from '../../../demo/bucket/index.js';
import type { Signed } from '../../../src/protocol.js';
import { createCaller, CREDENTIALS } from '../caller.js';
import type { Caller } from '../caller.js';

const PART = 5 * 1024 ** 2;

/** Sends a signed request as a browser does: with the signed headers, and a body without a type. */
async function sendSigned(
  signed: Signed,
  body?: BodyInit,
): Promise<{ status: number; text: string; headers: Headers }> {
  const { method, url, headers = {} } = typeof signed === 'string' ? { method: 'PUT', url: signed } : signed;
  const response = await fetch(url, { method, headers, body });
  return { status: response.status, text: await response.text(), headers: response.headers };
}

const elementIn = (xml: string, name: string): string => new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1] ?? '';

describe('operations at a store that checks signatures', () => {
  let dir: string;
  let bucket: RunningBucket;
  let caller: Caller;
  before(async () => {
    dir = await mkdtemp(path.join(tmpdir(), 'mule-signer-'));
    bucket = await startBucket({ dir, buckets: ['films'], credentials: CREDENTIALS });
    caller = createCaller({ bucket: 'films', endpoint: bucket.url, now: () => Date.now(), policy: { partSize: PART } });
  });
  after(async () => {
    await bucket.close();
    await rm(dir, { recursive: true });
  });

  const names = ['film.mp4', 'a b+c&d=e%20.mp4', 'Ünï 文字 🎬(1)!.mp4'];
  for (const filename of names) {
    it(`complete a multipart upload of “${filename}”`, async () => {
      const bytes = randomBytes(2 * PART + 1_000);
      const { key, grant, init } = await caller.init({ filename, filesize: bytes.length });
      const created = await sendSigned(init!);
      assert.equal(created.status, 200, created.text);
      const reference = { key, grant, upload_id: elementIn(created.text, 'UploadId') };
      const all = await caller.call('get_all_signatures', {
        ...reference,
        size: bytes.length,
        part_size: PART,
        chunks: [1, 2, 3],
      });
      const parts: string[] = [];
      for (const number of [1, 2, 3]) {
        const body = bytes.subarray((number - 1) * PART, number * PART);
        const sent = await sendSigned(all.chunks[number]!, new Uint8Array(body));
        assert.equal(sent.status, 200, sent.text);
        parts.push(`<Part><PartNumber>${number}</PartNumber><ETag>${sent.headers.get('etag')}</ETag></Part>`);
      }
      assert.equal((await sendSigned(all.list)).text.match(/<Part>/g)?.length, 3);
      const rest = await caller.call('get_list_signature', { ...reference, part_number_marker: 2 });
      assert.equal((await sendSigned(rest)).text.match(/<Part>/g)?.length, 1);
      const complete = `<CompleteMultipartUpload>${parts.join('')}</CompleteMultipartUpload>`;
      const completed = await sendSigned(all.end, new Blob([complete]));
      assert.equal(completed.status, 200, completed.text);
      const head = await sendSigned(all.head!);
      assert.equal(head.headers.get('content-length'), String(bytes.length));
      assert.equal(head.headers.get('content-type'), 'video/mp4');
    });
  }

  it('store a small file and an empty one in one request', async () => {
    for (const filesize of [0, 3]) {
      const { key, grant, put } = await caller.init({ filesize });
      const sent = await sendSigned(put!, new Uint8Array(filesize));
      assert.equal(sent.status, 200, sent.text);
      const head = await sendSigned(await caller.call('get_head_signature', { key, grant }));
      assert.equal(head.headers.get('content-length'), String(filesize));
    }
  });

  it('abort a multipart upload, which ListParts then does not find', async () => {
    const { key, grant, init } = await caller.init();
    const reference = { key, grant, upload_id: elementIn((await sendSigned(init!)).text, 'UploadId') };
    assert.equal((await sendSigned(await caller.call('get_delete_signature', reference))).status, 204);
    assert.equal((await sendSigned(await caller.call('get_list_signature', reference))).status, 404);
  });

  it('allow only the length and the content type that were signed', async () => {
    const { put } = await caller.init({ filesize: 3 });
    assert.equal((await sendSigned(put!, new Uint8Array(4))).status, 403);
    assert.equal((await sendSigned(put!, new Uint8Array(2))).status, 403);
    const { method, url } = put!;
    assert.equal(
      (await sendSigned({ method, url, headers: { 'content-type': 'text/html' } }, new Uint8Array(3))).status,
      403,
    );
  });
});
