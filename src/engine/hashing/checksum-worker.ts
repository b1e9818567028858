import { abortable } from '../util/abort.js';
import { createBlockHashKernel } from './block-hash-kernel.js';
import { createCrcKernel } from './crc-kernel.js';
import type { CrcKernel } from './crc-kernel.js';
import { createDigest, serveDigests } from './digest-kernel.js';
import type { DigestKind, WorkerAnswer, WorkerRequest } from './digest-kernel.js';
import type { Clock } from '../ports.js';

/** A worker that does not answer within this time is not used. */
const START_TIMEOUT_MS = 10_000;

/** Computes digests, in a worker or on the main thread. */
export interface Digester {
  readonly thread: 'worker' | 'main-thread';
  /** Whether CRCs are computed by WebAssembly or by JavaScript. */
  readonly code: CrcKernel['code'];
  /** How many Blobs to process at the same time. */
  readonly concurrency: number;
  /**
   * @throws DOMException `NotReadableError` if the Blob cannot be read
   * @throws WorkerTerminated if the worker ends before the digest is computed
   * @throws the signal's reason when aborted
   */
  run(blob: Blob, kind: DigestKind, signal: AbortSignal): Promise<Uint8Array<ArrayBuffer>>;
  stop(): void;
}

/** The worker ended unexpectedly. Its work can be repeated elsewhere. */
export class WorkerTerminated extends Error {
  override readonly name = 'WorkerTerminated';
}

/**
 * Returns the worker's program, assembled from the source text of functions. A separate file would have to be found by
 * bundlers, could not be part of a single CDN file, and could not be started by a page of another origin.
 */
const workerSource = (): string => {
  const crc = `(${String(createCrcKernel)})()`;
  const blockHash = `(${String(createBlockHashKernel)})()`;
  const kernels = `const kernels = { crc: ${crc}, blockHash: ${blockHash} };`;
  return `${kernels}(${String(serveDigests)})(self, kernels, (${String(createDigest)})(kernels, null));`;
};

/**
 * Starts the worker, which tests its kernels before it reports `ready`.
 * @throws if the page's policy blocks the worker, if it does not answer, and if it computes wrong values
 */
async function startVerifiedWorker(clock: Clock): Promise<{ worker: Worker; code: CrcKernel['code'] }> {
  const url = URL.createObjectURL(new Blob([workerSource()], { type: 'text/javascript' }));
  let worker: Worker | null = null;
  try {
    const started = (worker = new Worker(url));
    const code = await new Promise<CrcKernel['code']>((resolve, reject) => {
      const cancel = clock.setTimer(() => reject(new WorkerTerminated('the worker does not answer')), START_TIMEOUT_MS);
      started.onerror = (event) => {
        // only the rejection reports it, not the page's error handlers
        event.preventDefault();
        cancel();
        reject(new WorkerTerminated(event.message ?? 'the worker was blocked'));
      };
      started.onmessage = ({ data }: MessageEvent<WorkerAnswer>) => {
        if (!('ready' in data)) return;
        cancel();
        resolve(data.ready);
      };
    });
    return { worker, code };
  } catch (error) {
    worker?.terminate();
    throw error;
  } finally {
    URL.revokeObjectURL(url);
  }
}

/** Time to wait for the browser to report a policy violation after the worker has failed. */
const VIOLATION_DELAY_MS = 50;

/**
 * Warns if a policy forbids workers with a `blob:` URL.
 * @returns a function that stops listening, after a delay for late reports
 */
function watchWorkerPolicy(clock: Clock): () => void {
  const onViolation = (event: Event): void => {
    const { disposition, blockedURI, effectiveDirective } = event as SecurityPolicyViolationEvent;
    if (disposition !== 'enforce' || !blockedURI.startsWith('blob')) return;
    stop();
    console.warn(
      `mule-upload: the page's content security policy (${effectiveDirective}) blocks the worker that computes checksums, so the main thread computes them; allow blob: there.`,
    );
  };
  const stop = (): void => globalThis.removeEventListener?.('securitypolicyviolation', onViolation);
  globalThis.addEventListener?.('securitypolicyviolation', onViolation);
  return () => void clock.setTimer(stop, VIOLATION_DELAY_MS);
}

/**
 * Starts a worker that computes digests.
 * @returns null if that fails: because of `worker-src` without `blob:`, Trusted Types, or a bundler that changed the source
 *   text
 */
export async function startWorker(clock: Clock): Promise<Digester | null> {
  const stopWatching = watchWorkerPolicy(clock);
  const started = await startVerifiedWorker(clock)
    .catch(() => null)
    .finally(stopWatching);
  if (!started) return null;
  const { worker, code } = started;
  const pendingById = new Map<
    number,
    { resolve: (bytes: Uint8Array<ArrayBuffer>) => void; reject: (reason: unknown) => void }
  >();
  let isTerminated = false;
  let lastId = 0;
  const post = (request: WorkerRequest): void => worker.postMessage(request);

  worker.onmessage = ({ data }: MessageEvent<WorkerAnswer>) => {
    if ('ready' in data) return;
    const request = pendingById.get(data.id);
    pendingById.delete(data.id);
    if ('bytes' in data) request?.resolve(data.bytes);
    else request?.reject(new DOMException(data.error.message, data.error.name));
  };
  const terminate = (): void => {
    isTerminated = true;
    worker.terminate();
    for (const { reject } of pendingById.values()) reject(new WorkerTerminated('the worker was terminated'));
    pendingById.clear();
  };
  worker.onerror = (event) => {
    event.preventDefault();
    terminate();
  };
  worker.onmessageerror = terminate;

  return {
    thread: 'worker',
    code,
    // one Blob is read while the digest of another is computed
    concurrency: 2,
    run: (blob, kind, signal) =>
      abortable(signal, (resolve, reject) => {
        const id = ++lastId;
        if (isTerminated) {
          reject(new WorkerTerminated('the worker was terminated'));
          return () => {};
        }
        pendingById.set(id, { resolve, reject });
        post({ id, blob, kind });
        return () => {
          pendingById.delete(id);
          post({ id, cancel: true });
        };
      }),
    stop: terminate,
  };
}
