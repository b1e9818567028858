import type { BlockHashKernel } from './block-hash-kernel.js';
import type { CrcKernel, CrcKind, Hash } from './crc-kernel.js';

/** The algorithm of a digest. */
export type DigestKind = CrcKind | 'sha256' | 'md5';

export interface DigestKernels {
  readonly crc: CrcKernel;
  readonly blockHash: BlockHashKernel;
}

/** How work on the main thread yields to the page. */
export interface Yielding {
  /** Returns the milliseconds of a monotonic clock. */
  now(): number;
  /** Resolves after the page has had a chance to run other tasks. */
  yield(): Promise<void>;
}

/** Reads a Blob once and computes its digest. After cancellation it stops reading, and the result must be ignored. */
export type Digest = (blob: Blob, kind: DigestKind, isCancelled: () => boolean) => Promise<Uint8Array<ArrayBuffer>>;

/**
 * Creates the function that reads Blobs and computes their digests.
 *
 * The worker runs the source text of this function, so it must not refer to anything outside itself except the language's
 * built-ins and the web platform.
 * @param yielding on the main thread, to yield every few milliseconds; null in a worker, which never yields
 */
export function createDigest({ crc, blockHash }: DigestKernels, yielding: Yielding | null): Digest {
  /**
   * Bytes read at a time, so that memory use does not depend on the size of a part. Browsers read few large pieces faster
   * than many small ones, but receiving a large piece blocks the main thread.
   */
  const READ_BYTES = yielding ? 2_097_152 : 8_388_608;
  /** Largest Blob for WebCrypto, which hashes a message only as a whole. */
  const MAX_WEBCRYPTO_BYTES = 67_108_864;
  /** Target duration of a slice: well below the 8 ms that a slice may block the page. */
  const SLICE_MS = 3;
  let sliceBytes = 65_536;

  async function read(blob: Blob, start: number, size: number): Promise<Uint8Array<ArrayBuffer>> {
    const bytes = new Uint8Array(await blob.slice(start, start + size).arrayBuffer());
    if (bytes.length === size) return bytes;
    throw new DOMException(`${bytes.length} bytes could be read instead of ${size}`, 'NotReadableError');
  }

  async function updateInSlices(hash: Hash, bytes: Uint8Array, { now, yield: yieldToPage }: Yielding): Promise<void> {
    for (let offset = 0; offset < bytes.length;) {
      const startedAt = now();
      hash.update(bytes.subarray(offset, offset + sliceBytes));
      const elapsedMs = now() - startedAt;
      offset += sliceBytes;
      // browsers round clocks coarsely: after a short slice the size at most doubles, after a long one it shrinks at once
      const growth = Math.min(2, SLICE_MS / Math.max(elapsedMs, 0.1));
      sliceBytes = Math.min(Math.max(Math.floor((sliceBytes * growth) / 64) * 64, 4_096), READ_BYTES);
      await yieldToPage();
    }
  }

  return async (blob, kind, isCancelled) => {
    const { subtle } = globalThis.crypto ?? {};
    if (kind === 'sha256' && subtle && blob.size <= MAX_WEBCRYPTO_BYTES) {
      return new Uint8Array(await subtle.digest('SHA-256', await read(blob, 0, blob.size)));
    }
    const hash = typeof kind === 'string' ? blockHash[kind]() : crc.create(kind);
    for (let start = 0; start < blob.size && !isCancelled(); start += READ_BYTES) {
      const bytes = await read(blob, start, Math.min(READ_BYTES, blob.size - start));
      if (yielding) await updateInSlices(hash, bytes, yielding);
      else hash.update(bytes);
    }
    return hash.digest();
  };
}

/** Messages to and from the worker. */
export type WorkerRequest = { id: number; blob: Blob; kind: DigestKind } | { id: number; cancel: true };
export type WorkerAnswer =
  | { ready: CrcKernel['code'] }
  | { id: number; bytes: Uint8Array<ArrayBuffer> }
  | { id: number; error: { name: string; message: string } };

interface WorkerScope {
  onmessage: ((event: MessageEvent<WorkerRequest>) => void) | null;
  postMessage(answer: WorkerAnswer): void;
}

/**
 * Answers requests in the worker, after it has checked that the CRC code computes correctly: a bundler may have changed
 * the source text.
 *
 * The worker runs the source text of this function, so it must not refer to anything outside itself except its parameters
 * and built-in objects.
 */
export function serveDigests(scope: WorkerScope, kernels: DigestKernels, digest: Digest): void {
  const cancelled = new Set<number>();
  const answer = async (id: number, blob: Blob, kind: DigestKind): Promise<void> => {
    try {
      scope.postMessage({ id, bytes: await digest(blob, kind, () => cancelled.has(id)) });
    } catch (error) {
      const { name, message } = error as Error;
      scope.postMessage({ id, error: { name, message } });
    }
    cancelled.delete(id);
  };
  scope.onmessage = ({ data }) => {
    if ('cancel' in data) cancelled.add(data.id);
    else void answer(data.id, data.blob, data.kind);
  };
  const hash = kernels.crc.create({ width: 32, high: 0, low: 0xedb88320 });
  // the CRC-32 of "123456789" is CBF43926
  hash.update(Uint8Array.of(49, 50, 51, 52, 53, 54, 55, 56, 57));
  if (hash.digest().join() !== '203,244,57,38') throw new Error('the checksum code computes wrong values');
  scope.postMessage({ ready: kernels.crc.code });
}
