import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { CorsRule } from './cors.js';
import { S3Error } from './errors.js';
import { writeDurably } from './files.js';
import { ObjectStore, readJson } from './objects.js';
import { assertBucketName } from './request.js';
import { UploadStore } from './uploads.js';

/** One bucket: its objects, its unfinished uploads, its CORS rules. */
export class Bucket {
  readonly uploads: UploadStore;

  private constructor(
    readonly name: string,
    readonly objects: ObjectStore,
    public cors: readonly CorsRule[],
  ) {
    this.uploads = new UploadStore(objects);
  }

  static async open(directory: string, name: string): Promise<Bucket> {
    const objects = await ObjectStore.open(join(directory, name));
    return new Bucket(name, objects, (await readJson<CorsRule[]>(join(objects.directory, 'cors.json'))) ?? []);
  }

  /** Sets the CORS rules and stores them; an empty list removes them. */
  async setCors(rules: readonly CorsRule[]): Promise<void> {
    await writeDurably(join(this.objects.directory, 'cors.json'), JSON.stringify(rules), this.objects.temporaryPath());
    this.cors = rules;
  }
}

/** All buckets below one directory. */
export class Buckets {
  readonly #buckets = new Map<string, Bucket>();

  private constructor(readonly directory: string) {}

  /** Opens the buckets that exist already. */
  static async open(directory: string): Promise<Buckets> {
    await mkdir(directory, { recursive: true });
    const buckets = new Buckets(directory);
    for (const entry of await readdir(directory, { withFileTypes: true })) {
      if (entry.isDirectory()) buckets.#buckets.set(entry.name, await Bucket.open(directory, entry.name));
    }
    return buckets;
  }

  find(name: string): Bucket | undefined {
    return this.#buckets.get(name);
  }

  /** @throws S3Error NoSuchBucket */
  get(name: string): Bucket {
    const bucket = this.find(name);
    if (!bucket) throw new S3Error('NoSuchBucket', 'The specified bucket does not exist', { BucketName: name });
    return bucket;
  }

  /** Creates a bucket, or returns the existing one. */
  async create(name: string): Promise<Bucket> {
    assertBucketName(name);
    const bucket = this.find(name) ?? (await Bucket.open(this.directory, name));
    this.#buckets.set(name, bucket);
    return bucket;
  }
}
