import type { ResolvedOptions } from '../api/options.js';
import type { UploaderOptions } from '../api/types.js';
import { actionUrl } from '../util/action-url.js';
import type { FileAdditions } from './file-additions.js';
import { requeue } from './requeue.js';
import type { RequeueServices } from './requeue.js';
import type { UploadList } from './upload-list.js';

export interface ListedServices extends RequeueServices {
  readonly list: UploadList;
}

/**
 * Applies changed options to listed uploads, and restarts those that have failed because an option was missing or too low.
 * @param additions decides on the object keys to request
 */
export function applyToListed(
  services: ListedServices,
  additions: FileAdditions,
  changes: UploaderOptions,
  { maxRetries, autostart }: Readonly<ResolvedOptions>,
): void {
  const { list, queue, settings } = services;
  const { options } = settings;
  const isChanged = (...names: (keyof UploaderOptions)[]): boolean => names.some((name) => name in changes);
  const isOtherSigner = isChanged('signer', 'urls', 'sign');
  const hasSigner = options.sign !== undefined || actionUrl('get_init_signature', options) !== null;
  for (const upload of list.all) {
    const { status, session } = upload;
    const code = status === 'failed' && upload.snapshot.error?.code;
    if (isChanged('objectKey') && !session) upload.objectKey = additions.requestedKey(upload);
    // signs again what the signer had refused; also for aborted uploads, whose abort on the store may be pending
    if (isOtherSigner || isChanged('headers', 'credentials', 'params')) upload.authorize();
    if (isOtherSigner) upload.retryNow(false);
    const isCauseRemoved =
      (code === 'no-signer' && isOtherSigner && hasSigner)
      || (code === 'too-many-retries' && options.maxRetries > maxRetries);
    if (isCauseRemoved) requeue(services, upload);
    else if (status === 'queued' && options.autostart && !autostart) queue.add(upload);
  }
  queue.startNext();
}
