/** Messages of a test page to the runner while its tests run; `progress-page.ts` sends them. */

export const PLAN = 'test-plan';
export const STEP = 'test-step';

export interface TestPlan {
  /** Tests that the file will run, the skipped ones included. */
  planned: number;
}

export interface TestStep {
  /** Absent at the end of a hook. */
  state?: 'passed' | 'failed' | 'pending';
  title?: string;
  message?: string;
}
