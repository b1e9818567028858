import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { S3Client, S3Error } from '../servers/s3-client.js';
import type { TestStore } from './stores.js';

export const BUCKET = 'demo';
/** Origin of the page that stores have to allow. */
export const ORIGIN = 'https://page.example';

export const random = (size: number): Uint8Array<ArrayBuffer> => new Uint8Array(randomBytes(size));

export const hash = (algorithm: string, ...chunks: readonly Uint8Array[]): Buffer =>
  chunks.reduce((digest, chunk) => digest.update(chunk), createHash(algorithm)).digest();

export const md5 = (chunk: Uint8Array): string => hash('md5', chunk).toString('hex');

/** Checks an error for `assert.rejects`. */
export const refusedWith =
  (status: number, code: string) =>
  (error: unknown): true => {
    assert.ok(error instanceof S3Error, String(error));
    assert.deepEqual({ status: error.status, code: error.code }, { status, code });
    return true;
  };

export interface BegunUpload {
  key: string;
  uploadId: string;
  bodies: Uint8Array<ArrayBuffer>[];
  parts: { partNumber: number; etag: string }[];
}

/** A running store with an empty bucket, and the first steps of most tests. */
export class StoreLab {
  readonly client: S3Client;
  #count = 0;

  private constructor(readonly store: TestStore) {
    this.client = new S3Client(store);
  }

  static async open(store: TestStore): Promise<StoreLab> {
    const lab = new StoreLab(store);
    await lab.client.createBucket(BUCKET);
    await lab.client.allowEveryOrigin(BUCKET);
    return lab;
  }

  /** Returns a new key, with all characters that need escaping. */
  newKey(): string {
    this.#count += 1;
    return `folder ü/+(${this.#count}) & file.bin`;
  }

  /** Creates an upload and sends parts of these sizes. */
  async begin(...sizes: number[]): Promise<BegunUpload> {
    const key = this.newKey();
    const uploadId = await this.client.createUpload(BUCKET, key);
    const bodies = sizes.map(random);
    const parts = [];
    for (const [index, body] of bodies.entries()) {
      parts.push({ partNumber: index + 1, etag: await this.client.uploadPart(BUCKET, key, uploadId, index + 1, body) });
    }
    return { key, uploadId, bodies, parts };
  }
}
