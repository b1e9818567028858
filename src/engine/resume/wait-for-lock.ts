import type { CurrentUser } from '../model/current-user.js';
import type { UploadRecord } from '../model/upload-record.js';
import type { RemoteProgress, TabLock } from '../ports.js';
import { withChildController } from '../util/abort.js';
import type { SharedUpload, TabClaim } from './shared-upload.js';
import type { TabMessages } from './tab-messages.js';

/** The dependencies of a wait. */
export interface WaitServices {
  readonly lock: TabLock;
  readonly messages: TabMessages;
  readonly user: CurrentUser;
}

/**
 * Waits for the lock of an upload that another tab sends, and shows the progress that the other tab reports.
 * @param name of the lock
 * @param takeOver called with the function that releases the lock, if the other tab releases it before the upload has ended
 */
export function waitForLock(
  { lock, messages, user }: WaitServices,
  upload: SharedUpload,
  name: string,
  signal: AbortSignal,
  takeOver: (release: () => void) => Promise<TabClaim>,
): Promise<TabClaim> {
  const watch = (): void => messages.send({ type: 'watch', name, from: messages.tabId });
  return withChildController(signal, async (wait) => {
    let ended: RemoteProgress | null = null;
    const show = (progress: RemoteProgress): void => {
      const { principal, resumption, status } = progress;
      // a tab of a user who has signed out must not end an upload of the next user
      if (user.isOther({ principal: principal ?? resumption?.principal })) return;
      if (status === 'complete' || status === 'aborted') {
        ended ??= progress;
        wait.abort(progress);
        messages.send({ type: 'heard', name, from: messages.tabId });
      } else upload.showRemoteProgress(progress);
    };
    const unsubscribe = messages.subscribe(name, ({ type }, progress) => {
      if (type === 'mine') watch();
      if (progress) show(progress);
    });
    try {
      watch();
      const release = await lock.acquire(name, wait.signal);
      try {
        const claim = await takeOver(release);
        // only now can this tab answer the tabs that wait for it
        messages.send({ type: 'mine', name });
        return claim;
      } catch (error) {
        release();
        throw error;
      }
    } catch (error) {
      if (!ended || signal.aborted) throw error;
      recordEnd(upload, ended);
      return { ended };
    } finally {
      unsubscribe();
    }
  });
}

/** Records the result with which the sending tab has ended an upload. */
function recordEnd(upload: UploadRecord, progress: RemoteProgress): void {
  const { status, etag, checksum, integrity, receipt } = progress;
  upload.remoteProgress = progress;
  if (status !== 'complete') return;
  upload.stored = { etag: etag ?? '', checksum, integrity: integrity ?? 'unverified' };
  upload.receipt = receipt;
}
