import { ReadFault, refusalOf, SignerFault, TransportFault, UploadError } from '../api/errors.js';
import type { Phase, UploadErrorCode, UploadErrorInit } from '../api/errors.js';
import type { WaitingFor } from '../api/types.js';
import { assertReadable } from '../files/assert-unchanged.js';
import type { UploadRecord } from '../model/upload-record.js';
import type { UploadObserver } from '../model/upload-report.js';
import { unlessAborted } from '../util/abort.js';
import { classifyFailure } from './classify-failure.js';
import { backoff, parseRetryAfter } from '../util/timing.js';
import { isTransient } from '../util/http-status.js';
import type { FailureAction } from './classify-failure.js';
import { Reachability } from './reachability.js';
import { RestartRequired } from './restart-required.js';
import type { RetryServices, RetryState } from './attempt.js';
import type { Waits } from './waits.js';

/** Number of fresh signatures rejected in a row after which the upload fails. */
const MAX_REFUSALS = 3;
/** Number of failures after which an error reports that the setup may be wrong, if no request has ever succeeded. */
const FAILURES_UNTIL_REPORT = 3;
/** Number of answers that look like a login page after which an error asks the page to sign the user in. */
const SIGN_IN_PAGES_UNTIL_REPORT = 2;
/** Maximum random delay of a request when the network is back, so that not all requests are sent at once. */
const RECONNECT_JITTER_MS = 200;
/** Maximum delay until the store is probed again in the first ten minutes; reported as the delay of the retry. */
const MAX_PROBE_DELAY_MS = 3_000;

/** Performs the action that `classifyFailure()` returns for each failure of one upload: waits, reports, or throws. */
export class FailureHandler {
  readonly #services: RetryServices;
  readonly #record: UploadRecord;
  readonly #observer: UploadObserver;
  readonly #waits: Waits;
  #authorization: { ready: Promise<void>; resume(): void } | null = null;
  #hasReportedProblem = false;
  /** Number of the signer's answers that looked like a login page, over all steps since the last success. */
  #signInPages = 0;

  constructor(services: RetryServices, record: UploadRecord, observer: UploadObserver, waits: Waits) {
    this.#services = services;
    this.#record = record;
    this.#observer = observer;
    this.#waits = waits;
  }

  /** Resets the counts, after a success. */
  reset(): void {
    this.#signInPages = 0;
    this.#hasReportedProblem = false;
  }

  /** Retries the steps that wait for a sign-in, because the user has signed in. */
  authorize(): void {
    this.#authorization?.resume();
    this.#waits.wake((waitingFor) => waitingFor === 'authorization');
  }

