import { rm } from 'node:fs/promises';
import path from 'node:path';
import { startBucket } from '../../demo/bucket/index.js';
import type { Behaviour } from '../../demo/bucket/behaviour.js';
import { BUCKET, writeRandom } from '../e2e/harness.js';
import type { StoreAccess } from '../servers/s3-client.js';

export interface RandomFile {
  path: string;
  size: number;
  sha256: string;
  /** Removes the file; undefined for a file that runs share. */
  remove?: () => Promise<void>;
}

/** Writes files of random bytes, and starts buckets in the same folder. */
export class RandomFiles {
  readonly #folder: string;
  readonly #filesBySize = new Map<number, Promise<RandomFile>>();

  #createdCount = 0;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Writes a file for a single run. */
  async createFile(size: number): Promise<RandomFile> {
    const name = path.join(this.#folder, `own-${++this.#createdCount}.bin`);
    return { path: name, size, sha256: await writeRandom(name, size), remove: () => rm(name, { force: true }) };
  }

  /** Starts a bucket for a single run. */
  async startBucket(behaviour: Partial<Behaviour>): Promise<{ store: StoreAccess; stop(): Promise<void> }> {
    const dir = path.join(this.#folder, `bucket-${++this.#createdCount}`);
    const credentials = { accessKeyId: 'own-access', secretAccessKey: 'own-secret-0123456789' };
    const bucket = await startBucket({ dir, buckets: [BUCKET], credentials, behaviour });
    return {
      store: { url: bucket.url, region: 'us-east-1', ...credentials },
      async stop() {
        await bucket.close();
        await rm(dir, { recursive: true, force: true, maxRetries: 20 });
      },
    };
  }

  /** Returns a file that all runs share; writes it when the size is first needed. */
  get(size: number): Promise<RandomFile> {
    let file = this.#filesBySize.get(size);
    if (!file) {
      const name = path.join(this.#folder, `${size}.bin`);
      file = writeRandom(name, size).then((sha256) => ({ path: name, size, sha256 }));
      this.#filesBySize.set(size, file);
    }
    return file;
  }
}
