import { createHash, randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, readFile, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ObjectChecksum } from './checksums.js';
import { S3Error } from './errors.js';
import { moveDurably, writeDurably } from './files.js';
import type { ReceivedFile } from './files.js';
import { Locks } from './locks.js';

/** Headers given at upload and given back with the object. */
export type StoredHeaders = Record<string, string>;

/** One object: a list of files in order, so that completing a multipart upload copies nothing. */
export interface StoredObject {
  key: string;
  size: number;
  /** Without quotes. */
  etag: string;
  /** Epoch milliseconds. */
  modified: number;
  headers: StoredHeaders;
  /** File or directory, below the bucket's, that goes away with the object. */
  data: string;
  /** Objects of earlier versions have none. */
  checksum?: ObjectChecksum | null;
  /** Below the bucket's directory. */
  files: { path: string; size: number }[];
}

function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT';
}

/** Reads a JSON file; null where there is none. */
export async function readJson<T>(path: string): Promise<T | null> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as T;
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}

/**
 * The objects of one bucket. Layout: `objects/` one JSON each, `blobs/` bodies of single PUTs, `uploads/` one
 * directory for each multipart upload, `tmp/` what is not acknowledged yet. An object exists once its JSON does.
 */
export class ObjectStore {
  readonly #locks = new Locks();

  private constructor(readonly directory: string) {}

  /** Opens or makes a bucket's directory and clears what an earlier process left half done. */
  static async open(directory: string): Promise<ObjectStore> {
    await rm(join(directory, 'tmp'), { recursive: true, force: true, maxRetries: 5 });
    for (const name of ['objects', 'blobs', 'uploads', 'tmp']) await mkdir(join(directory, name), { recursive: true });
    return new ObjectStore(directory);
  }

  /** Gives a new path for something not acknowledged yet. */
  temporary(): string {
    return join(this.directory, 'tmp', randomBytes(12).toString('hex'));
  }

  /** Gives the object of that key, or null. */
  find(key: string): Promise<StoredObject | null> {
    return readJson<StoredObject>(this.#pathOf(key));
  }

  /** Lists every object, by key. */
  async list(): Promise<StoredObject[]> {
    const names = await readdir(join(this.directory, 'objects'));
    const objects = await Promise.all(
      names.map((name) => readJson<StoredObject>(join(this.directory, 'objects', name))),
    );
    return objects
      .filter((object) => object !== null)
      .sort((a, b) => Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)));
  }

  /**
   * Stores a received body as an object, in place of the one before.
   * @throws S3Error PreconditionFailed where the key is taken and must not be
   */
  async put(
    key: string,
    received: ReceivedFile,
    etag: string,
    headers: StoredHeaders,
    mustBeNew: boolean,
  ): Promise<StoredObject> {
    const path = join('blobs', randomBytes(12).toString('hex'));
    await moveDurably(received.path, join(this.directory, path));
    const object = {
      key,
      size: received.size,
      etag,
      modified: Date.now(),
      headers,
      data: path,
      checksum: received.checksum && { ...received.checksum, type: 'FULL_OBJECT' as const },
      files: [{ path, size: received.size }],
    };
    try {
      await this.publish(object, mustBeNew);
    } catch (error) {
      await rm(join(this.directory, path), { force: true });
      throw error;
    }
    return object;
  }

  /**
   * Makes an object whose data is in place visible under its key, all at once.
   * @throws S3Error PreconditionFailed where the key is taken and must not be
   */
  publish(object: StoredObject, mustBeNew: boolean): Promise<void> {
    return this.#locks.run(object.key, async () => {
      const before = await this.find(object.key);
      if (before && mustBeNew && before.data !== object.data) {
        throw new S3Error('PreconditionFailed', 'At least one of the pre-conditions you specified did not hold', {
          Condition: 'If-None-Match',
        });
      }
      await writeDurably(this.#pathOf(object.key), JSON.stringify(object), this.temporary());
      if (before && before.data !== object.data) await this.#removeData(before);
    });
  }

  /** Removes an object; S3 does not mind where there is none. */
  remove(key: string): Promise<void> {
    return this.#locks.run(key, async () => {
      const object = await this.find(key);
      if (!object) return;
      await rm(this.#pathOf(key), { force: true });
      await this.#removeData(object);
    });
  }

  /** Streams the bytes `[start, end)` of an object, file after file. */
  async *read(object: StoredObject, start = 0, end = object.size): AsyncGenerator<Buffer> {
    let offset = 0;
    for (const { path, size } of object.files) {
      const from = Math.max(start - offset, 0);
      const to = Math.min(end - offset, size);
      offset += size;
      if (from >= to) continue;
      const file = createReadStream(join(this.directory, path), {
        start: from,
        end: to - 1,
        highWaterMark: 256 * 1024,
      });
      yield* file as AsyncIterable<Buffer>;
    }
  }

  #pathOf(key: string): string {
    // Keys may be longer than file names and hold what those may not.
    return join(this.directory, 'objects', `${createHash('sha256').update(key).digest('hex')}.json`);
  }

  async #removeData(object: StoredObject): Promise<void> {
    await rm(join(this.directory, object.data), { recursive: true, force: true, maxRetries: 5 });
  }
}
