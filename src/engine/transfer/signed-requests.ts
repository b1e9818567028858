import type { Attempt } from '../network/attempt.js';
import type { RequestTimeouts } from '../s3/client.js';
import { isFresh } from '../model/signature.js';
import type { UploadRequest } from '../signing/signature-cache.js';
import type { Signature } from '../model/signature.js';
import type { TransferContext } from './context.js';

/** Returns the timeouts of one attempt. Each stall of the same step doubles them. */
export function timeoutsOf(context: TransferContext, stalls: number, signal: AbortSignal): RequestTimeouts {
  const { services, retries } = context;
  return {
    signal,
    stalls,
    stallTimeout: services.settings.options.stallTimeout * 1_000,
    isLost: (url, isOverdue, ended) => retries.isLost({ url, isOverdue, ended }),
  };
}

/** A request that is ready to be sent. Callers may add what else they have prepared for it. */
export interface PreparedRequest {
  readonly signature: Signature;
}

/**
 * Sends a request once: prepares it, waits for a slot, and sends it.
 * @param bytes size of the body, for the bandwidth limit
 * @param prepare called again if the signature expires while the request waits for its slot
 */
export async function sendSigned<T, R extends PreparedRequest>(
  context: TransferContext,
  bytes: number,
  signal: AbortSignal,
  prepare: () => Promise<R>,
  send: (request: R) => Promise<T>,
): Promise<T> {
  const { services, record } = context;
  const { scheduler, clock } = services;
  for (;;) {
    const request = await prepare();
    const release = await scheduler.acquireSlot(record.id, bytes, signal);
    try {
      signal.throwIfAborted();
      if (!isFresh(request.signature, clock)) continue;
      context.setLocation(request.signature.url);
      context.report({ type: 'activity' });
      return await send(request);
    } finally {
      release();
      context.report({ type: 'activity' });
    }
  }
}

/** Sends a request without bytes of the file once: list, complete, abort or head. @param marker page of the list */
export function sendS3Request<T>(
  context: TransferContext,
  request: UploadRequest,
  attempt: Pick<Attempt, 'stalls'>,
  signal: AbortSignal,
  send: (signature: Signature, timeouts: RequestTimeouts) => Promise<T>,
  marker?: number,
): Promise<T> {
  return sendSigned(
    context,
    0,
    signal,
    async () => {
      await context.renewExpiredGrant(signal);
      return { signature: await context.signatures.signRequest(request, context.signedUpload(), signal, marker) };
    },
    ({ signature }) => send(signature, timeoutsOf(context, attempt.stalls, signal)),
  );
}
