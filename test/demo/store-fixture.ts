import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { S3Client, S3Error } from '../servers/s3-client.js';
import type { TestStore } from './stores.js';

export const BUCKET = 'demo';
/** The origin of a page; the bucket allows every origin. */
export const ORIGIN = 'https://page.example';

export const random = (size: number): Uint8Array<ArrayBuffer> => new Uint8Array(randomBytes(size));

export const hash = (algorithm: string, ...chunks: readonly Uint8Array[]): Buffer =>
  chunks.reduce((digest, chunk) => digest.update(chunk), createHash(algorithm)).digest();

export const md5 = (chunk: Uint8Array): string => hash('md5', chunk).toString('hex');

/** Returns a check for `assert.rejects`: the error must be a store's response with this status and code. */
export const refusedWith =
  (status: number, code: string) =>
  (error: unknown): true => {
    assert.ok(error instanceof S3Error, String(error));
    assert.deepEqual({ status: error.status, code: error.code }, { status, code });
    return true;
  };

/** An unfinished multipart upload with the bodies of its stored parts. */
export interface StartedUpload {
  key: string;
  uploadId: string;
  bodies: Uint8Array<ArrayBuffer>[];
  parts: { partNumber: number; etag: string }[];
}

/** A running store with an empty bucket for the suites. */
export class StoreFixture {
  readonly client: S3Client;
  #count = 0;

  private constructor(readonly store: TestStore) {
    this.client = new S3Client(store);
  }

  /** Creates the bucket on a store. */
  static async create(store: TestStore): Promise<StoreFixture> {
    const fixture = new StoreFixture(store);
    await fixture.client.createBucket(BUCKET);
    await fixture.client.allowEveryOrigin(BUCKET);
    return fixture;
  }

  /** Returns a key that no other test uses, with characters that need escaping in URLs and XML. */
  newKey(): string {
    this.#count += 1;
    return `folder ü/+(${this.#count}) & file.bin`;
  }

  /** Starts a multipart upload, and uploads random parts of these sizes. */
  async startUpload(...sizes: number[]): Promise<StartedUpload> {
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
