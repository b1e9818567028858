import type { Action } from '../../protocol.js';
import type { UploaderOptions } from '../api/types.js';
import type { NotificationBatcher, NotificationQueue } from './notification-batcher.js';

/** What the uploads of one uploader share to send their last notifications together. */
export interface Notifications {
  readonly queue: NotificationQueue;
  /** Null until the first of these notifications. */
  batcher: NotificationBatcher | null;
}

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
