import { refusalOf, SignerFault, TransportFault, UploadError } from '../api/errors.js';
import type { Phase, UploadErrorCode, UploadErrorInit } from '../api/errors.js';
import type { Settings } from '../api/options.js';
import type { WaitingFor } from '../api/types.js';
import { assertReadable } from '../files/assert-unchanged.js';
import type { UploadRecord } from '../model/upload-record.js';
import type { UploadObserver } from '../model/upload-report.js';
import type { Clock } from '../ports.js';
import { unlessAborted } from '../util/abort.js';
import { cancellableSleep, sleep } from '../util/timing.js';
import { backoff, classifyFailure, isTransient, parseRetryAfter } from './classify-failure.js';
import type { FailureAction } from './classify-failure.js';
import type { ReachabilityByOrigin } from './reachability-by-origin.js';
import type { Scheduler } from './scheduler.js';
import type { ServerHealth } from './server-health.js';

/** Refusals of fresh signatures in a row before they count as an action. */
const MAX_REFUSALS = 3;
/** Failures of which no good answer was ever had before the page is told that something may be set up wrongly. */
const UNANSWERED_TRIES = 3;
/** Milliseconds between two looks whether a request without an answer was carried out. */
const ACTED_CHECK_INTERVAL_MS = 30_000;
/** Answers that look like a login page before the page is asked to sign in. */
const SIGN_IN_TRIES = 2;
/** Milliseconds without the store after which connections from before are taken for dead, and the most they get to show life. */
const LONG_OUTAGE_MS = 10_000;
const MAX_GRACE_MS = 10_000;
/** Milliseconds over which requests are spread when the line is back. */
const RECONNECT_JITTER_MS = 200;
const MAX_PROBE_GAP_MS = 3_000;

/** A failure that no repetition of the same step mends: the upload has to go another way. */
export class RestartRequired extends Error {
  constructor(
    /** `smaller`: begin afresh, in smaller parts. */
    readonly to: 'gone' | 'exists' | 'relist' | 'restart' | 'smaller',
    reason: string,
  ) {
    super(reason);
  }
}

/** One try of a step. */
export interface Attempt {
  /** 1 for the first. */
  count: number;
  /** How many tries of this step stalled. */
  stalls: number;
  /** How many had no answer while the store was there. */
  unanswered: number;
  /** How many signatures were refused in a row, old ones aside. */
  refusals: number;
}

/** What is waited for, until when. */
export interface Wait {
  for: WaitingFor;
  /** Epoch milliseconds; null where nobody knows. */
  until: number | null;
}

/** What all retry loops of an uploader share. */
export interface RetryServices {
  readonly clock: Clock;
  readonly settings: Settings;
  readonly scheduler: Scheduler;
  readonly reachability: ReachabilityByOrigin;
  readonly health: ServerHealth;
}

/** Decides what follows a request that got no answer: a restart, or null for another attempt. */
export type OnConnectionLost = () => RestartRequired | null;

/** Tries each step of one upload until it succeeds, or until the failure is an action. */
export class RetryLoop {
  readonly #services: RetryServices;
  readonly #record: UploadRecord;
  readonly #observer: UploadObserver;
  readonly #waits = new Set<Wait>();
  readonly #sleepers = new Map<() => void, WaitingFor>();
  #busy = 0;
  #progress = 0;
  #authorization: { ready: Promise<void>; go(): void } | null = null;
  #hasReportedProblem = false;
  /** Answers of the signer that looked like a login page since something went well, over all steps. */
  #signInPages = 0;

  constructor(services: RetryServices, record: UploadRecord, observer: UploadObserver) {
    this.#services = services;
    this.#record = record;
    this.#observer = observer;
  }

  /** Whether a try of some step is under way. */
  get isBusy(): boolean {
    return this.#busy > 0;
  }

  /** Steps that are waiting. */
  get waiting(): number {
    return this.#waits.size;
  }

