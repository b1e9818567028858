import type { Action, ChunkLoadedAnswer, ChunkLoadedRequest } from '../../protocol.js';
import type { UploaderOptions } from '../api/types.js';
import { unlessAborted } from '../util/abort.js';
import type { LateCode } from '../util/late-code.js';
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
  readonly lateCode: LateCode<{ readonly NoticeBatcher: typeof NoticeBatcher }>;
}

/** Sends the last notifications of uploads in batches, once the code for it is loaded. */
export class Notices {
  readonly #services: LateNoticeServices;
  readonly #queue: NoticeQueue;
  #batcher: NoticeBatcher | null = null;

  constructor(services: LateNoticeServices, queue: NoticeQueue) {
    this.#services = services;
    this.#queue = queue;
  }

  /** @see NoticeBatcher.send @throws the signal's reason if it aborts while the code is loading */
  async send(notice: ChunkLoadedRequest, signal: AbortSignal): Promise<ChunkLoadedAnswer | null> {
    const { lateCode } = this.#services;
    const code = lateCode.loaded ?? (await unlessAborted(signal, lateCode.load()));
    this.#batcher ??= new code.NoticeBatcher(this.#services, this.#queue);
    return this.#batcher.send(notice, signal);
  }
}
