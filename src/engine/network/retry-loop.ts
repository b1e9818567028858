import { unlessAborted } from '../util/abort.js';
import { cancellableSleep, sleep } from '../util/timing.js';
import { refusalOf, SignerFault, TransportFault, UploadError } from '../api/errors.js';
import type { Phase, UploadErrorCode, UploadErrorInit } from '../api/errors.js';
import type { Reachability } from './reachability.js';
import { classifyFailure } from './classify-failure.js';
import { backoff, parseRetryAfter } from '../util/timing.js';
import { isTransient } from '../util/http-status.js';
import type { FailureAction } from './classify-failure.js';
import type { RetryDetail, WaitingFor } from '../api/types.js';
import type { Clock } from '../ports.js';

/** Refusals of fresh signatures in a row before they count as a verdict. */
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

/** What the retrier needs of the upload it works for. */
export interface RetrierHost {
  readonly clock: Clock;
  readonly fileName: string;
  maxRetries(): number;
  reachability(url: string): Reachability;
  /** Whether any answer to such a request could be read so far. */
  isReadable(method: string, url: string): boolean;
  /** Whether the signer has given any good answer so far. */
  isSignerKnown(): boolean;
  /** Records a failure of the signer. @returns whether it fails for this upload alone, time and again */
  signerFailed(): boolean;
  /** Records that a step on which the signer had failed went well. */
  signerRecovered(): void;
  /** Whether the store has ever done what a signature asked for. */
  hasSigned(): boolean;
  /** Epoch milliseconds by the servers' clocks, as far as known: the browser's own may be wrong. */
  serverTime(): number;
  /** Whether a probe gets a connection at once. */
  hasSpareConnection(): boolean;
  slowDown(): void;
  /** Keeps all requests to the store back for so many milliseconds. */
  holdBack(delay: number): void;
  /** Told of each part that the line dropped. @throws Detour where another way is better */
  lineCut(): void;
  /** Rejects with an `UploadError` where the file is not what it was. */
  checkFile(): Promise<void>;
  dropSignatures(partNumber: number | null): void;
  renewGrant(signal: AbortSignal): Promise<void>;
  announce(retry: Omit<RetryDetail, 'upload'>): void;
  complain(error: UploadError): void;
  /** Called whenever `isBusy` or `wait` may have changed. */
  changed(): void;
}

/** Tries each step of one upload until it succeeds, or until the failure is a verdict. */
export class RetryLoop {
  readonly #host: RetrierHost;
  readonly #waits = new Set<Wait>();
  readonly #sleepers = new Map<() => void, WaitingFor>();
  #busy = 0;
  #progress = 0;
  #authorization: { ready: Promise<void>; go(): void } | null = null;
  #hasReportedProblem = false;
  /** Answers of the signer that looked like a login page since something went well, over all steps. */
  #signInPages = 0;