  /** What ends first of all that is waited for. */
  get wait(): Wait | null {
    let first: Wait | null = null;
    for (const wait of this.#waits) if (!first || (wait.until ?? Infinity) < (first.until ?? Infinity)) first = wait;
    return first;
  }

  /** Says that a step has ended and nothing has begun in its place: what is left may be waits alone. */
  settled(): void {
    if (!this.isBusy && this.waiting) this.#reportActivity();
  }

  /** Says that something went well: waits begin short again. */
  progressed(): void {
    this.#progress++;
    this.#signInPages = 0;
    this.#hasReportedProblem = false;
  }

  /** Ends waits early: those for network and signer, or, on the user's word, all. */
  retryNow(all: boolean): void {
    for (const [wake, waitingFor] of this.#sleepers) if (all || waitingFor !== 'store') wake();
    if (all) this.authorize();
  }

  /** Tries again what the signer would not do for a stranger. */
  authorize(): void {
    this.#authorization?.go();
    for (const [wake, waitingFor] of this.#sleepers) if (waitingFor === 'authorization') wake();
  }

  /**
   * Tries until it succeeds.
   * @throws Detour where the step itself has to change
   * @throws UploadError for an action
   * @throws the signal's reason when aborted
   */
  async retry<T>(
    phase: Phase,
    partNumber: number | null,
    signal: AbortSignal,
    act: (attempt: Attempt) => Promise<T>,
    onConnectionLost?: OnConnectionLost,
  ): Promise<T> {
    const state: RetryState = {
      phase,
      partNumber,
      signal,
      count: 0,
      level: 0,
      stalls: 0,
      unanswered: 0,
      refusals: 0,
      renewals: 0,
      hasSignerFailed: false,
      progress: this.#progress,
      onConnectionLost,
    };
    for (;;) {
      signal.throwIfAborted();
      state.count++;
      try {
        this.#busy++;
        this.#reportActivity();
        const value = await act(state);
        if (state.hasSignerFailed) this.#services.health.signer.recovered(this.#record.id);
        return value;
      } catch (failure) {
        signal.throwIfAborted();
        if (failure instanceof RestartRequired || (failure instanceof UploadError && failure.isFinal)) throw failure;
        await this.#handleFailure(failure, state);
      } finally {
        this.#busy--;
      }
    }
  }

  /** Waits, and shows it as a wait of the upload. */
  async waitFor<T>(waitingFor: WaitingFor, until: number | null, work: Promise<T>): Promise<T> {
    const wait: Wait = { for: waitingFor, until };
    this.#waits.add(wait);
    this.#reportActivity();
    try {
      return await work;
    } finally {
      this.#waits.delete(wait);
    }
  }

  /**
   * Decides on a request without a sign of life, and shows meanwhile what is waited for.
   * @param isOverdue whether one of its size would have been answered by now
   * @param ended aborted when the request ends
   * @param hasActed asks the store whether it has acted; given for a request that it may take minutes for
   * @returns whether to send it again on another connection
   */
  async isLost(
    url: string,
    isOverdue: boolean,
    ended: AbortSignal,
    hasActed?: () => Promise<boolean>,
  ): Promise<boolean> {
    const { clock, scheduler } = this.#services;
    const reachability = this.#services.reachability.of(url);
    try {
      for (;;) {
        const since = clock.monotonic();
        // a probe would wait for one of the connections that are silent
        if (scheduler.hasSpareConnection && !(await reachability.check())) {
          await this.#waitIdle('network', null, reachability.whenReachable(ended));
          const outage = clock.monotonic() - since;
          if (isOverdue || (hasActed && outage >= LONG_OUTAGE_MS)) {
            // retransmission takes as long again at most
            await this.#waitIdle('network', null, sleep(clock, Math.min(outage, MAX_GRACE_MS), ended));
            return true;
          }
        }
        if (!hasActed) return isOverdue;
        if (await this.#waitIdle('store', null, hasActed())) return true;
        await this.#waitIdle('store', null, sleep(clock, ACTED_CHECK_INTERVAL_MS, ended));
      }
    } finally {
      this.#reportActivity();
    }
  }

  /** Waits in the middle of a step, whose try is over. */
  async #waitIdle<T>(waitingFor: WaitingFor, until: number | null, work: Promise<T>): Promise<T> {
    this.#busy--;
    try {
      return await this.waitFor(waitingFor, until, work);
    } finally {
      this.#busy++;
    }
  }

  async #handleFailure(failure: unknown, state: RetryState): Promise<void> {
    const phase = failure instanceof SignerFault && state.phase !== 'init' ? 'sign' : state.phase;
    const action = classifyFailure(failure, phase);
    if (state.progress !== this.#progress) {
      state.progress = this.#progress;
      state.level = state.refusals = state.renewals = 0;
    }
    state.level++;
    // a grant that was good for a while may grow old again in a long wait
    if (action.kind !== 'renew') state.renewals = 0;
    switch (action.kind) {
      case 'final':
        throw this.#finalError(action.code, action.message, {
          status: action.status,
          phase,
          cause: failure,
          refusal: refusalOf(failure),
        });
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
        return;
      case 'resign':
        return this.#resign(action, state, failure);
      case 'again':
    }
    if (state.count > this.#services.settings.options.maxRetries) {
      throw this.#finalError(
        'too-many-retries',
        `${state.count} attempts failed, the last one because ${action.reason}`,
        { retryable: true, phase, cause: failure },
      );
    }
    if (failure instanceof TransportFault) return this.#handleNoAnswer(failure, action, state);
    if (action.busy) this.#services.scheduler.slowDown();
    const retryAfter = parseRetryAfter(action.retryAfter, this.#services.health.serverTime);
    // what one request is told holds for all
    if (action.busy && action.of === 'store' && retryAfter) this.#services.scheduler.hold(retryAfter);
    const waitingFor =
      failure instanceof SignerFault ? this.#handleSignerFault(failure, action.reason, state) : action.of;
    const delay = Math.max(retryAfter ?? 0, this.#backoff(state));
    return this.#pause(waitingFor, delay, action.reason, { ...state, phase });
  }

  /**
   * Tells the page of a signer that time alone may not mend: another URL, another user, a login page.
   * @returns what is waited for
   * @throws UploadError where it fails for this upload alone
   */
  #handleSignerFault(fault: SignerFault, reason: string, state: RetryState): WaitingFor {
    const { kind, status, code } = fault;
    const { level, phase } = state;
    const what = code === null ? fault.message : reason;
    const complain = (errorCode: UploadErrorCode, advice: string): void =>
      this.#reportProblem(errorCode, `${what}${advice}. Retrying`, { status, phase, cause: fault });
    state.hasSignerFailed = true;
    if (kind === 'sign-in' && ++this.#signInPages >= SIGN_IN_TRIES) {
      complain('unauthorized', ', as when a sign-in has run out: sign in again, or check its URL');
      return 'authorization';
    }
    if (kind === 'blocked') complain('store-blocked', '');
    if (status && status !== 429 && !kind && this.#services.health.signer.failed(this.#record.id)) {
      throw this.#finalError(
        'signer-refused',
        `${reason}, repeatedly and for this file alone: see the signer's log, then retry`,
        { retryable: true, status, phase, cause: fault },
      );
    }
    const isLasting = kind === 'unreadable' || (code === null && status > 0 && !isTransient(status));
    if (level >= UNANSWERED_TRIES && (isLasting || !this.#services.health.hasSignerAnswer))
      complain('signer-refused', ": is that its URL, does it run, and does it allow this page's origin");
    return 'signer';
  }

  /** Tells the page, once until something goes well, of what may need somebody's hand. */
  #reportProblem(code: UploadErrorCode, what: string, details: UploadErrorInit): void {
    if (this.#hasReportedProblem) return;
    this.#hasReportedProblem = true;
    this.#report(new UploadError(code, this.#message(what), { retryable: true, ...details }));
  }

  /** No answer from the store: is it the file, the line, CORS, or a refusal that CORS hides? */
  async #handleNoAnswer(
    fault: TransportFault,
    { stalled, reason }: FailureAction & { kind: 'again' },
    state: RetryState,
  ): Promise<void> {
    const { signal, partNumber, phase } = state;
    if (fault.kind === 'blocked') {
      this.#reportProblem('store-blocked', `${reason}. Retrying`, { phase, cause: fault });
      return this.#pause('store', this.#backoff(state), reason, state);
    }
    if (stalled) {
      state.stalls++;
      this.#services.scheduler.slowDown();
    }
    if (partNumber !== null) {
      await assertReadable(this.#record.file!, this.#record.facts.name);
      const restart = state.onConnectionLost?.();
      if (restart) throw restart;
    }
    const reachability = this.#services.reachability.of(fault.url);
    const isThere = await reachability.check();
    signal.throwIfAborted();
    if (!isThere) {
      this.#announce(state, MAX_PROBE_GAP_MS, `${reason}; the store cannot be reached`);
      await this.#waitIdle('network', null, reachability.whenReachable(signal));
      return this.#sleep('network', this.#services.clock.random() * RECONNECT_JITTER_MS, signal);
    }
    // A refused signature comes without CORS headers from some stores: it looks just like this.
    this.#rejectSignatures(++state.unanswered > 1 ? null : partNumber);
    const isReadable = this.#services.health.isReadable(fault.method, fault.url);
    if (state.unanswered >= UNANSWERED_TRIES && !isReadable) {
      this.#reportProblem(
        'store-blocked',
        `the browser may not read the store's answers to ${fault.method}: does the bucket exist, and does its CORS rule allow this page, that method, and expose ETag? Retrying`,
        { phase, cause: fault },
      );
    }
    return this.#pause(isReadable ? 'network' : 'store', this.#backoff(state), reason, state);
  }

