import { UploadError } from '../api/errors.js';
import type { Phase } from '../api/errors.js';
import type { UploadRecord } from '../model/upload-record.js';
import type { UploadObserver } from '../model/upload-report.js';
import type { ModuleLoader } from '../util/module-loader.js';
import type { Attempt, OnConnectionLost, RetryServices, RetryState } from './attempt.js';
import type { FailureHandler } from './failure-handler.js';
import { loadDeferredCode } from './load-deferred-code.js';
import type { isRequestLost, SilentRequest } from './lost-request.js';
import { RestartRequired } from './restart-required.js';
import { Waits } from './waits.js';

/** The deferred code of a retry loop. */
export interface RetryLoopCode {
  readonly FailureHandler: typeof FailureHandler;
  readonly isRequestLost: typeof isRequestLost;
}

/** The dependencies of a retry loop. */
export interface RetryLoopServices extends RetryServices {
  readonly deferredCode: ModuleLoader<RetryLoopCode>;
}

/** Retries each step of one upload until it succeeds, or until its failure is final. */
export class RetryLoop {
  /** The pending attempts and the waits of the upload. */
  readonly waits: Waits;
  /** Loops that work for the same upload in the background, and retry when this one does. */
  readonly background = new Set<RetryLoop>();
  readonly #services: RetryLoopServices;
  readonly #record: UploadRecord;
  readonly #observer: UploadObserver;
  /** Null until the first failure. */
  #failureHandler: FailureHandler | null = null;
  #successes = 0;

  constructor(services: RetryLoopServices, record: UploadRecord, observer: UploadObserver) {
    this.#services = services;
    this.#record = record;
    this.#observer = observer;
    this.waits = new Waits(services.clock, () => observer.report({ type: 'activity' }));
  }

  /** Records that a step succeeded: the next failure gets a short delay again. */
  recordSuccess(): void {
    this.#successes++;
    this.#failureHandler?.reset();
  }

  /** Forgets former failures when a run begins: it reports each problem again. */
  forgetFailures(): void {
    this.#failureHandler = null;
  }

  /**
   * Ends the delays before retries.
   * @param includesStore whether to end those after failures of the store too, and the waits for a sign-in
   */
  retryNow(includesStore: boolean): void {
    this.waits.wake((waitingFor) => includesStore || waitingFor !== 'store');
    if (includesStore) this.#failureHandler?.authorize();
    for (const loop of this.background) loop.retryNow(includesStore);
  }

  /** Retries the steps that wait for a sign-in, because the user has signed in. */
  authorize(): void {
    this.#failureHandler?.authorize();
    for (const loop of this.background) loop.authorize();
  }

  /**
   * Retries until the step succeeds.
   * @param onConnectionLost given for requests that send bytes of the file
   * @throws RestartRequired if no retry of the step helps
   * @throws UploadError for a final failure
   * @throws the signal's reason when aborted
   */
  async retry<T>(
    phase: Phase,
    partNumber: number | null,
    signal: AbortSignal,
    runAttempt: (attempt: Attempt) => Promise<T>,
    onConnectionLost?: OnConnectionLost,
  ): Promise<T> {
    const state: RetryState = {
      phase,
      partNumber,
      signal,
      onConnectionLost,
      count: 0,
      stalls: 0,
      unanswered: 0,
      refusals: 0,
      level: 0,
      renewals: 0,
      hasSignerFailed: false,
      successes: this.#successes,
    };
    for (;;) {
      signal.throwIfAborted();
      state.count++;
      const result = await this.waits.attempt(
        () => runAttempt(state),
        (failure) => this.#handle(failure, state),
      );
      if (!result) continue;
      if (state.hasSignerFailed) this.#services.health.signer.recordRecovery(this.#record.id);
      return result.value;
    }
  }

  /** Decides whether a request without progress is lost. @see isRequestLost */
  async isLost(request: SilentRequest): Promise<boolean> {
    try {
      const code = await this.#waitForCode(request.ended);
      return await code.isRequestLost(this.#services, this.waits, request);
    } finally {
      this.waits.report();
    }
  }

  async #handle(failure: unknown, state: RetryState): Promise<void> {
    state.signal.throwIfAborted();
    if (failure instanceof RestartRequired || (failure instanceof UploadError && failure.isFinal)) throw failure;
    if (state.successes !== this.#successes) {
      state.successes = this.#successes;
      state.level = state.refusals = state.renewals = 0;
    }
    const code = await this.#waitForCode(state.signal);
    this.#failureHandler ??= new code.FailureHandler(this.#services, this.#record, this.#observer, this.waits);
    await this.#failureHandler.handle(failure, state);
  }

  /** Waits in the middle of an attempt until the code is loaded that handles failures. */
  async #waitForCode(signal: AbortSignal): Promise<RetryLoopCode> {
    const { deferredCode } = this.#services;
    if (deferredCode.loaded) return deferredCode.loaded;
    const loading = loadDeferredCode(deferredCode, this.#record, this.#observer, signal);
    return this.waits.addWithinAttempt('network', null, loading);
  }
}
