import { abortable } from '../util/abort.js';
import { createBlockHashKernel } from './block-hash-kernel.js';
import { createCrcKernel } from './crc-kernel.js';
import type { CrcKernel } from './crc-kernel.js';
import { createDigest, serveDigests } from './digest-kernel.js';
import type { DigestKind, WorkerAnswer, WorkerRequest } from './digest-kernel.js';
import type { Clock } from '../ports.js';

/** Milliseconds that a worker may take to say that it is there. */
const START_TIMEOUT_MS = 10_000;

/** Computes digests somewhere. */
export interface Digester {
  readonly thread: 'worker' | 'main-thread';
  readonly code: CrcKernel['code'];
  /** Blobs that are worth having under way at once. */
  readonly concurrency: number;
  /**
   * @throws DOMException NotReadableError where the Blob cannot be read
   * @throws WorkerGone
   * @throws the signal's reason when aborted
   */
  run(blob: Blob, kind: DigestKind, signal: AbortSignal): Promise<Uint8Array<ArrayBuffer>>;
  stop(): void;
}

/** The worker ended by itself; what it was asked can be asked elsewhere. */
export class WorkerTerminated extends Error {
  override readonly name = 'WorkerGone';
}

/**
 * The worker's whole program. Made from the functions' own text, it needs no file of its own: such a file is what
 * bundlers lose, what the one CDN file cannot bring along, and what a page of another origin may not start.
 */
const program = (): string => {
  const crc = `(${String(createCrcKernel)})()`;
  const blockHash = `(${String(createBlockHashKernel)})()`;
  const kernels = `const kernels = { crc: ${crc}, blockHash: ${blockHash} };`;
  return `${kernels}(${String(serveDigests)})(self, kernels, (${String(createDigest)})(kernels, null));`;
};

/** @throws where the page's policy allows no such worker, or it does not answer, or computes wrongly */
async function start(clock: Clock): Promise<{ worker: Worker; code: CrcKernel['code'] }> {
  const url = URL.createObjectURL(new Blob([program()], { type: 'text/javascript' }));
  let worker: Worker | null = null;
  try {
    const started = (worker = new Worker(url));
    const code = await new Promise<CrcKernel['code']>((resolve, reject) => {
      const cancel = clock.setTimer(() => reject(new WorkerTerminated('the worker does not answer')), START_TIMEOUT_MS);
      started.onerror = (event) => {
        // said once here is enough; the page's own handlers need not hear of it
        event.preventDefault();
        cancel();
        reject(new WorkerTerminated(event.message ?? 'the worker was refused'));
      };
      started.onmessage = ({ data }: MessageEvent<WorkerAnswer>) => {
        cancel();
        if ('ready' in data) resolve(data.ready);
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

/** Milliseconds by which the news of a violation may come after the worker's failure. */
const VIOLATION_DELAY_MS = 50;

/** Warns of a policy that forbids workers made from Blobs. @returns what stops listening, once the news is in */
function watchWorkerPolicy(clock: Clock): () => void {
  const onViolation = (event: Event): void => {
    const { disposition, blockedURI, effectiveDirective } = event as SecurityPolicyViolationEvent;
    if (disposition !== 'enforce' || !blockedURI.startsWith('blob')) return;
    stop();
    console.warn(
      `mule-upload: the page's content security policy (${effectiveDirective}) blocks the worker that computes checksums, so that the main thread does; allow blob: there.`,
    );
  };
  const stop = (): void => globalThis.removeEventListener?.('securitypolicyviolation', onViolation);
  globalThis.addEventListener?.('securitypolicyviolation', onViolation);
  return () => void clock.setTimer(stop, VIOLATION_DELAY_MS);
}

/**
 * Starts a worker that computes digests.
 * @returns null where none can be had: `worker-src` without `blob:`, Trusted Types, a bundler that changed its text
 */
export async function startWorker(clock: Clock): Promise<Digester | null> {
  const stopWatching = watchWorkerPolicy(clock);
  const started = await start(clock)
    .catch(() => null)
    .finally(stopWatching);
  if (!started) return null;
  const { worker, code } = started;
  const waiting = new Map<
    number,
    { resolve: (bytes: Uint8Array<ArrayBuffer>) => void; reject: (reason: unknown) => void }
  >();
  let isGone = false;
  let lastId = 0;
  const post = (request: WorkerRequest): void => worker.postMessage(request);

  worker.onmessage = ({ data }: MessageEvent<WorkerAnswer>) => {
    if ('ready' in data) return;
    const asked = waiting.get(data.id);
    waiting.delete(data.id);
    if ('bytes' in data) asked?.resolve(data.bytes);
    else asked?.reject(new DOMException(data.error.message, data.error.name));
  };
  const end = (): void => {
    isGone = true;
    worker.terminate();
    for (const { reject } of waiting.values()) reject(new WorkerTerminated('the worker is gone'));
    waiting.clear();
  };
  worker.onerror = (event) => {
    event.preventDefault();
    end();
  };
  worker.onmessageerror = end;

  return {
    thread: 'worker',
    code,
    // one is read while the other is computed
    concurrency: 2,
    run: (blob, kind, signal) =>
      abortable(signal, (resolve, reject) => {
        const id = ++lastId;
        if (isGone) {
          reject(new WorkerTerminated('the worker is gone'));
          return () => {};
        }
        waiting.set(id, { resolve, reject });
        post({ id, blob, kind });
        return () => {
          waiting.delete(id);
          post({ id, cancel: true });
        };
      }),
    stop: end,
  };
}
