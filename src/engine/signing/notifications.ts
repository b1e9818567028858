import type { Action, ChunkLoadedAnswer, ChunkLoadedRequest } from '../../protocol.js';
import type { UploaderOptions } from '../api/types.js';
import type { ModuleLoader } from '../util/module-loader.js';
import type { NotificationBatcher, NotificationQueue, BatcherServices } from './notification-batcher.js';

/**
 * Whether the last notifications of uploads are sent in batches: the signer offers it, and the page's `urls` allow it.
 * @param actions that the signer offers
 */
export function areNotificationsBatched(
  actions: readonly Action[],
  { urls, sign }: Pick<UploaderOptions, 'urls' | 'sign'>,
): boolean {
  const { chunk_loaded: url, chunks_loaded: batchUrl } = urls ?? {};
  if (!actions.includes('chunks_loaded') || batchUrl === '') return false;
  return sign !== undefined || url === undefined || batchUrl !== undefined;
}

/** The dependencies of `Notifications`. */
interface NotificationServices extends BatcherServices {
  readonly deferredCode: ModuleLoader<{ readonly NotificationBatcher: typeof NotificationBatcher }>;
}

/** Sends the last notifications of uploads: in batches, or one by one while the code for batches is not loaded. */
export class Notifications {
  readonly #services: NotificationServices;
  readonly #queue: NotificationQueue;
  #batcher: NotificationBatcher | null = null;

  constructor(services: NotificationServices, queue: NotificationQueue) {
    this.#services = services;
    this.#queue = queue;
  }

  /** @see NotificationBatcher.send */
  async send(notification: ChunkLoadedRequest, signal: AbortSignal): Promise<ChunkLoadedAnswer | null> {
    const { deferredCode, signer } = this.#services;
    if (!deferredCode.loaded) return signer.call('chunk_loaded', notification);
    this.#batcher ??= new deferredCode.loaded.NotificationBatcher(this.#services, this.#queue);
    return this.#batcher.send(notification, signal);
  }
}
