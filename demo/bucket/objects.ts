import { createHash, randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, readFile, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ObjectChecksum } from './checksums.js';
import { S3Error } from './errors.js';
import { moveDurably, writeDurably } from './files.js';
import type { ReceivedFile } from './files.js';
import { Locks } from './locks.js';

/** Headers that are set at upload and returned with the object. */
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
  /** The file or directory that is deleted with the object, relative to the bucket's directory. */
  data: string;
  /** Missing in objects that an earlier version of this store has written. */
  checksum?: ObjectChecksum | null;
  /** Paths are relative to the bucket's directory. */
  files: { path: string; size: number }[];
}

function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT';
}

/** Reads a JSON file; null if there is none. */
export async function readJson<T>(path: string): Promise<T | null> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as T;
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}

/**
 * The objects of one bucket. `objects/` has a JSON file for each object, `blobs/` the bodies of single PUTs, `uploads/` a
 * directory for each multipart upload, and `tmp/` data that is not acknowledged yet. An object exists if its JSON file does.
 */
export class ObjectStore {
  readonly #locks = new Locks();

  private constructor(readonly directory: string) {}

  /** Opens or creates a bucket's directory, and deletes the temporary files of an earlier process. */
  static async open(directory: string): Promise<ObjectStore> {
    await rm(join(directory, 'tmp'), { recursive: true, force: true, maxRetries: 5 });
    for (const name of ['objects', 'blobs', 'uploads', 'tmp']) await mkdir(join(directory, name), { recursive: true });
    return new ObjectStore(directory);
  }

  /** Returns a new path for data that is not acknowledged yet. */
  temporaryPath(): string {
    return join(this.directory, 'tmp', randomBytes(12).toString('hex'));
  }

  /** Returns the object of that key, or null. */
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
   * Stores a received body as an object, and replaces an existing one.
   * @throws S3Error PreconditionFailed if the key exists and `mustBeNew`
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
      // the failure may have followed the publication
      if ((await this.find(key))?.data !== path) await rm(join(this.directory, path), { force: true });
      throw error;
    }
    return object;
  }

  /**
   * Makes an object available under its key, atomically. Its data must be stored already.
   * @throws S3Error PreconditionFailed if the key exists and `mustBeNew`
   */
  publish(object: StoredObject, mustBeNew: boolean): Promise<void> {
    return this.#locks.runExclusive(object.key, async () => {
      const previous = await this.find(object.key);
      // the same data is there already if a completion is repeated after a crash
      if (previous && mustBeNew && previous.data !== object.data) {
        throw new S3Error('PreconditionFailed', 'At least one of the pre-conditions you specified did not hold', {
          Condition: 'If-None-Match',
        });
      }
      await writeDurably(this.#pathOf(object.key), JSON.stringify(object), this.temporaryPath());
      if (previous && previous.data !== object.data) await this.#removeData(previous);
    });
  }

  /** Removes an object. As in S3, this succeeds if there is none. */
  remove(key: string): Promise<void> {
    return this.#locks.runExclusive(key, async () => {
      const object = await this.find(key);
      if (!object) return;
      await rm(this.#pathOf(key), { force: true });
      await this.#removeData(object);
    });
  }

  /** Streams the bytes `[start, end)` of an object. */
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
    // Keys may be longer than file names, and may contain characters that file names must not.
    return join(this.directory, 'objects', `${createHash('sha256').update(key).digest('hex')}.json`);
  }

  async #removeData(object: StoredObject): Promise<void> {
    await rm(join(this.directory, object.data), { recursive: true, force: true, maxRetries: 5 });
  }
}
