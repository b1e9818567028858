import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  algorithmMismatch,
  assertChecksum,
  assertSameType,
  checksumOfParts,
  createChecksum,
  toBase64,
} from './checksums.js';
import type { ChecksumPlan, ObjectChecksum } from './checksums.js';
import { assertObjectSize, selectParts } from './complete-rules.js';
import type { CompleteRules, ListedPart } from './complete-rules.js';
import { S3Error } from './errors.js';
import { moveDurably, writeDurably } from './files.js';
import type { ReceivedFile } from './files.js';
import { Locks } from './locks.js';
import { readJson } from './objects.js';
import type { ObjectStore, StoredHeaders, StoredObject } from './objects.js';
import { assertPartSizes, multipartEtag, parsePartFileName, partFileName } from './parts.js';
import type { StoredPart } from './parts.js';

/** One multipart upload, as stored on disk. */
export interface Upload {
  id: string;
  key: string;
  /** Epoch milliseconds. */
  initiated: number;
  headers: StoredHeaders;
  /** Missing in uploads that an earlier version of this store has written. */
  checksum?: ChecksumPlan | null;
  /** The response to the successful Complete, which a repeated Complete gets too. */
  completed?: Completed;
}

/** The response to Complete. */
export interface Completed {
  etag: string;
  checksum: ObjectChecksum | null;
}

const noSuchUpload = (uploadId: string): S3Error =>
  new S3Error(
    'NoSuchUpload',
    'The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.',
    { UploadId: uploadId },
  );

/** The multipart uploads of one bucket. */
export class UploadStore {
  readonly #objects: ObjectStore;
  readonly #locks = new Locks();
  /** The parts of each upload, by number. Each directory is read once, because listing 10,000 parts takes long. */
  readonly #parts = new Map<string, Promise<Map<number, StoredPart>>>();

  constructor(objects: ObjectStore) {
    this.#objects = objects;
  }

