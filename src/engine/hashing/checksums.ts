/**
 * Computes checksums of parts and of whole objects: in a worker, or on the main thread in slices of a few milliseconds. It
 * uses WebAssembly, or JavaScript if the page's policy forbids that. Loaded only if an upload has checksums.
 */
import type { ChecksumAlgorithm } from '../../protocol.js';
import { abortable, unlessAborted } from '../util/abort.js';
import { createBlockHashKernel } from './block-hash-kernel.js';
import { startWorker, WorkerTerminated } from './checksum-worker.js';
import type { Digester } from './checksum-worker.js';
import { combineCrcs, CRCS } from './crc.js';
import { fromBase64, toBase64 } from '../util/bytes.js';
import type { SizedCrc } from './crc.js';
import { createCrcKernel } from './crc-kernel.js';
import { createDigest } from './digest-kernel.js';
import type { Yielding } from './digest-kernel.js';
import type { Clock } from '../ports.js';

/** Digests of a Blob; MD5 is for comparison with ETags. */
export type DigestName = ChecksumAlgorithm | 'md5';

/** How checksums are computed. */
export interface ChecksumBackend {
  readonly thread: 'worker' | 'main-thread';
  readonly code: 'wasm' | 'script';
}

export interface ChecksumOptions {
  /** Whether to use a worker if the page allows one; the default is true. */
  worker?: boolean;
  /** Called when a backend starts, and again when another replaces it. */
  onBackend?: (backend: ChecksumBackend) => void;
}

/** Yields to the page's other tasks. Unlike a timer, a message is not delayed while the page is hidden. */
function yieldToPage(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}

function createMainThreadDigester(yielding: Yielding): Digester {
  const kernels = { crc: createCrcKernel(), blockHash: createBlockHashKernel() };
  const digest = createDigest(kernels, yielding);
  return {
    thread: 'main-thread',
    code: kernels.crc.code,
    concurrency: 1,
    run: (blob, kind, signal) =>
      unlessAborted(
        signal,
        digest(blob, kind, () => signal.aborted),
      ),
    stop: () => {},
  };
}

/** Computes checksums of Blobs, a few at a time and in the order of the calls. */
export class Checksums {
  readonly clock: Clock;
  readonly #mayUseWorker: boolean;
  readonly #onBackend: (backend: ChecksumBackend) => void;
  #digester: Promise<Digester> | null = null;
  #backend: ChecksumBackend | null = null;
  #running = 0;
  #isReleased = false;
  readonly #slotQueue: (() => void)[] = [];

  constructor(clock: Clock, { worker = true, onBackend = () => {} }: ChecksumOptions = {}) {
    this.clock = clock;
    this.#mayUseWorker = worker;
    this.#onBackend = onBackend;
  }

  /** Null until the first checksum has started a backend. */
  get backend(): ChecksumBackend | null {
    return this.#backend;
  }

  /**
   * Reads a Blob once and computes its checksum.
   * @returns base64 of the big-endian value, as in `x-amz-checksum-…` and Content-MD5
   * @throws DOMException `NotReadableError` if the Blob cannot be read, or is shorter than its size
   * @throws the signal's reason when aborted
   */
  async digest(name: DigestName, blob: Blob, signal: AbortSignal): Promise<string> {
    const digester = await unlessAborted(signal, this.#getDigester());
    await this.#acquireSlot(digester.concurrency, signal);
    const kind = name === 'sha256' || name === 'md5' ? name : CRCS[name];
    try {
      return toBase64(await this.#run((current) => current.run(blob, kind, signal)));
    } finally {
      this.#releaseSlot();
      this.#stopIfReleased();
    }
  }

  /**
   * Computes the checksum of an object from those of its parts, without reading them.
   * @param parts in order
   * @returns base64. For CRCs the full-object value; for SHA-256 the composite, with `-` and the number of parts, as HEAD
   *   reports it.
   */
  async combine(algorithm: ChecksumAlgorithm, parts: readonly SizedCrc[], signal: AbortSignal): Promise<string> {
    if (algorithm !== 'sha256') return combineCrcs(algorithm, parts);
    const digests = new Blob(parts.map(({ value }) => fromBase64(value)));
    return `${await this.digest('sha256', digests, signal)}-${parts.length}`;
  }

  /** Terminates the worker when all checksums are computed; the next call starts another worker. */
  release(): void {
    this.#isReleased = true;
    this.#stopIfReleased();
  }

  #getDigester(): Promise<Digester> {
    this.#isReleased = false;
    return (this.#digester ??= this.#start());
  }

  async #start(): Promise<Digester> {
    const worker = this.#mayUseWorker ? await startWorker(this.clock) : null;
    return this.#announce(worker ?? this.#createMainThreadDigester());
  }

  #createMainThreadDigester(): Digester {
    return createMainThreadDigester({ now: () => this.clock.monotonic(), yield: yieldToPage });
  }

  #announce(digester: Digester): Digester {
    const { thread, code } = digester;
    this.#onBackend((this.#backend = { thread, code }));
    return digester;
  }

  /** Runs an operation in the worker, and repeats it on the main thread if the worker terminates. */
  async #run<T>(operation: (digester: Digester) => Promise<T>): Promise<T> {
    const digester = await this.#getDigester();
    try {
      return await operation(digester);
    } catch (error) {
      if (!(error instanceof WorkerTerminated)) throw error;
      const isCurrent = (await this.#getDigester()) === digester;
      if (isCurrent) this.#digester = Promise.resolve(this.#announce(this.#createMainThreadDigester()));
      return operation(await this.#getDigester());
    }
  }

  async #acquireSlot(concurrency: number, signal: AbortSignal): Promise<void> {
    if (this.#running < concurrency) {
      this.#running++;
      return;
    }
    await abortable<void>(signal, (resolve) => {
      this.#slotQueue.push(resolve);
      return () => {
        const index = this.#slotQueue.indexOf(resolve);
        if (index >= 0) this.#slotQueue.splice(index, 1);
      };
    });
  }

  /** Passes the slot to the call that has waited longest. */
  #releaseSlot(): void {
    const next = this.#slotQueue.shift();
    if (next) next();
    else this.#running--;
  }

  #stopIfReleased(): void {
    if (!this.#isReleased || this.#running > 0 || !this.#digester) return;
    void this.#digester.then((digester) => digester.stop());
    this.#digester = null;
  }
}

export type { SizedCrc } from './crc.js';
