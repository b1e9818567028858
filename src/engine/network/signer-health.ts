/** Number of failures in a row of one upload's calls after which the signer may be failing for that upload alone. */
const MAX_FAILURES = 7;

/**
 * The failures of one upload's calls. It ends when a step that has failed succeeds; answers to the upload's other calls do
 * not end it.
 */
interface FailureStreak {
  failures: number;
  /** The last failed call: each part that waits for a call reports the call's failure. */
  lastFault: unknown;
  /** Value of `SignerHealth.#answers` when the streak began. */
  readonly answersBefore: number;
}

/** Distinguishes a signer that fails for one upload from one that fails for all, or occasionally. */
export class SignerHealth {
  /** Number of successful answers, for any upload. */
  #answers = 0;
  /** The last successful answer: its upload, and its number among all answers. */
  #lastAnswer = { id: '', number: 0 };
  /** The last successful answer for another upload than that one. */
  #lastAnswerOfAnother = { id: '', number: 0 };
  /** Streaks by upload ID. */
  readonly #streaks = new Map<string, FailureStreak>();

  /** Records a successful answer to a call for an upload. */
  recordAnswer(id: string): void {
    if (id !== this.#lastAnswer.id) this.#lastAnswerOfAnother = this.#lastAnswer;
    this.#lastAnswer = { id, number: ++this.#answers };
  }

  /** Records that a step of an upload succeeded after failures: the signer recovers, so all uploads' failures count from zero. */
  recordRecovery(id: string): void {
    if (this.#streaks.delete(id)) for (const streak of this.#streaks.values()) streak.failures = 0;
  }

  /**
   * Records a failure that a retry may fix.
   * @param fault identifies the failed call
   * @returns whether the signer fails for this upload alone: since the last upload with a streak began to fail, another
   *   upload has got a successful answer
   */
  recordFailure(id: string, fault: unknown): boolean {
    let streak = this.#streaks.get(id);
    if (!streak) {
      streak = { failures: 0, lastFault: null, answersBefore: this.#answers };
      this.#streaks.set(id, streak);
    }
    if (streak.lastFault === fault) return false;
    streak.lastFault = fault;
    if (++streak.failures < MAX_FAILURES) return false;
    const otherAnswer = this.#lastAnswer.id === id ? this.#lastAnswerOfAnother : this.#lastAnswer;
    const answersBefore = Math.max(...[...this.#streaks.values()].map((one) => one.answersBefore));
    if (otherAnswer.number <= answersBefore) return false;
    this.#streaks.delete(id);
    return true;
  }
}
