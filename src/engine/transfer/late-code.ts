import { unlessAborted } from '../util/abort.js';
import type { LateCode } from '../util/late-code.js';
import type { TransferContext } from './context.js';

/** Waits for code that is loaded late. It is shown as waiting for the network, which is gone if it is not there by now. */
export const waitForCode = <T>({ retries }: TransferContext, lateCode: LateCode<T>, signal: AbortSignal): Promise<T> =>
  retries.waits.add('network', null, unlessAborted(signal, lateCode.load()));
