import { hasSameLayout } from '../model/session.js';
import { RestartRequired } from '../network/restart-required.js';
import { readInit } from '../signing/init-answer.js';
import type { TransferContext } from './context.js';

/**
 * Asks the signer for another grant, because it has rejected the session's grant as expired.
 * @throws RestartRequired if the signer does not renew it
 * @throws SignerFault if the call fails
 */
export async function renewGrant(context: TransferContext): Promise<void> {
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
