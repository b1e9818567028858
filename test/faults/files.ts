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
  /** Set for a file that was written for a single run. */
  remove?: () => Promise<void>;
}

/** Files of random bytes, each size written once. */
export class Files {
  readonly #folder: string;
  readonly #known = new Map<number, Promise<RandomFile>>();

  #fresh = 0;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Writes a file for a single run. */
  async fresh(size: number): Promise<RandomFile> {
    const name = path.join(this.#folder, `own-${++this.#fresh}.bin`);
    return { path: name, size, sha256: await writeRandom(name, size), remove: () => rm(name, { force: true }) };
  }

  /** Starts a bucket for a single run. */
  async bucket(behaviour: Partial<Behaviour>): Promise<{ store: StoreAccess; stop(): Promise<void> }> {
    const dir = path.join(this.#folder, `bucket-${++this.#fresh}`);
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

  get(size: number): Promise<RandomFile> {
    let file = this.#known.get(size);
    if (!file) {
      const name = path.join(this.#folder, `${size}.bin`);
      file = writeRandom(name, size).then((sha256) => ({ path: name, size, sha256 }));
      this.#known.set(size, file);
    }
    return file;
  }
}
