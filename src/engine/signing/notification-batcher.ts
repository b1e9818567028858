import type { ChunkLoadedAnswer, ChunkLoadedRequest, Refusal } from '../../protocol.js';
import { invalidAnswer, NO_REASON, SignerFault } from '../api/errors.js';
import type { Clock, SignerPort } from '../ports.js';

/** Maximum per call; halved after a 413. A browser would refuse to send a larger body while the page is left. */
const MAX_UPLOADS = 100;
/** Milliseconds that a notification waits for others. */
const IDLE_DELAY_MS = 50;
/** Milliseconds that it waits while more uploads will start. */
const BUSY_DELAY_MS = 3_000;

/** The uploads that may still send a notification. */
export interface NotificationQueue {
  /** Whether more uploads will start: files are queued or being added. */
  readonly willStartMore: boolean;
  /** Number of uploads that are running or queued. */
  readonly activeCount: number;
}

/** The dependencies of the batcher. */
export interface BatcherServices {
  readonly signer: SignerPort;
  readonly clock: Clock;
}

interface PendingNotification {
  readonly notification: ChunkLoadedRequest;
  resolve(answer: ChunkLoadedAnswer | null): void;
  reject(error: unknown): void;
}

/** Batches the last notifications of uploads that end within a short time. */
export class NotificationBatcher {
  readonly #services: BatcherServices;
  readonly #queue: NotificationQueue;
  #pending: PendingNotification[] = [];
  #timer: { readonly due: number; readonly cancel: () => void } | null = null;
  #maxUploads = MAX_UPLOADS;

  constructor(services: BatcherServices, queue: NotificationQueue) {
    this.#services = services;
    this.#queue = queue;
  }

  /**
   * Adds a notification to the next batch.
   * @param signal sends the batch at once when aborted: the page may be left
   * @returns the signer's answer for this upload
   * @throws SignerFault, UploadError if the signer refuses this upload, or the whole call fails
   */
  async send(notification: ChunkLoadedRequest, signal: AbortSignal): Promise<ChunkLoadedAnswer | null> {
    const flush = (): void => this.#flush();
    signal.addEventListener('abort', flush);
    try {
      return await new Promise((resolve, reject) => {
        this.#pending.push({ notification: notification, resolve, reject });
        this.#schedule();
      });
    } finally {
      signal.removeEventListener('abort', flush);
    }
  }

  #schedule(): void {
    const { length } = this.#pending;
    const { willStartMore, activeCount } = this.#queue;
    if (length >= this.#maxUploads || (!willStartMore && activeCount <= length)) {
      this.#flush();
      return;
    }
    const { clock } = this.#services;
    const delay = willStartMore ? BUSY_DELAY_MS : IDLE_DELAY_MS;
    const due = clock.monotonic() + delay;
    if (this.#timer && this.#timer.due <= due) return;
    this.#timer?.cancel();
    this.#timer = { due, cancel: clock.setTimer(() => this.#flush(), delay) };
  }

  #flush(): void {
    this.#timer?.cancel();
    this.#timer = null;
    const pending = this.#pending;
    this.#pending = [];
    for (let start = 0; start < pending.length; start += this.#maxUploads)
      void this.#call(pending.slice(start, start + this.#maxUploads));
  }

  async #call(batch: readonly PendingNotification[]): Promise<void> {
    try {
      const answers = await this.#request(batch.map(({ notification }) => notification));
      for (const [index, { resolve, reject }] of batch.entries()) {
        const answer = answers[index]!;
        if (answer && 'error' in answer) reject(faultOf(answer.error));
        else resolve(answer);
      }
    } catch (error) {
      if (batch.length > 1 && error instanceof SignerFault && error.status === 413) this.#callHalves(batch);
      else for (const { reject } of batch) reject(error);
    }
  }

  #callHalves(batch: readonly PendingNotification[]): void {
    const half = Math.ceil(batch.length / 2);
    this.#maxUploads = Math.min(this.#maxUploads, half);
    void this.#call(batch.slice(0, half));
    void this.#call(batch.slice(half));
  }

  async #request(notifications: ChunkLoadedRequest[]) {
    const { signer } = this.#services;
    if (notifications.length === 1) return [await signer.call('chunk_loaded', notifications[0]!)];
    const answer = await signer.call('chunks_loaded', { uploads: notifications });
    if (!Array.isArray(answer?.uploads) || answer.uploads.length !== notifications.length)
      throw invalidAnswer('to chunks_loaded has another number of uploads', 'complete');
    return answer.uploads;
  }
}

/** Returns the error for one refused upload: the same as for a refused call. */
const faultOf = ({ code, message }: Refusal): SignerFault =>
  new SignerFault(403, String(code), String(message || NO_REASON));
