import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MIB } from '../../src/limits.js';
import { postForm } from '../servers/post-form.js';
import { statusAndCode } from '../servers/s3-client.js';
import { textOf } from '../servers/xml-text.js';
import { BUCKET, md5, random } from './store-fixture.js';
import type { StoreFixture } from './store-fixture.js';

/** Tests reading and deleting objects, and sending them in one request: by PUT, or by POST with a policy. */
export function testObjects(fixture: () => StoreFixture): void {
  describe('objects', () => {
    it('sent in one request are stored, read in ranges, and deleted', async () => {
      const key = fixture().newKey();
      const stored = await fixture().client.put(BUCKET, key, '0123456789');
      assert.equal(stored.headers.get('etag'), `"${md5(Buffer.from('0123456789'))}"`);
      for (const [range, text] of [
        ['bytes=2-4', '234'],
        ['bytes=7-', '789'],
        ['bytes=-3', '789'],
        ['bytes=8-99', '89'],
      ] as const) {
        const answer = await fixture().client.get(BUCKET, key, { range });
        assert.equal(answer.status, 206);
        assert.equal(await answer.text(), text);
      }
      assert.equal((await fixture().client.get(BUCKET, key, { range: 'bytes=10-' })).status, 416);
      assert.equal((await fixture().client.delete(BUCKET, key)).status, 204);
      assert.equal((await fixture().client.delete(BUCKET, key)).status, 204);
      assert.deepEqual(await statusAndCode(await fixture().client.get(BUCKET, key)), {
        status: 404,
        code: 'NoSuchKey',
      });
    });

    it('may be empty', async () => {
      const key = fixture().newKey();
      assert.equal((await fixture().client.put(BUCKET, key, '')).status, 200);
      const head = await fixture().client.head(BUCKET, key);
      assert.equal(head.headers.get('content-length'), '0');
      assert.equal(await (await fixture().client.get(BUCKET, key)).text(), '');
    });

    it('of several parts are read in ranges across the parts', async () => {
      const { key, uploadId, bodies, parts } = await fixture().startUpload(5 * MIB, 100);
      await fixture().client.complete(BUCKET, key, uploadId, parts);
      const answer = await fixture().client.get(BUCKET, key, { range: `bytes=${5 * MIB - 10}-${5 * MIB + 9}` });
      const expected = Buffer.concat([bodies[0]!.subarray(-10), bodies[1]!.subarray(0, 10)]);
      assert.deepEqual(Buffer.from(await answer.arrayBuffer()), expected);
    });

    it('are not found in a bucket that does not exist', async () => {
      assert.deepEqual(await statusAndCode(await fixture().client.get('no-such-bucket', 'x')), {
        status: 404,
        code: 'NoSuchBucket',
      });
    });
  });

  describe('a POST policy', () => {
    const conditions = [
      { bucket: BUCKET },
      ['starts-with', '$key', 'inbox/'],
      { 'content-type': 'text/plain' },
      { success_action_status: '201' },
      ['content-length-range', 3, 1000],
    ];
    const post = (
      fields: Record<string, string>,
      file: BlobPart,
      expiration = Date.now() + 60_000,
    ): Promise<Response> => {
      const all = { 'content-type': 'text/plain', success_action_status: '201', ...fields };
      return fetch(fixture().client.address(BUCKET), {
        method: 'POST',
        body: postForm(fixture().store, { conditions, fields: all, expiration }, new Blob([file])),
      });
    };

    it('allows a form to store its file', async () => {
      const answer = await post({ key: 'inbox/a b.txt' }, 'hello');
      const text = await answer.text();
      assert.equal(answer.status, 201, text);
      assert.equal(textOf(text, 'Key'), 'inbox/a b.txt');
      const stored = await fixture().client.get(BUCKET, 'inbox/a b.txt');
      assert.equal(await stored.text(), 'hello');
      assert.equal(stored.headers.get('content-type'), 'text/plain');
    });

    it('forbids another prefix, content type, field or size, and expires', async () => {
      const status = async (answer: Promise<Response>): Promise<number> => (await answer).status;
      assert.equal(await status(post({ key: 'outbox/a.txt' }, 'hello')), 403);
      assert.equal(await status(post({ key: 'inbox/b.txt', 'content-type': 'text/html' }, 'hello')), 403);
      assert.equal(await status(post({ key: 'inbox/c.txt', acl: 'public-read' }, 'hello')), 403);
      assert.equal(await status(post({ key: 'inbox/d.txt' }, 'hello', Date.now() - 1000)), 403);
      assert.deepEqual(await statusAndCode(await post({ key: 'inbox/e.txt' }, 'no')), {
        status: 400,
        code: 'EntityTooSmall',
      });
      assert.deepEqual(await statusAndCode(await post({ key: 'inbox/f.txt' }, random(1001))), {
        status: 400,
        code: 'EntityTooLarge',
      });
      for (const name of 'bcdef') assert.equal((await fixture().client.head(BUCKET, `inbox/${name}.txt`)).status, 404);
    });
  });
}