  /**
   * Resolves when the step may be tried again.
   * @throws RestartRequired, or a final UploadError
   */
  async handle(failure: unknown, state: RetryState): Promise<void> {
    if (failure instanceof ReadFault) await assertReadable(this.#record.file!, this.#record.facts.name);
    const phase = failure instanceof SignerFault && state.phase !== 'init' ? 'sign' : state.phase;
    const action = classifyFailure(failure, phase);
    state.level++;
    // a grant that was valid for a while may expire again during a long wait
    if (action.kind !== 'renew') state.renewals = 0;
    switch (action.kind) {
      case 'final': {
        const { code, message, status } = action;
        throw this.#finalError(code, message, { status, phase, cause: failure, refusal: refusalOf(failure) });
      }
      case 'gone':
      case 'exists':
      case 'relist':
      case 'restart':
        throw new RestartRequired(action.kind, action.reason);
      case 'unauthorized':
        return this.#awaitAuthorization(action, state, failure);
      case 'renew':
        if (++state.renewals > 1) throw new RestartRequired('restart', action.reason);
        this.#observer.report({ type: 'grant-expired' });
        // the request was not made: the attempt counts with the renewed grant
        state.count--;
        return;
      case 'resign':
        this.#recordRejectedSignature(action, state, failure);
        break;
      case 'retry':
    }
    if (state.count > this.#services.settings.options.maxRetries) {
      const what = `${state.count} attempts failed, the last one because ${action.reason}`;
      throw this.#finalError('too-many-retries', what, { retryable: true, phase, cause: failure });
    }
    // no delay for the first failure, because the signature may just have expired
    if (action.kind === 'resign')
      return this.#pause('store', state.level > 1 ? this.#backoff(state) : 0, action.reason, state);
    if (failure instanceof TransportFault) return this.#handleNoAnswer(failure, action, state);
    return this.#waitForServer(failure, action, state, phase);
  }

  async #waitForServer(
    failure: unknown,
    action: FailureAction & { kind: 'retry' },
    state: RetryState,
    phase: Phase,
  ): Promise<void> {
    const { scheduler, health } = this.#services;
    const { isBusy, server, reason } = action;
    if (isBusy) scheduler.recordCongestion();
    const retryAfter = parseRetryAfter(action.retryAfter, health.signerTime);
    // if the store is busy, it delays all requests, not only this one
    if (isBusy && server === 'store' && retryAfter) scheduler.hold(retryAfter);
    const waitingFor = failure instanceof SignerFault ? this.#handleSignerFault(failure, reason, state) : server;
    // at least the backoff, because an overloaded store may answer `Retry-After: 0`
    const delay = Math.max(retryAfter ?? 0, this.#backoff(state));
    return this.#pause(waitingFor, delay, reason, { ...state, phase });
  }

  /**
   * Reports a signer that a retry may not fix: a wrong URL, another user, a login page.
   * @returns the reason of the wait
   * @throws UploadError if the signer fails for this upload alone
   */
  #handleSignerFault(fault: SignerFault, reason: string, state: RetryState): WaitingFor {
    const { kind, status, code } = fault;
    const { level, phase } = state;
    const { health } = this.#services;
    const what = code === null ? fault.message : reason;
    const report = (errorCode: UploadErrorCode, advice: string): void =>
      this.#reportOnce(errorCode, `${what}${advice}. Retrying`, { status, phase, cause: fault });
    state.hasSignerFailed = true;
    if (kind === 'sign-in' && ++this.#signInPages >= SIGN_IN_PAGES_UNTIL_REPORT) {
      report('unauthorized', ', as when a sign-in has expired: sign in again, or check its URL');
      return 'authorization';
    }
    if (kind === 'blocked') report('store-blocked', '');
    if (status && status !== 429 && !kind && health.signer.recordFailure(this.#record.id, fault)) {
      const message = `${reason}, repeatedly and for this file alone: see the signer's log, then retry`;
      throw this.#finalError('signer-refused', message, { retryable: true, status, phase, cause: fault });
    }
    const isPermanent = kind === 'unreadable' || (code === null && status > 0 && !isTransient(status));
    if (level >= FAILURES_UNTIL_REPORT && (isPermanent || !health.hasSignerAnswer))
      report('signer-refused', ": is that its URL, does it run, and does it allow this page's origin");
    return 'signer';
  }

  /**
   * Finds out why the store did not answer: because of the file, the network, CORS, or a rejection that CORS hides.
   */
  async #handleNoAnswer(
    fault: TransportFault,
    { isStalled, reason }: FailureAction & { kind: 'retry' },
    state: RetryState,
  ): Promise<void> {
    const { signal, partNumber, phase } = state;
    const { scheduler, health, clock } = this.#services;
    if (fault.kind === 'blocked') {
      this.#reportOnce('store-blocked', `${reason}. Retrying`, { phase, cause: fault });
      return this.#pause('store', this.#backoff(state), reason, state);
    }
    if (isStalled) {
      state.stalls++;
      scheduler.recordCongestion();
    }
    if (partNumber !== null) {
      await assertReadable(this.#record.file!, this.#record.facts.name);
      const restart = state.onConnectionLost?.();
      if (restart) throw restart;
    }
    const reachability = this.#services.reachability.of(fault.url, Reachability);
    const isReachable = await reachability.check();
    signal.throwIfAborted();
    if (!isReachable) {
      this.#reportRetry(state, MAX_PROBE_DELAY_MS, `${reason}; the store cannot be reached`);
      await this.#waits.addWithinAttempt('network', null, reachability.whenReachable(signal));
      return this.#waits.sleep('network', clock.random() * RECONNECT_JITTER_MS, signal);
    }
    // some stores reject a signature without CORS headers, which the browser reports as no answer
    this.#rejectSignatures(++state.unanswered > 1 ? null : partNumber);
    const isReadable = health.isReadable(fault.method, fault.url);
    if (state.unanswered >= FAILURES_UNTIL_REPORT && !isReadable) {
      const what = `the browser may not read the store's answers to ${fault.method}: does the bucket exist, and does its CORS rule allow this page, that method, and expose ETag? Retrying`;
      this.#reportOnce('store-blocked', what, { phase, cause: fault });
    }
    return this.#pause(isReadable ? 'network' : 'store', this.#backoff(state), reason, state);
  }

  /** @throws UploadError if no new signature is likely to be accepted */
  #recordRejectedSignature(
    { reason, isExpired, areKeysRejected, status }: FailureAction & { kind: 'resign' },
    state: RetryState,
    failure: unknown,
  ): void {
    this.#rejectSignatures(null);
    // after a change of the signer's keys, the store or the signer may not know the new ones yet
    const isTemporary = isExpired || (areKeysRejected && this.#services.health.hasAcceptedSignature);
    if (isExpired ? state.level >= FAILURES_UNTIL_REPORT : ++state.refusals >= MAX_REFUSALS) {
      const causes = isExpired ? 'clock and session token' : 'keys, region and permissions';
      const what = `${reason} to fresh signatures: are the signer's ${causes} right?${isTemporary ? ' Retrying' : ''}`;
      const details = { retryable: true, status, phase: state.phase, cause: failure };
      if (!isTemporary) throw this.#finalError('signature-rejected', what, details);
      this.#reportOnce('signature-rejected', what, details);
    }
  }

  async #awaitAuthorization(
    { reason, status }: FailureAction & { kind: 'unauthorized' },
    { signal, phase }: RetryState,
    cause: unknown,
  ): Promise<void> {
    if (!this.#authorization) {
      let resume!: () => void;
      const ready = new Promise<void>((resolve) => (resume = resolve)).then(() => {
        this.#authorization = null;
      });
      this.#authorization = { ready, resume };
      const details = { retryable: true, status, phase, cause, refusal: refusalOf(cause) };
      this.#report(new UploadError('unauthorized', this.#message(`${reason}: sign in, then retry`), details));
    }
    const { ready } = this.#authorization;
    await this.#waits.addWithinAttempt('authorization', null, unlessAborted(signal, ready));
  }

