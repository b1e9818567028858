import type { ChunkLoadedAnswer, ChunkLoadedRequest } from '../../protocol.js';
import { SignerFault } from '../api/errors.js';
import { referenceOf } from '../model/session.js';
import { RestartRequired } from '../network/restart-required.js';
import { NotificationBatcher } from '../signing/notification-batcher.js';
import { areNotificationsBatched } from '../signing/notifications.js';
import type { TrackerNotifier } from '../signing/tracker-notifier.js';
import { isTransient } from '../util/http-status.js';
import { backoff, sleep } from '../util/timing.js';
import type { TransferContext } from './context.js';

/** Attempts of the last notification. It may return the receipt, but no upload fails for lack of one. */
const MAX_ATTEMPTS = 5;
/** Attempts that share a call with other uploads. Later ones are calls of their own: another upload may make a call fail. */
const MAX_BATCHED_ATTEMPTS = 2;

/**
 * Notifies the signer that an upload is complete, with the parts of which it was not notified yet.
 * @returns the signer's receipt; null if it sends none, or every attempt failed
 * @throws the signal's reason when aborted between two attempts; a pending call is awaited
 */
export async function reportCompletion(
  context: TransferContext,
  notifier: TrackerNotifier,
  signal: AbortSignal,
): Promise<string | null> {
  const { clock } = context.services;
  const chunks = notifier.pendingParts();
  let hasRenewed = false;
  for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
    try {
      const answer = await send(
        context,
        { ...referenceOf(context.session), chunks, state: 'complete' },
        attempt,
        signal,
      );
      return answer?.receipt ?? null;
    } catch (error) {
      if (!hasRenewed && error instanceof SignerFault && error.code === 'grant-expired') {
        context.isGrantExpired = true;
        const renewal = await renewOnce(context, signal);
        if (renewal === 'refused') return null;
        hasRenewed = renewal === 'renewed';
        if (hasRenewed) {
          // the rejected attempt does not count
          attempt--;
          continue;
        }
      }
      if (attempt < MAX_ATTEMPTS) await sleep(clock, backoff(attempt, clock.random()), signal);
    }
  }
  return null;
}

/** Renews the grant. @throws the signal's reason when aborted */
async function renewOnce(context: TransferContext, signal: AbortSignal): Promise<'renewed' | 'refused' | 'failed'> {
  try {
    await context.renewExpiredGrant(signal);
    return 'renewed';
  } catch (error) {
    signal.throwIfAborted();
    const isRefusal = error instanceof SignerFault && error.code !== null && !isTransient(error.status);
    return isRefusal || error instanceof RestartRequired ? 'refused' : 'failed';
  }
}

function send(
  { services, session }: TransferContext,
  notification: ChunkLoadedRequest,
  attempt: number,
  signal: AbortSignal,
): Promise<ChunkLoadedAnswer | null> {
  const { notifications, signer, settings } = services;
  if (attempt > MAX_BATCHED_ATTEMPTS || !areNotificationsBatched(session.actions, settings.options))
    return signer.call('chunk_loaded', notification);
  notifications.batcher ??= new NotificationBatcher(services, notifications.queue);
  return notifications.batcher.send(notification, signal);
}
