/** Messages that a test page sends to the test runner while its tests run; `progress-page.ts` sends them. */

export const PLAN = 'test-plan';
export const STEP = 'test-step';

export interface TestPlan {
  /** Number of tests in the file, skipped ones included. */
  planned: number;
}

/** The end of a test or hook. */
export interface TestStep {
  /** The result of a test; absent at the end of a hook. */
  state?: 'passed' | 'failed' | 'pending';
  title?: string;
  message?: string;
}
