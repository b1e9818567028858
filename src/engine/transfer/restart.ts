import { DEFAULT_PART_SIZE, MIN_PART_SIZE } from '../../limits.js';
import { UploadError } from '../api/errors.js';
import type { Phase } from '../api/errors.js';
import type { StoredResult } from '../model/upload-record.js';
import { backoff } from '../util/timing.js';
import type { RestartRequired } from '../network/restart-required.js';
import type { TransferContext } from './context.js';
import type { CreationOutcome } from './creation-outcome.js';
import { findObject } from './find-object.js';
import { hasStoredParts } from './list-parts.js';

/** How often the store's list may contradict its answers before another multipart upload begins. */
const MAX_RELISTS = 3;

/** Decides how an upload continues after a failure that no retry of the same step fixes. */
export class RestartResolver {
  readonly #context: TransferContext;
  readonly #outcome: CreationOutcome;
  readonly #startOver: (abortsFormer: boolean) => void;
  #relists = 0;
  #restarts = 0;

  /** @param startOver closes the session; `abortsFormer`: whether to abort its multipart upload */
  constructor(context: TransferContext, outcome: CreationOutcome, startOver: (abortsFormer: boolean) => void) {
    this.#context = context;
    this.#outcome = outcome;
    this.#startOver = startOver;
  }

  /** Resets the count of lists, because the file was replaced. */
  reset(): void {
    this.#relists = 0;
  }

  /**
   * Decides how the upload continues, and prepares it.
   * @returns the object if the store has created it; null if the upload has to run again
   * @throws UploadError `key-exists` if another object exists under the key
   */
  async resolve({ kind, message }: RestartRequired, phase: Phase, signal: AbortSignal): Promise<StoredResult | null> {
    const { record } = this.#context;
    const { name, size } = record.facts;
    if (kind === 'relist' && this.#mayListAgain()) return null;
    let partSize: number | null = null;
    if (kind === 'smaller') {
      if (await hasStoredParts(this.#context, signal)) return null;
      const wasSingleRequest = !record.session?.uploadId && size > DEFAULT_PART_SIZE;
      partSize = wasSingleRequest ? DEFAULT_PART_SIZE : MIN_PART_SIZE;
    }
    // an earlier attempt of Complete, whose answer was lost, may have created the object
    const mayExist = (kind === 'restart' || kind === 'smaller') && this.#outcome.isInDoubt;
    if (kind === 'gone' || kind === 'exists' || mayExist) {
      const found = await findObject(this.#context, this.#outcome, kind === 'exists' ? kind : 'gone', signal);
      if (typeof found === 'object') return found;
      if (kind === 'exists') {
        // the object that existed has been deleted meanwhile
        if (found === 'absent' && this.#mayListAgain()) return null;
        const what = `another object exists under “${record.session?.key}”; upload under another key`;
        throw new UploadError('key-exists', `“${name}”: ${what}.`, { status: 412, phase });
      }
    }
    this.#startOver(kind !== 'gone');
    record.wantsFreshStart = true;
    record.requestedPartSize = partSize ?? record.requestedPartSize;
    this.#relists = 0;
    // before smaller parts, the upload has already waited for the connection
    await this.#wait(`${message}: restarting`, phase, signal, kind === 'smaller' ? 0 : null);
    return null;
  }

  /** Reports the restart and waits. @param delayMs null for a backoff that grows with each restart */
  async #wait(reason: string, phase: Phase, signal: AbortSignal, delayMs: number | null): Promise<void> {
    const { services, retries } = this.#context;
    const { clock } = services;
    const attempt = ++this.#restarts;
    const delay = delayMs ?? backoff(attempt, clock.random());
    this.#context.report({ type: 'retry', detail: { phase, partNumber: null, attempt, delay, reason } });
    if (delay) await retries.waits.sleep('store', delay, signal, false);
  }

  /** Makes the next run list the parts; returns false if this was done too often. */
  #mayListAgain(): boolean {
    const { session } = this.#context.record;
    if (session?.uploadId) session.needsList = true;
    return ++this.#relists <= MAX_RELISTS;
  }
}