  async create(key: string, headers: StoredHeaders, checksum: ChecksumPlan | null): Promise<Upload> {
    const id = randomBytes(24).toString('base64url');
    const upload: Upload = { id, key, initiated: Date.now(), headers, checksum };
    await mkdir(this.#directoryOf(upload.id));
    await this.#save(upload);
    return upload;
  }

  /**
   * Returns an unfinished upload.
   * @throws S3Error NoSuchUpload if it is unknown, of another key, aborted or completed
   */
  async find(uploadId: string, key: string): Promise<Upload> {
    const upload = await this.#load(uploadId, key);
    if (upload.completed) throw noSuchUpload(uploadId);
    return upload;
  }

  /** Lists unfinished uploads, by key and then by time. */
  async list(): Promise<Upload[]> {
    const names = await readdir(join(this.#objects.directory, 'uploads'));
    const uploads = await Promise.all(
      names.map((name) => readJson<Upload>(join(this.#directoryOf(name), 'upload.json'))),
    );
    return uploads
      .filter((upload) => upload !== null && !upload.completed)
      .map((upload) => upload!)
      .sort((a, b) => Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)) || a.initiated - b.initiated);
  }

  /** Lists the stored parts in order. */
  async parts(upload: Upload): Promise<StoredPart[]> {
    return [...(await this.#partsOf(upload.id)).values()].sort((a, b) => a.partNumber - b.partNumber);
  }

  /** Stores a received part, and replaces the one with the same number. Once this has resolved, the part survives a crash. */
  putPart(upload: Upload, partNumber: number, received: ReceivedFile, etag: string): Promise<StoredPart> {
    return this.#locks.runExclusive(upload.id, async () => {
      const parts = await this.#partsOfUnfinished(upload, received);
      const previous = parts.get(partNumber);
      const modified = Math.max(Date.now(), (previous?.modified ?? 0) + 1);
      const { size, checksum } = received;
      const properties = { partNumber, size, modified, etag, checksum };
      const part = { ...properties, file: partFileName(properties) };
      await moveDurably(received.path, join(this.#directoryOf(upload.id), part.file));
      parts.set(partNumber, part);
      if (previous) await rm(join(this.#directoryOf(upload.id), previous.file), { force: true });
      return part;
    });
  }

  /**
   * Creates an object from the listed parts. Returns the same response if it is called again after success.
   * @throws S3Error InvalidPartOrder, InvalidPart, InvalidRequest, BadDigest, EntityTooSmall, PreconditionFailed,
   * NoSuchUpload
   * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html
   */
  complete(uploadId: string, key: string, listed: readonly ListedPart[], rules: CompleteRules): Promise<Completed> {
    return this.#locks.runExclusive(uploadId, async () => {
      const upload = await this.#load(uploadId, key);
      if (upload.completed) return upload.completed;
      assertSameType(rules.type, upload.checksum ?? null);
      const parts = selectParts(upload, await this.#partsOf(uploadId), listed);
      assertPartSizes(parts, rules.requiresEqualPartSizes);
      const object = this.#objectOf(upload, parts);
      assertObjectSize(rules, object.size);
      const checksum = await this.#checksumOf(upload, object, parts, rules);
      await this.#objects.publish({ ...object, checksum }, rules.mustBeNew);
      const completed = { etag: object.etag, checksum };
      await this.#save({ ...upload, completed });
      await this.#deleteUnusedParts(uploadId, new Set(parts.map(({ file }) => file)));
      return completed;
    });
  }

  /** @throws S3Error NoSuchUpload */
  abort(uploadId: string, key: string): Promise<void> {
    return this.#locks.runExclusive(uploadId, async () => {
      await this.find(uploadId, key);
      this.#parts.delete(uploadId);
      await rm(join(this.#directoryOf(uploadId), 'upload.json'), { force: true });
      await rm(this.#directoryOf(uploadId), { recursive: true, force: true, maxRetries: 5 });
    });
  }

  /** @throws S3Error if the client has sent another checksum */
  async #checksumOf(
    { checksum: plan = null }: Upload,
    object: StoredObject,
    parts: readonly StoredPart[],
    { checksum: sent, readsFromDisk }: CompleteRules,
  ): Promise<ObjectChecksum | null> {
    if (sent !== null && sent.algorithm !== plan?.algorithm)
      throw algorithmMismatch(plan?.algorithm ?? 'null', sent.algorithm);
    if (plan === null) return null;
    const partChecksums = parts.map(({ checksum, size }) => ({ value: checksum?.value ?? '', size }));
    const combined = checksumOfParts(plan, partChecksums);
    const computed =
      readsFromDisk && plan.type === 'FULL_OBJECT' ? await this.#checksumFromDisk(plan, object) : combined;
    // a client may send a composite value with or without its number of parts
    const [valueOnly] = computed.value.split('-');
    if (sent?.value !== valueOnly) assertChecksum(sent, computed.value);
    return computed;
  }

  async #checksumFromDisk(plan: ChecksumPlan, object: StoredObject): Promise<ObjectChecksum> {
    const hash = createChecksum(plan.algorithm);
    for await (const chunk of this.#objects.read(object)) hash.update(chunk);
    return { ...plan, value: toBase64(hash.digest()) };
  }

  #objectOf(upload: Upload, parts: readonly StoredPart[]): StoredObject {
    const data = join('uploads', upload.id);
    return {
      key: upload.key,
      size: parts.reduce((sum, { size }) => sum + size, 0),
      etag: multipartEtag(parts),
      modified: Date.now(),
      headers: upload.headers,
      data,
      files: parts.map(({ file, size }) => ({ path: join(data, file), size })),
    };
  }

  /** Returns the parts of an upload. If it was completed or aborted in the meantime, deletes the received part instead. */
  async #partsOfUnfinished(upload: Upload, received: ReceivedFile): Promise<Map<number, StoredPart>> {
    try {
      await this.find(upload.id, upload.key);
      return await this.#partsOf(upload.id);
    } catch (error) {
      await rm(received.path, { force: true });
      throw error;
    }
  }

  async #deleteUnusedParts(uploadId: string, used: ReadonlySet<string>): Promise<void> {
    this.#parts.delete(uploadId);
    for (const file of await readdir(this.#directoryOf(uploadId))) {
      if (parsePartFileName(file) && !used.has(file))
        await rm(join(this.#directoryOf(uploadId), file), { force: true });
    }
  }

  async #load(uploadId: string, key: string): Promise<Upload> {
    const isPlausible = /^[\w-]{1,64}$/.test(uploadId);
    const upload = isPlausible ? await readJson<Upload>(join(this.#directoryOf(uploadId), 'upload.json')) : null;
    if (upload?.key !== key) throw noSuchUpload(uploadId);
    return upload;
  }

  #save(upload: Upload): Promise<void> {
    return writeDurably(
      join(this.#directoryOf(upload.id), 'upload.json'),
      JSON.stringify(upload),
      this.#objects.temporaryPath(),
    );
  }

  #partsOf(uploadId: string): Promise<Map<number, StoredPart>> {
    const cached = this.#parts.get(uploadId);
    if (cached) return cached;
    const parts = this.#readParts(uploadId);
    this.#parts.set(uploadId, parts);
    return parts;
  }

  async #readParts(uploadId: string): Promise<Map<number, StoredPart>> {
    const parts = new Map<number, StoredPart>();
    for (const file of await readdir(this.#directoryOf(uploadId))) {
      const part = parsePartFileName(file);
      const other = part && parts.get(part.partNumber);
      if (part && (!other || other.modified < part.modified)) parts.set(part.partNumber, part);
    }
    return parts;
  }

  #directoryOf(uploadId: string): string {
    return join(this.#objects.directory, 'uploads', uploadId);
  }
}
