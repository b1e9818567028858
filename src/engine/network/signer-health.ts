/** Failures in a row of one upload's calls after which the signer is taken to fail for that upload alone. */
const MAX_FAILURES = 7;

interface Streak {
  failures: number;
  /** Good answers to all before it began, and to this upload since. */
  readonly answersBefore: number;
  ownAnswers: number;
  /** Recoveries of other uploads so far: each resets the count. */
  recoveries: number;
}

/** Distinguishes a signer that fails for one upload from one that fails for all, or occasionally. */
export class SignerHealth {
  #answers = 0;
  #recoveries = 0;
  /** By the upload's id. */
  readonly #streaks = new Map<string, Streak>();

  /** Records a good answer to a call for that upload. */
  answered(id: string): void {
    this.#answers++;
    const streak = this.#streaks.get(id);
    if (streak) streak.ownAnswers++;
  }

  /** Records a success after failures for that upload: the signer's failures are transient. */
  recovered(id: string): void {
    if (this.#streaks.delete(id)) this.#recoveries++;
  }

  /**
   * Records a failure that a retry may fix. @returns whether it is final: other uploads got responses meanwhile, and
   * none of them had to retry
   */
  failed(id: string): boolean {
    const recoveries = this.#recoveries;
    const streak = this.#streaks.get(id) ?? { failures: 0, answersBefore: this.#answers, ownAnswers: 0, recoveries };
    this.#streaks.set(id, streak);
    if (streak.recoveries !== recoveries) Object.assign(streak, { failures: 0, recoveries });
    const others = this.#answers - streak.answersBefore - streak.ownAnswers;
    if (++streak.failures < MAX_FAILURES || others <= 0) return false;
    this.#streaks.delete(id);
    return true;
  }
}
