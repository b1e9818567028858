import type { Session } from '../model/session.js';
import { RestartRequired } from '../network/restart-required.js';
import { readInit } from '../signing/init-answer.js';
import { unlessAborted } from '../util/abort.js';
import type { TransferContext } from './context.js';

/**
 * Renews the grant, which the signer has rejected as expired.
 * @throws RestartRequired if the signer does not renew it
 * @throws SignerFault if the call fails
 */
export async function renewGrant(context: TransferContext, signal: AbortSignal): Promise<void> {
  context.grantRenewal ??= requestGrant(context).finally(() => {
    context.grantRenewal = null;
  });
  await unlessAborted(signal, context.grantRenewal);
}

async function requestGrant(context: TransferContext): Promise<void> {
  const { services, record, signatures } = context;
  const { session } = readInit(await services.inits.ask(record), record.facts.size);
  const current = context.session;
  if (session.uploadId !== current.uploadId || !hasSameLayout(session, current))
    throw new RestartRequired('restart', 'the signer does not renew this upload');
  current.grant = session.grant;
  context.isGrantExpired = false;
  signatures.clear();
  context.report({ type: 'session-changed' });
}

/** Whether two sessions have the same key and part size. Signatures and grants for one are then valid for the other. */
export const hasSameLayout = (one: Session, other: Session): boolean =>
  one.key === other.key && one.table.plan.partSize === other.table.plan.partSize;
