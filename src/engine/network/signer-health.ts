/** Number of failures in a row of one upload's calls after which the signer may be failing for that upload alone. */
const MAX_FAILURES = 7;

/** Consecutive failures of the calls for one upload. */
interface FailureStreak {
  failures: number;
  /** Number of successful answers, for any upload, before the streak began. */
  readonly answersBefore: number;
  /** Number of successful answers for this upload since the streak began. */
  ownAnswers: number;
  /** Value of `#recoveries` at the last failure. If it has changed since, the count of failures restarts. */
  recoveries: number;
}

/** Distinguishes a signer that fails for one upload from one that fails for all, or occasionally. */
export class SignerHealth {
  /** Number of successful answers, for any upload. */
  #answers = 0;
  /** Number of uploads whose calls failed and then succeeded. */
  #recoveries = 0;
  /** Streaks by upload ID. */
  readonly #streaks = new Map<string, FailureStreak>();

  /** Records a successful answer to a call for an upload. */
  recordAnswer(id: string): void {
    this.#answers++;
    const streak = this.#streaks.get(id);
    if (streak) streak.ownAnswers++;
  }

  /** Records that a step of an upload succeeded after failures: the signer's failures are transient. */
  recordRecovery(id: string): void {
    if (this.#streaks.delete(id)) this.#recoveries++;
  }

  /**
   * Records a failure that a retry may fix.
   * @returns whether the signer fails for this upload alone: others got successful answers meanwhile, and none of them had
   *   to retry
   */
  recordFailure(id: string): boolean {
    const recoveries = this.#recoveries;
    const streak = this.#streaks.get(id) ?? { failures: 0, answersBefore: this.#answers, ownAnswers: 0, recoveries };
    this.#streaks.set(id, streak);
    if (streak.recoveries !== recoveries) Object.assign(streak, { failures: 0, recoveries });
    const otherAnswers = this.#answers - streak.answersBefore - streak.ownAnswers;
    if (++streak.failures < MAX_FAILURES || otherAnswers <= 0) return false;
    this.#streaks.delete(id);
    return true;
  }
}
