import { missingCode } from '../network/missing-code.js';
import { unlessAborted } from '../util/abort.js';
import type { LateCode } from '../util/late-code.js';
import type { TransferContext } from './context.js';

/** Waits for code that is loaded late. It is shown as waiting for the network, which is gone if it is not there by now. */
export function waitForCode<T>(context: TransferContext, lateCode: LateCode<T>, signal: AbortSignal): Promise<T> {
  const { retries, record } = context;
  const loading = lateCode.load(() => signal.aborted || context.report(missingCode(record.facts.name)));
  return retries.waits.add('network', null, unlessAborted(signal, loading));
}
