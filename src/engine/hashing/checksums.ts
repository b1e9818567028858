/**
 * Checksums of parts and of whole objects: in a worker where one can be had, else on the main thread in slices of a few
 * milliseconds; by WebAssembly where the page's policy lets us, else by script. Loaded only where an upload has
 * checksums.
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

/** What can be computed of a Blob; MD5 is for comparison with ETags. */
export type DigestName = ChecksumAlgorithm | 'md5';

/** Which way checksums are computed. */
export interface ChecksumBackend {
  readonly thread: 'worker' | 'main-thread';
  readonly code: 'wasm' | 'script';
}

export interface ChecksumOptions {
  /** Whether to start a worker, where the page allows one. */
  worker?: boolean;
  /** Hears which way was found, and of another where that has gone. */
  onBackend?: (backend: ChecksumBackend) => void;
}

/** Lets the page handle what has come up; unlike a timer's, its turn comes at once also while the page is hidden. */
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

function onMainThread(pace: Yielding): Digester {
  const kernels = { crc: createCrcKernel(), blockHash: createBlockHashKernel() };
  const digest = createDigest(kernels, pace);
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

/** Computes checksums of Blobs, few at a time and in the order they were asked for; memory stays flat. */
export class Checksums {
  readonly #clock: Clock;
  readonly #mayUseWorker: boolean;
  readonly #onBackend: (backend: ChecksumBackend) => void;
  #digester: Promise<Digester> | null = null;
  #backend: ChecksumBackend | null = null;
  #running = 0;
  #isReleased = false;
  readonly #queue: (() => void)[] = [];

  constructor(clock: Clock, { worker = true, onBackend: onWay = () => {} }: ChecksumOptions = {}) {
    this.#clock = clock;
    this.#mayUseWorker = worker;
    this.#onBackend = onWay;
  }

  /** Null until the first checksum was asked for and a way was found. */
  get backend(): ChecksumBackend | null {
    return this.#backend;
  }

  /**
   * Reads a Blob once and gives its checksum.
   * @returns base64 of the big-endian value, as `x-amz-checksum-…` and Content-MD5 have it
   * @throws DOMException NotReadableError where the Blob cannot be read, or is not as long as it says
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
   * Gives the digest of digests: what SHA-256 has in place of a whole object's value, and what multipart ETags are of
   * MD5. S3 shows it followed by `-` and how many.
   * @param values base64, in order
   * @returns base64
   */
  composite(name: 'sha256' | 'md5', values: readonly string[], signal: AbortSignal): Promise<string> {
    return this.digest(name, new Blob(values.map(fromBase64)), signal);
  }

  /**
   * Gives the checksum of parts one after another, without reading any of them.
   * @param parts in order
   * @returns base64 for CRCs, as Complete's header has it; for SHA-256 the composite as HEAD shows it, with its `-N`
   */
  async combine(algorithm: ChecksumAlgorithm, parts: readonly SizedCrc[], signal: AbortSignal): Promise<string> {
    if (algorithm !== 'sha256') return combineCrcs(algorithm, parts);
    const values = parts.map(({ value }) => value);
    return `${await this.composite('sha256', values, signal)}-${parts.length}`;
  }

  /** Ends the worker once nothing is left to do; the next checksum starts another. */
  release(): void {
    this.#isReleased = true;
    this.#stopIfReleased();
  }

  #getDigester(): Promise<Digester> {
    this.#isReleased = false;
    return (this.#digester ??= this.#start());
  }

  async #start(): Promise<Digester> {
    const worker = this.#mayUseWorker ? await startWorker(this.#clock) : null;
    return this.#use(worker ?? this.#onMainThread());
  }

  #onMainThread(): Digester {
    return onMainThread({ now: () => this.#clock.monotonic(), yield: yieldToPage });
  }

  #use(digester: Digester): Digester {
    const { thread, code } = digester;
    this.#onBackend((this.#backend = { thread, code }));
    return digester;
  }

  /** Runs in the worker, and where that has gone under meanwhile, on the main thread. */
  async #run<T>(work: (digester: Digester) => Promise<T>): Promise<T> {
    const digester = await this.#getDigester();
    try {
      return await work(digester);
    } catch (error) {
      if (!(error instanceof WorkerTerminated)) throw error;
      const isStillMine = (await this.#getDigester()) === digester;
      if (isStillMine) this.#digester = Promise.resolve(this.#use(this.#onMainThread()));
      return work(await this.#getDigester());
    }
  }

  async #acquireSlot(lanes: number, signal: AbortSignal): Promise<void> {
    if (this.#running < lanes) {
      this.#running++;
      return;
    }
    await abortable<void>(signal, (resolve) => {
      this.#queue.push(resolve);
      return () => {
        const at = this.#queue.indexOf(resolve);
        if (at >= 0) this.#queue.splice(at, 1);
      };
    });
  }

  /** Hands the place on to whoever has waited longest. */
  #releaseSlot(): void {
    const next = this.#queue.shift();
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
