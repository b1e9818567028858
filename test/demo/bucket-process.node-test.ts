import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { request } from 'node:http';
import { describe, it } from 'node:test';
import { MIB } from '../../src/limits.js';
import { startEmbeddedBucket } from '../servers/embedded-bucket.js';
import { S3Client } from '../servers/s3-client.js';

const BUCKET = 'demo';

describe('the embedded bucket as a process', () => {
  it('keeps no body in memory: accepts 512 MiB as one part', async () => {
    const store = await startEmbeddedBucket();
    try {
      const client = new S3Client(store);
      const resident = async (field: string): Promise<number> => {
        const status = await readFile(`/proc/${store.pid}/status`, 'utf8');
        return Number(new RegExp(`${field}:\\s+(\\d+) kB`).exec(status)![1]) / 1024;
      };
      await client.put(BUCKET, 'warm', new Uint8Array(8 * MIB));
      const before = await resident('VmRSS');
      const uploadId = await client.createUpload(BUCKET, 'large');
      const chunk = randomBytes(MIB);
      const url = await client.presign('PUT', client.address(BUCKET, 'large', { partNumber: '1', uploadId }));
      const status = await new Promise<number | undefined>((resolve, reject) => {
        const sending = request(url, { method: 'PUT', headers: { 'content-length': String(512 * MIB) } }, (answer) => {
          answer.resume();
          resolve(answer.statusCode);
        });
        sending.on('error', reject);
        let left = 512;
        const pour = (): void => {
          while (left > 0) {
            left -= 1;
            if (!sending.write(chunk)) {
              sending.once('drain', pour);
              return;
            }
          }
          sending.end();
        };
        pour();
      });
      assert.equal(status, 200);
      const grown = (await resident('VmHWM')) - before;
      assert.ok(grown < 100, `grew by ${grown} MiB`);
      assert.deepEqual(
        (await client.listParts(BUCKET, 'large', uploadId)).map(({ size }) => size),
        [512 * MIB],
      );
    } finally {
      await store.stop();
    }
  });

  it('killed in the middle of a part, keeps the parts before it and none of that one', async () => {
    const store = await startEmbeddedBucket();
    try {
      const client = new S3Client(store);
      const uploadId = await client.createUpload(BUCKET, 'cut');
      const etag = await client.uploadPart(BUCKET, 'cut', uploadId, 1, new Uint8Array(randomBytes(5 * MIB)));
      const url = await client.presign('PUT', client.address(BUCKET, 'cut', { partNumber: '2', uploadId }));
      const cut = request(url, { method: 'PUT', headers: { 'content-length': String(5 * MIB) } });
      const failed = new Promise((resolve) => cut.on('error', resolve));
      await new Promise<void>((resolve) => cut.write(randomBytes(2 * MIB), () => resolve()));
      await store.restart('SIGKILL');
      await failed;
      assert.deepEqual(await client.listParts(BUCKET, 'cut', uploadId), [{ partNumber: 1, size: 5 * MIB, etag }]);
    } finally {
      await store.stop();
    }
  });
});
