import { createHash } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BitFlip } from './behaviour.js';
import { assertChecksum, createChecksum, toBase64 } from './checksums.js';
import type { Checksum } from './checksums.js';
import { S3Error } from './errors.js';
import type { ChecksumAlgorithm } from '../../src/protocol.js';

/** Bytes buffered before one write: fewer calls to the thread pool. A request holds no more in memory. */
const BATCH_BYTES = 1024 ** 2;

/** The checks for a received body. */
export interface BodyRules {
  /** Hex; null if the body is unsigned. */
  sha256?: string | null;
  /** Base64, as Content-MD5 has it. */
  contentMd5?: string | undefined;
  /** As sent by the client. */
  checksum?: Checksum | null;
  /** Computed also if none was sent. */
  algorithm?: ChecksumAlgorithm | null;
  /** Flips a bit. */
  bitFlip?: BitFlip['when'] | null;
  /** Bytes. */
  maxSize: number;
  /** Bytes. */
  minSize?: number;
}

/** A body on disk under a temporary name. */
export interface ReceivedFile {
  path: string;
  size: number;
  /** Hex. */
  md5: string;
  checksum: Checksum | null;
}

async function writeBatch(handle: FileHandle, chunks: Buffer[], bytes: number): Promise<void> {
  const { bytesWritten } = await handle.writev(chunks);
  if (bytesWritten !== bytes) throw new S3Error('InternalError', 'The disk took only a piece of the body.');
}

function assertBody(rules: BodyRules, size: number, md5: Buffer, sha256: string | null): void {
  if (rules.minSize !== undefined && size < rules.minSize) {
    throw new S3Error('EntityTooSmall', 'Your proposed upload is smaller than the minimum allowed size', {
      ProposedSize: size,
      MinSizeAllowed: rules.minSize,
    });
  }
  if (sha256 !== null && sha256 !== rules.sha256) {
    throw new S3Error(
      'XAmzContentSHA256Mismatch',
      "The provided 'x-amz-content-sha256' header does not match what was computed.",
    );
  }
  if (rules.contentMd5 !== undefined && md5.toString('base64') !== rules.contentMd5) {
    throw new S3Error('BadDigest', 'The Content-MD5 you specified did not match what we received.');
  }
}

async function writeBody(
  handle: FileHandle,
  body: AsyncIterable<Buffer>,
  rules: BodyRules,
): Promise<Omit<ReceivedFile, 'path'>> {
  const md5 = createHash('md5');
  const algorithm = rules.checksum?.algorithm ?? rules.algorithm ?? null;
  const checksum = algorithm && createChecksum(algorithm);
  let flip = rules.bitFlip ?? null;
  const sha256 = rules.sha256 ? createHash('sha256') : null;
  let size = 0;
  let pending: Buffer[] = [];
  let pendingBytes = 0;
  for await (const sent of body) {
    let chunk = sent;
    size += chunk.length;
    if (size > rules.maxSize) {
      throw new S3Error('EntityTooLarge', 'Your proposed upload exceeds the maximum allowed size', {
        ProposedSize: size,
        MaxSizeAllowed: rules.maxSize,
      });
    }
    if (flip === 'before') chunk = withBitTurned(chunk);
    md5.update(chunk);
    sha256?.update(chunk);
    checksum?.update(chunk);
    pending.push(flip === 'after' ? withBitTurned(chunk) : chunk);
    flip = null;
    pendingBytes += chunk.length;
    if (pendingBytes < BATCH_BYTES) continue;
    await writeBatch(handle, pending, pendingBytes);
    pending = [];
    pendingBytes = 0;
  }
  if (pendingBytes > 0) await writeBatch(handle, pending, pendingBytes);
  const digest = md5.digest();
  assertBody(rules, size, digest, sha256?.digest('hex') ?? null);
  const value = checksum && toBase64(checksum.digest());
  if (value !== null) assertChecksum(rules.checksum ?? null, value);
  return { size, md5: digest.toString('hex'), checksum: algorithm && { algorithm, value: value! } };
}

function withBitTurned(chunk: Buffer): Buffer {
  const copy = Buffer.from(chunk);
  copy[copy.length >> 1]! ^= 1;
  return copy;
}

/**
 * Streams a body to a temporary file, hashes it on the way, and flushes it to disk.
 * @throws S3Error if a check fails; no file is left then
 */
export async function receiveFile(body: AsyncIterable<Buffer>, path: string, rules: BodyRules): Promise<ReceivedFile> {
  const handle = await open(path, 'wx');
  try {
    const written = await writeBody(handle, body, rules);
    await handle.datasync();
    return { path, ...written };
  } catch (error) {
    // on Windows, an open file keeps its name
    await handle.close();
    await rm(path, { force: true });
    throw error;
  } finally {
    await handle.close();
  }
}

/** The two calls that behave differently on Windows. */
export interface Disk {
  open(path: string, flags: string): Promise<Pick<FileHandle, 'sync' | 'close'>>;
  rename(from: string, to: string): Promise<void>;
}

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? '';

/** Errors of Windows for flushing a directory: it has no such call, and needs none after a rename. */
const NO_DIRECTORY_SYNC = ['EPERM', 'EISDIR', 'EACCES', 'EINVAL', 'ENOTSUP'];
/** Errors of Windows for a file that a reader or a virus scanner has open. */
const NAME_IN_USE = ['EPERM', 'EACCES', 'EBUSY'];
/** Milliseconds between attempts, in order. */
const RENAME_DELAYS = [10, 20, 50, 100, 200, 500, 1_000];

/** Makes a rename or a new file in that directory survive a power cut, if the system supports it. */
async function syncDirectory(path: string, disk: Disk): Promise<void> {
  let handle: Pick<FileHandle, 'sync' | 'close'> | null = null;
  try {
    handle = await disk.open(path, 'r');
    await handle.sync();
  } catch (error) {
    if (!NO_DIRECTORY_SYNC.includes(codeOf(error))) throw error;
  } finally {
    await handle?.close();
  }
}

/** Renames a file, also over one that is open elsewhere for a short time. */
async function renameOverOpenFile(from: string, to: string, disk: Disk): Promise<void> {
  for (const delay of RENAME_DELAYS) {
    try {
      return await disk.rename(from, to);
    } catch (error) {
      if (!NAME_IN_USE.includes(codeOf(error))) throw error;
      await sleep(delay);
    }
  }
  return disk.rename(from, to);
}

/** Gives a file its final name, durably: once this resolves, a crash does not lose it. */
export async function moveDurably(from: string, to: string, disk: Disk = { open, rename }): Promise<void> {
  await renameOverOpenFile(from, to, disk);
  await syncDirectory(dirname(to), disk);
}

/** Writes a small file atomically. */
export async function writeDurably(path: string, text: string, temporary: string): Promise<void> {
  const handle = await open(temporary, 'wx');
  try {
    await handle.writeFile(text);
    await handle.datasync();
  } finally {
    await handle.close();
  }
  await moveDurably(temporary, path);
}
