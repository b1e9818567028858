import type { BlockHashKernel } from './block-hash-kernel.js';
import type { CrcKernel, CrcKind, Hash } from './crc-kernel.js';

/** What is to be computed. */
export type DigestKind = CrcKind | 'sha256' | 'md5';

export interface DigestKernels {
  readonly crc: CrcKernel;
  readonly blockHash: BlockHashKernel;
}

/** How the main thread is kept free for the page. */
export interface Yielding {
  /** Milliseconds that never run backwards. */
  now(): number;
  /** Lets the page do what it has to. */
  yield(): Promise<void>;
}

/** Reads a Blob once and gives its digest. */
export type Digest = (blob: Blob, kind: DigestKind, isCancelled: () => boolean) => Promise<Uint8Array<ArrayBuffer>>;

/**
 * Makes what reads Blobs and gives their digests.
 *
 * Its source text is what the worker runs, so it uses nothing from outside but the language and the web platform.
 * @param pace on the main thread: no more than a few milliseconds of work at a time; null: as fast as it goes
 */
export function createDigest({ crc, blockHash }: DigestKernels, pace: Yielding | null): Digest {
  /**
   * Bytes read at a time, so that memory stays flat for parts of any size. Engines read few large pieces faster than
   * many small ones; the main thread also pays for taking a piece over.
   */
  const PIECE = pace ? 2_097_152 : 8_388_608;
  /** Bytes that WebCrypto may be given: it takes a message whole or not at all. */
  const WHOLE = 67_108_864;
  /** Milliseconds of one slice of work, and its bytes at first. The longest allowed is 8. */
  const SLICE_TIME = 3;
  let sliceSize = 65_536;

  async function read(blob: Blob, start: number, size: number): Promise<Uint8Array<ArrayBuffer>> {
    const bytes = new Uint8Array(await blob.slice(start, start + size).arrayBuffer());
    if (bytes.length === size) return bytes;
    throw new DOMException(`${bytes.length} bytes could be read where ${size} were to be`, 'NotReadableError');
  }

  async function take(hash: Hash, bytes: Uint8Array, { now, yield: yieldToPage }: Yielding): Promise<void> {
    for (let at = 0; at < bytes.length;) {
      const begun = now();
      hash.update(bytes.subarray(at, at + sliceSize));
      const time = now() - begun;
      at += sliceSize;
      // clocks of browsers are coarse: a slice that took no time may be doubled, one that took long is cut down at once
      const fits = Math.min(2, SLICE_TIME / Math.max(time, 0.1));
      sliceSize = Math.min(Math.max(Math.floor((sliceSize * fits) / 64) * 64, 4_096), PIECE);
      await yieldToPage();
    }
  }

  return async (blob, kind, isCancelled) => {
    const { subtle } = globalThis.crypto ?? {};
    if (kind === 'sha256' && subtle && blob.size <= WHOLE) {
      return new Uint8Array(await subtle.digest('SHA-256', await read(blob, 0, blob.size)));
    }
    const hash = typeof kind === 'string' ? blockHash[kind]() : crc.create(kind);
    for (let start = 0; start < blob.size && !isCancelled(); start += PIECE) {
      const bytes = await read(blob, start, Math.min(PIECE, blob.size - start));
      if (pace) await take(hash, bytes, pace);
      else hash.update(bytes);
    }
    return hash.digest();
  };
}

/** What the page asks the worker, and what it answers. */
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
 * Answers the page from within a worker, once it has shown that the text it was made of still computes what it should.
 *
 * Its source text is what the worker runs, so it uses nothing from outside but what it is given.
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
  // CRC-32 of "123456789" is CBF43926, as catalogues of CRCs have it
  hash.update(Uint8Array.of(49, 50, 51, 52, 53, 54, 55, 56, 57));
  if (hash.digest().join() !== '203,244,57,38') throw new Error('the checksum code does not compute');
  scope.postMessage({ ready: kernels.crc.code });
}