  constructor(host: RetrierHost) {
    this.#host = host;
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
    if (!this.isBusy && this.waiting) this.#host.changed();
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
   * @throws UploadError for a verdict
   * @throws the signal's reason when aborted
   */
  async retry<T>(
    phase: Phase,
    partNumber: number | null,
    signal: AbortSignal,
    act: (trial: Attempt) => Promise<T>,
  ): Promise<T> {
    const course: RetryState = {
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
    };
    for (;;) {
      signal.throwIfAborted();
      course.count++;
      try {
        this.#busy++;
        this.#host.changed();
        const value = await act(course);
        if (course.hasSignerFailed) this.#host.signerRecovered();
        return value;
      } catch (failure) {
        signal.throwIfAborted();
        // one that names the file is the last word on it
        if (failure instanceof RestartRequired || isTold(failure)) throw failure;
        await this.#handleFailure(failure, course);
      } finally {
        this.#busy--;
      }
    }
  }

  /** Waits, and shows it as a wait of the upload. */
  async waitFor<T>(waitingFor: WaitingFor, until: number | null, work: Promise<T>): Promise<T> {
    const wait: Wait = { for: waitingFor, until };
    this.#waits.add(wait);
    this.#host.changed();
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
    const { clock } = this.#host;
    const reachability = this.#host.reachability(url);
    try {
      for (;;) {
        const since = clock.monotonic();
        // a probe would wait for one of the connections that are silent
        if (this.#host.hasSpareConnection() && !(await reachability.check())) {
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
      this.#host.changed();
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

  async #handleFailure(failure: unknown, course: RetryState): Promise<void> {
    const phase = failure instanceof SignerFault && course.phase !== 'init' ? 'sign' : course.phase;
    const verdict = classifyFailure(failure, phase);
    if (course.progress !== this.#progress) {
      course.progress = this.#progress;
      course.level = course.refusals = course.renewals = 0;
    }
    course.level++;
    // a grant that was good for a while may grow old again in a long wait
    if (verdict.kind !== 'renew') course.renewals = 0;
    switch (verdict.kind) {
      case 'final':
        throw new UploadError(verdict.code, this.#message(verdict.message), {
          status: verdict.status,
          phase,
          cause: failure,
          refusal: refusalOf(failure),
        });
      case 'gone':
      case 'exists':
      case 'relist':
      case 'restart':
        throw new RestartRequired(verdict.kind, verdict.reason);
      case 'unauthorized':
        return this.#awaitAuthorization(verdict, course, failure);
      case 'renew':
        if (++course.renewals > 1) throw new RestartRequired('restart', verdict.reason);
        return this.#renew(course);
      case 'resign':
        return this.#resign(verdict, course, failure);
      case 'again':
    }
    if (course.count > this.#host.maxRetries()) {
      throw new UploadError(
        'too-many-retries',
        this.#message(`${course.count} tries failed, the last one because ${verdict.reason}`),
        { retryable: true, phase, cause: failure },
      );
    }
    if (failure instanceof TransportFault) return this.#handleNoAnswer(failure, verdict, course);
    if (verdict.busy) this.#host.slowDown();
    const retryAfter = parseRetryAfter(verdict.retryAfter, this.#host.serverTime());
    // what one request is told holds for all
    if (verdict.busy && verdict.of === 'store' && retryAfter) this.#host.holdBack(retryAfter);
    const waitingFor =
      failure instanceof SignerFault ? this.#handleSignerFault(failure, verdict.reason, course) : verdict.of;
    const delay = Math.max(retryAfter ?? 0, this.#backoff(course));
    return this.#pause(waitingFor, delay, verdict.reason, { ...course, phase });
  }

  /**
   * Tells the page of a signer that time alone may not mend: another URL, another user, a login page.
   * @returns what is waited for
   * @throws UploadError where it fails for this upload alone
   */
  #handleSignerFault(fault: SignerFault, reason: string, course: RetryState): WaitingFor {
    const { kind, status, code } = fault;
    const { level, phase } = course;
    const what = code === null ? fault.message : reason;
    const complain = (errorCode: UploadErrorCode, advice: string): void =>
      this.#reportProblem(errorCode, `${what}${advice}. Trying goes on`, { status, phase, cause: fault });
    course.hasSignerFailed = true;
    if (kind === 'sign-in' && ++this.#signInPages >= SIGN_IN_TRIES) {
      complain('unauthorized', ', as when a sign-in has run out: sign in again, or check its URL');
      return 'authorization';
    }
    if (kind === 'blocked') complain('store-blocked', '');
    if (status && status !== 429 && !kind && this.#host.signerFailed()) {
      throw new UploadError(
        'signer-refused',
        this.#message(`${reason}, time and again for this file alone: see the signer's log, then try again`),
        { retryable: true, status, phase, cause: fault },
      );
    }
    const isLasting = kind === 'unreadable' || (code === null && status > 0 && !isTransient(status));
    if (level >= UNANSWERED_TRIES && (isLasting || !this.#host.isSignerKnown()))
      complain('signer-refused', ": is that its URL, does it run, and does it allow this page's origin");
    return 'signer';
  }

  /** Tells the page, once until something goes well, of what may need somebody's hand. */
  #reportProblem(code: UploadErrorCode, what: string, details: UploadErrorInit): void {
    if (this.#hasReportedProblem) return;
    this.#hasReportedProblem = true;
    this.#host.complain(new UploadError(code, this.#message(what), { retryable: true, ...details }));
  }

  /** No answer from the store: is it the file, the line, CORS, or a refusal that CORS hides? */
  async #handleNoAnswer(
    fault: TransportFault,
    { stalled, reason }: FailureAction & { kind: 'again' },
    course: RetryState,
  ): Promise<void> {
    const { signal, partNumber, phase } = course;
    if (fault.kind === 'blocked') {
      this.#reportProblem('store-blocked', `${reason}. Trying goes on`, { phase, cause: fault });
      return this.#pause('store', this.#backoff(course), reason, course);
    }
    if (stalled) {
      course.stalls++;
      this.#host.slowDown();
    }
    if (partNumber !== null) {
      await this.#host.checkFile();
      this.#host.lineCut();
    }
    const reachability = this.#host.reachability(fault.url);
    const isThere = await reachability.check();
    signal.throwIfAborted();
    if (!isThere) {
      this.#announce(course, MAX_PROBE_GAP_MS, `${reason}; the store cannot be reached`);
      await this.#waitIdle('network', null, reachability.whenReachable(signal));
      return this.#sleep('network', this.#host.clock.random() * RECONNECT_JITTER_MS, signal);
    }
    // A refused signature comes without CORS headers from some stores: it looks just like this.
    this.#host.dropSignatures(++course.unanswered > 1 ? null : partNumber);
    const isReadable = this.#host.isReadable(fault.method, fault.url);
    if (course.unanswered >= UNANSWERED_TRIES && !isReadable) {
      this.#reportProblem(
        'store-blocked',
        `the browser may not read the store's answers to ${fault.method}: does the bucket exist, and does its CORS rule allow this page, that method, and expose ETag? Trying goes on`,
        { phase, cause: fault },
      );
    }
    return this.#pause(isReadable ? 'network' : 'store', this.#backoff(course), reason, course);
  }

  /** Has the grant renewed; what goes wrong with that is met like any failure of the step. */
  async #renew(course: RetryState): Promise<void> {
    try {
      await this.#host.renewGrant(course.signal);
      this.#host.dropSignatures(null);
    } catch (failure) {
      course.signal.throwIfAborted();
      if (failure instanceof RestartRequired) throw failure;
      const isOutdated = failure instanceof SignerFault && failure.code === 'grant-expired';
      if (!isOutdated) course.renewals--;
      await this.#handleFailure(failure, course);
    }
  }

  async #resign(
    { reason, passing, ofKeys, status }: FailureAction & { kind: 'resign' },
    course: RetryState,
    failure: unknown,
  ): Promise<void> {
    this.#host.dropSignatures(null);
    if (!passing && ++course.refusals >= MAX_REFUSALS) {
      // The signer's keys were changed, and the store, or the signer, is yet to learn of the new ones.
      const isPassing = ofKeys && this.#host.hasSigned();
      const error = new UploadError(
        'signature-rejected',
        this.#message(
          `${reason} to fresh signatures: are the signer's keys, region and permissions right?${isPassing ? ' Trying goes on' : ''}`,
        ),
        { retryable: true, status, phase: course.phase, cause: failure },
      );
      if (!isPassing) throw error;
      if (!this.#hasReportedProblem) this.#host.complain(error);
      this.#hasReportedProblem = true;
    }
    // the first time at once: a signature may simply have grown old
    return this.#pause('store', course.level > 1 ? this.#backoff(course) : 0, reason, course);
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
      this.#host.complain(
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
    return backoff(level, this.#host.clock.random());
  }

  async #pause(waitingFor: WaitingFor, delay: number, reason: string, course: RetryState): Promise<void> {
    this.#announce(course, delay, reason);
    await this.#sleep(waitingFor, delay, course.signal);
  }

  async #sleep(waitingFor: WaitingFor, delay: number, signal: AbortSignal): Promise<void> {
    const { clock } = this.#host;
    const { over, wake } = cancellableSleep(clock, delay, signal);
    this.#sleepers.set(wake, waitingFor);
    try {
      await this.#waitIdle(waitingFor, clock.now() + delay, over);
    } finally {
      this.#sleepers.delete(wake);
    }
  }

  #announce({ phase, partNumber, count: attempt }: RetryState, delay: number, reason: string): void {
    this.#host.announce({ phase, partNumber, attempt, delay, reason });
  }

  #message(what: string): string {
    return `“${this.#host.fileName}”: ${what}${/[.?!]$/.test(what) ? '' : '.'}`;
  }
}

const isTold = (failure: unknown): boolean => failure instanceof UploadError && failure.message.startsWith('“');

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
}