  #backoff({ level }: RetryState): number {
    return backoff(level, this.#services.clock.random());
  }

  async #pause(waitingFor: WaitingFor, delayMs: number, reason: string, state: RetryState): Promise<void> {
    this.#reportRetry(state, delayMs, reason);
    await this.#waits.sleep(waitingFor, delayMs, state.signal);
  }

  // ---- Reports ----

  #reportRetry({ phase, partNumber, count: attempt }: RetryState, delay: number, reason: string): void {
    this.#observer.report({ type: 'retry', detail: { phase, partNumber, attempt, delay, reason } });
  }

  #rejectSignatures(partNumber: number | null): void {
    this.#observer.report({ type: 'signatures-rejected', partNumber });
  }

  /** Reports an error that the user or the site's operator may have to fix, once until the next success. */
  #reportOnce(code: UploadErrorCode, what: string, details: UploadErrorInit): void {
    if (this.#hasReportedProblem) return;
    this.#hasReportedProblem = true;
    this.#report(new UploadError(code, this.#message(what), { retryable: true, ...details }));
  }

  #report(error: UploadError): void {
    this.#observer.report({ type: 'problem', error });
  }

  #finalError(code: UploadErrorCode, what: string, details: UploadErrorInit): UploadError {
    return new UploadError(code, this.#message(what), { ...details, isFinal: true });
  }

  #message(what: string): string {
    return `“${this.#record.facts.name}”: ${what}${/[.?!]$/.test(what) ? '' : '.'}`;
  }
}
