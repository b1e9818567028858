import type { Action, ChunkLoadedAnswer, ChunkLoadedRequest } from '../../protocol.js';
import type { UploaderOptions } from '../api/types.js';
import type { ModuleLoader } from '../util/module-loader.js';
import type { NoticeBatcher, NoticeQueue, NoticeServices } from './notice-batcher.js';

/**
 * Whether the last notifications of uploads are sent in batches: the signer offers it, and the page's `urls` allow it.
 * @param actions that the signer offers
 */
export function areNoticesBatched(
  actions: readonly Action[],
  { urls, sign }: Pick<UploaderOptions, 'urls' | 'sign'>,
): boolean {
  const { chunk_loaded: url, chunks_loaded: batchUrl } = urls ?? {};
  if (!actions.includes('chunks_loaded') || batchUrl === '') return false;
  return sign !== undefined || url === undefined || batchUrl !== undefined;
}

/** The dependencies of `Notices`. */
interface LateNoticeServices extends NoticeServices {
  readonly deferredCode: ModuleLoader<{ readonly NoticeBatcher: typeof NoticeBatcher }>;
}

/** Sends the last notifications of uploads in batches; one by one until the code for batches is loaded. */
export class Notices {
  readonly #services: LateNoticeServices;
  readonly #queue: NoticeQueue;
  #batcher: NoticeBatcher | null = null;

  constructor(services: LateNoticeServices, queue: NoticeQueue) {
    this.#services = services;
    this.#queue = queue;
  }

  /** @see NoticeBatcher.send */
  async send(notice: ChunkLoadedRequest, signal: AbortSignal): Promise<ChunkLoadedAnswer | null> {
    const { deferredCode, signer } = this.#services;
    if (!deferredCode.loaded) return signer.call('chunk_loaded', notice);
    this.#batcher ??= new deferredCode.loaded.NoticeBatcher(this.#services, this.#queue);
    return this.#batcher.send(notice, signal);
  }
}
