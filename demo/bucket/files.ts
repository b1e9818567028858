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

/** A request buffers this number of bytes before it writes them, so that the thread pool gets fewer calls. */
const BATCH_BYTES = 1024 ** 2;

/** The checks for a received body. */
export interface BodyRules {
  /** Expected hash in hex; null if the body is unsigned. */
  sha256?: string | null;
  /** Expected hash in base64, as in Content-MD5. */
  contentMd5?: string | undefined;
  /** The checksum that the client has sent. */
  checksum?: Checksum | null;
  /** The checksum to compute if the client has sent none. */
  algorithm?: ChecksumAlgorithm | null;
  /** When to flip a bit of the body; null for never. */
  bitFlip?: BitFlip['when'] | null;
  /** In bytes. */
  maxSize: number;
  /** In bytes. */
  minSize?: number;
}

/** A body on disk under a temporary name. */
export interface ReceivedFile {
  path: string;
  size: number;
  /** In hex. */
  md5: string;
  checksum: Checksum | null;
}

async function writeBatch(handle: FileHandle, chunks: Buffer[], bytes: number): Promise<void> {
  const { bytesWritten } = await handle.writev(chunks);
  if (bytesWritten !== bytes) throw new S3Error('InternalError', 'The body was not written to disk completely.');
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
  let pendingFlip = rules.bitFlip ?? null;
  const sha256 = rules.sha256 ? createHash('sha256') : null;
  let size = 0;
  let pending: Buffer[] = [];
  let pendingBytes = 0;
  for await (const received of body) {
    let chunk = received;
    size += chunk.length;
    if (size > rules.maxSize) {
      throw new S3Error('EntityTooLarge', 'Your proposed upload exceeds the maximum allowed size', {
        ProposedSize: size,
        MaxSizeAllowed: rules.maxSize,
      });
    }
    if (pendingFlip === 'before') chunk = withFlippedBit(chunk);
    md5.update(chunk);
    sha256?.update(chunk);
    checksum?.update(chunk);
    pending.push(pendingFlip === 'after' ? withFlippedBit(chunk) : chunk);
    pendingFlip = null;
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

function withFlippedBit(chunk: Buffer): Buffer {
  const copy = Buffer.from(chunk);
  copy[copy.length >> 1]! ^= 1;
  return copy;
}

/**
 * Streams a body to a temporary file, hashes it on the way, and flushes it to disk.
 * @throws S3Error if a check fails; the temporary file is deleted
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

/** The two calls of the file system that behave differently on Windows. */
export interface Disk {
  open(path: string, flags: string): Promise<Pick<FileHandle, 'sync' | 'close'>>;
  rename(from: string, to: string): Promise<void>;
}

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? '';

/** Errors of Windows when a directory is flushed: Windows has no such call, and needs none after a rename. */
const NO_DIRECTORY_SYNC = ['EPERM', 'EISDIR', 'EACCES', 'EINVAL', 'ENOTSUP'];
/** Errors of Windows when a reader or a virus scanner has the file open. */
const NAME_IN_USE = ['EPERM', 'EACCES', 'EBUSY'];
/** Delays between attempts, in order. */
const RENAME_DELAYS_MS = [10, 20, 50, 100, 200, 500, 1_000];

/** Flushes a directory, so that a rename or a new file in it survives a power cut, if the system supports that. */
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

/** Renames a file. Retries if another program has the file of that name open for a short time. */
async function renameOverOpenFile(from: string, to: string, disk: Disk): Promise<void> {
  for (const delayMs of RENAME_DELAYS_MS) {
    try {
      return await disk.rename(from, to);
    } catch (error) {
      if (!NAME_IN_USE.includes(codeOf(error))) throw error;
      await sleep(delayMs);
    }
  }
  return disk.rename(from, to);
}

/** Renames a file durably: after this has resolved, the file survives a crash. */
export async function moveDurably(from: string, to: string, disk: Disk = { open, rename }): Promise<void> {
  await renameOverOpenFile(from, to, disk);
  await syncDirectory(dirname(to), disk);
}

/** Writes a small file atomically and durably. @param temporary path of the temporary file */
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
