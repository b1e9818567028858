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
  it('accepts a part of 512 MiB without keeping it in memory', async () => {
    const store = await startEmbeddedBucket();
    try {
      const client = new S3Client(store);
      /** Returns a memory figure of the process from `/proc`, which only Linux has. */
      const memoryMib = async (field: string): Promise<number> => {
        const status = await readFile(`/proc/${store.pid}/status`, 'utf8');
        return Number(new RegExp(`${field}:\\s+(\\d+) kB`).exec(status)![1]) / 1024;
      };
      await client.put(BUCKET, 'warm', new Uint8Array(8 * MIB));
      const memoryBefore = await memoryMib('VmRSS');
      const uploadId = await client.createUpload(BUCKET, 'large');
      const chunk = randomBytes(MIB);
      const url = await client.presign('PUT', client.address(BUCKET, 'large', { partNumber: '1', uploadId }));
      const status = await new Promise<number | undefined>((resolve, reject) => {
        const outgoing = request(url, { method: 'PUT', headers: { 'content-length': String(512 * MIB) } }, (answer) => {
          answer.resume();
          resolve(answer.statusCode);
        });
        outgoing.on('error', reject);
        let chunksLeft = 512;
        const writeRest = (): void => {
          while (chunksLeft > 0) {
            chunksLeft -= 1;
            if (!outgoing.write(chunk)) {
              outgoing.once('drain', writeRest);
              return;
            }
          }
          outgoing.end();
        };
        writeRest();
      });
      assert.equal(status, 200);
      const growthMib = (await memoryMib('VmHWM')) - memoryBefore;
      assert.ok(growthMib < 100, `memory grew by ${growthMib} MiB`);
      assert.deepEqual(
        (await client.listParts(BUCKET, 'large', uploadId)).map(({ size }) => size),
        [512 * MIB],
      );
    } finally {
      await store.stop();
    }
  });

  it('keeps earlier parts, and nothing of a part that it was receiving, when it is killed', async () => {
    const store = await startEmbeddedBucket();
    try {
      const client = new S3Client(store);
      const uploadId = await client.createUpload(BUCKET, 'interrupted');
      const etag = await client.uploadPart(BUCKET, 'interrupted', uploadId, 1, new Uint8Array(randomBytes(5 * MIB)));
      const url = await client.presign('PUT', client.address(BUCKET, 'interrupted', { partNumber: '2', uploadId }));
      const interrupted = request(url, { method: 'PUT', headers: { 'content-length': String(5 * MIB) } });
      const failed = new Promise((resolve) => interrupted.on('error', resolve));
      await new Promise<void>((resolve) => interrupted.write(randomBytes(2 * MIB), () => resolve()));
      await store.restart('SIGKILL');
      await failed;
      assert.deepEqual(await client.listParts(BUCKET, 'interrupted', uploadId), [
        { partNumber: 1, size: 5 * MIB, etag },
      ]);
    } finally {
      await store.stop();
    }
  });
});