  async #resign(
    { reason, passing, ofKeys, status }: FailureAction & { kind: 'resign' },
    state: RetryState,
    failure: unknown,
  ): Promise<void> {
    this.#rejectSignatures(null);
    if (!passing && ++state.refusals >= MAX_REFUSALS) {
      // The signer's keys were changed, and the store, or the signer, is yet to learn of the new ones.
      const isPassing = ofKeys && this.#services.health.hasAcceptedSignature;
      const error = this.#finalError(
        'signature-rejected',
        `${reason} to fresh signatures: are the signer's keys, region and permissions right?${isPassing ? ' Retrying' : ''}`,
        { retryable: true, status, phase: state.phase, cause: failure },
      );
      if (!isPassing) throw error;
      if (!this.#hasReportedProblem) this.#report(error);
      this.#hasReportedProblem = true;
    }
    // the first time at once: a signature may simply have grown old
    return this.#pause('store', state.level > 1 ? this.#backoff(state) : 0, reason, state);
  }

  async #awaitAuthorization(
    { reason, status }: FailureAction & { kind: 'unauthorized' },
    { signal, phase }: RetryState,
    cause: unknown,
  ): Promise<void> {
    if (!this.#authorization) {
      let go!: () => void;
      const ready = new Promise<void>((resolve) => (go = resolve)).then(() => {
        this.#authorization = null;
      });
      this.#authorization = { ready, go };
      this.#report(
        new UploadError('unauthorized', this.#message(`${reason}: sign in, then retry`), {
          retryable: true,
          status,
          phase,
          cause,
          refusal: refusalOf(cause),
        }),
      );
    }
    const { ready } = this.#authorization;
    await this.#waitIdle('authorization', null, unlessAborted(signal, ready));
  }

  /** Holds besides any `Retry-After`: "0" of a store in trouble is no leave to hammer it. */
  #backoff({ level }: RetryState): number {
    return backoff(level, this.#services.clock.random());
  }

  async #pause(waitingFor: WaitingFor, delay: number, reason: string, state: RetryState): Promise<void> {
    this.#announce(state, delay, reason);
    await this.#sleep(waitingFor, delay, state.signal);
  }

  async #sleep(waitingFor: WaitingFor, delay: number, signal: AbortSignal): Promise<void> {
    const { clock } = this.#services;
    const { over, wake } = cancellableSleep(clock, delay, signal);
    this.#sleepers.set(wake, waitingFor);
    try {
      await this.#waitIdle(waitingFor, clock.now() + delay, over);
    } finally {
      this.#sleepers.delete(wake);
    }
  }

  #announce({ phase, partNumber, count: attempt }: RetryState, delay: number, reason: string): void {
    this.#observer.report({ type: 'retry', detail: { phase, partNumber, attempt, delay, reason } });
  }

  #reportActivity(): void {
    this.#observer.report({ type: 'activity' });
  }

  #finalError(code: UploadErrorCode, what: string, details: UploadErrorInit): UploadError {
    return new UploadError(code, this.#message(what), { ...details, isFinal: true });
  }

  #report(error: UploadError): void {
    this.#observer.report({ type: 'problem', error });
  }

  #rejectSignatures(partNumber: number | null): void {
    this.#observer.report({ type: 'signatures-rejected', partNumber });
  }

  #message(what: string): string {
    return `“${this.#record.facts.name}”: ${what}${/[.?!]$/.test(what) ? '' : '.'}`;
  }
}

/** How one step has gone so far. */
interface RetryState extends Attempt {
  readonly phase: Phase;
  readonly partNumber: number | null;
  readonly signal: AbortSignal;
  /** Failures in a row since something went well. */
  level: number;
  renewals: number;
  hasSignerFailed: boolean;
  progress: number;
  readonly onConnectionLost: OnConnectionLost | undefined;
}
