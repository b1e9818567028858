/**
 * Counts the tests of each engine, and writes the counts to the file that the variable `MULE_TEST_COUNTS` names. Ends a test
 * file that makes no progress, and counts the tests that it did not run as failed.
 */
import { renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { SESSION_STATUS } from '@web/test-runner-core';
import type { Reporter, ReporterArgs, TestRunnerPlugin, TestSession, TestSuiteResult } from '@web/test-runner-core';
import { PLAN, STEP } from './progress.js';
import type { TestPlan, TestStep } from './progress.js';

/** A failed test, or a test file that failed as a whole. */
export interface Failure {
  /** The test, its file, and the first line of the reason. */
  what: string;
  /** Arguments with which the test runner runs only its file; absent if the runner has no such arguments. */
  rerunArgs?: string[];
  /** The browser engine in which it failed; absent for tests without a browser. */
  engine?: string;
  /** Number of failed tests that this failure represents; 1 by default. */
  tests?: number;
  /** Set if a file stopped before its last test: how many of its tests passed. */
  stoppedAfter?: number;
}

/** The content of the file that `MULE_TEST_COUNTS` names. */
export interface Counts {
  passed: number;
  failed: number;
  skipped: number;
  /** Tests that ran, by engine. */
  engines: Record<string, number>;
  failures: Failure[];
  /** Whether all test files have ended. */
  isFinal: boolean;
}

/** What a page has reported while its tests run. */
export interface Progress {
  planned?: number;
  steps: TestStep[];
  /** When the last report arrived, in epoch milliseconds. */
  reportedAt: number;
}

/** Mocha ends a test or hook after 120 s, so a page without a report for more than twice that time is stuck. */
const NO_PROGRESS_MS = 300_000;
const POLL_MS = 5_000;

type CountedSession = Pick<TestSession, 'id' | 'testFile' | 'testResults' | 'errors' | 'passed'> & {
  browser: Pick<TestSession['browser'], 'name'>;
};

function addSuite(counts: Counts, suite: TestSuiteResult, fail: (reason: string) => void): number {
  let ran = 0;
  for (const test of suite.tests) {
    if (test.skipped) counts.skipped++;
    else if (test.passed) counts.passed++;
    else {
      counts.failed++;
      fail(`${test.name}: ${test.error?.message ?? ''}`);
    }
    if (!test.skipped) ran++;
  }
  return suite.suites.reduce((sum, child) => sum + addSuite(counts, child, fail), ran);
}

/** Adds the tests that a page reported before it stopped. @returns how many of them ran */
function addSteps(counts: Counts, steps: readonly TestStep[], fail: (reason: string) => void): number {
  const endedSteps = steps.filter(({ state }) => state);
  for (const { state, title, message } of endedSteps) {
    if (state === 'pending') counts.skipped++;
    else if (state === 'passed') counts.passed++;
    else {
      counts.failed++;
      fail(`${title}: ${message}`);
    }
  }
  return endedSteps.filter(({ state }) => state !== 'pending').length;
}

/**
 * Counts the tests of a run. Tests that a file did not run, because it did not load, did not start or stopped, count as
 * failed; they are reported as one failure of the file.
 * @param progress by session ID
 */
export function countSessions(
  sessions: Iterable<CountedSession>,
  progress: ReadonlyMap<string, Progress>,
  isFinal = true,
): Counts {
  const counts: Counts = { passed: 0, failed: 0, skipped: 0, engines: {}, failures: [], isFinal };
  /** By file: the number of tests in the engine that planned the most. */
  const maxPlanned = new Map<string, number>();
  const all = [...sessions];
  for (const { id, testFile } of all)
    maxPlanned.set(testFile, Math.max(maxPlanned.get(testFile) ?? 1, progress.get(id)?.planned ?? 0));
  for (const { id, browser, testFile, testResults, errors, passed } of all) {
    const countsBefore = { ...counts };
    const fail = (reason: string, more: Partial<Failure> = {}): void => {
      const what = `${browser.name}, ${path.basename(testFile)}: ${reason}`;
      const rerunArgs = ['--files', testFile];
      counts.failures.push({ what, rerunArgs, engine: browser.name.toLowerCase(), ...more });
    };
    const { planned: plannedTests = maxPlanned.get(testFile)!, steps = [] } = progress.get(id) ?? {};
    const ran = testResults ? addSuite(counts, testResults, fail) : addSteps(counts, steps, fail);
    counts.engines[browser.name] = (counts.engines[browser.name] ?? 0) + ran;
    const reason = errors.map(({ message }) => message).join('; ') || 'it did not end';
    if (testResults) {
      // without a failed test, the session failed by an error outside of tests
      if (passed || counts.failed > countsBefore.failed) continue;
      counts.failed++;
      fail(reason);
      continue;
    }
    const skipped = counts.skipped - countsBefore.skipped;
    const tests = Math.max(counts.failed > countsBefore.failed ? 0 : 1, plannedTests - ran - skipped);
    counts.failed += tests;
    fail(`stopped, ${tests} of ${plannedTests} tests did not run: ${reason}`, {
      tests,
      stoppedAfter: counts.passed - countsBefore.passed,
    });
  }
  return counts;
}

/** Returns the reporter and the plugin for `web-test-runner.config.mjs`. */
export function countTests(): { reporter: Reporter; plugin: TestRunnerPlugin } {
  const countsFile = process.env.MULE_TEST_COUNTS;
  const progress = new Map<string, Progress>();
  let sessions: ReporterArgs['sessions'];
  let pollTimer: NodeJS.Timeout;

  function write(isFinal: boolean): void {
    if (!countsFile) return;
    // renaming is atomic: a reader never gets an incomplete file
    writeFileSync(`${countsFile}.part`, JSON.stringify(countSessions(sessions.all(), progress, isFinal)));
    renameSync(`${countsFile}.part`, countsFile);
  }

  function endStuckSessions(): void {
    for (const session of sessions.forStatus(SESSION_STATUS.TEST_STARTED)) {
      const { reportedAt } = progress.get(session.id) ?? {};
      if (reportedAt === undefined || Date.now() - reportedAt < NO_PROGRESS_MS) continue;
      const message = `no test or hook ended for ${NO_PROGRESS_MS / 1000} s`;
      const errors = [...session.errors, { message }];
      sessions.updateStatus({ ...session, passed: false, errors }, SESSION_STATUS.TEST_FINISHED);
    }
  }

  return {
    reporter: {
      start(args) {
        ({ sessions } = args);
        sessions.on('session-status-updated', ({ id, status }) => {
          if (status === SESSION_STATUS.TEST_STARTED) progress.set(id, { steps: [], reportedAt: Date.now() });
          if (status === SESSION_STATUS.FINISHED) write(false);
        });
        pollTimer = setInterval(endStuckSessions, POLL_MS);
        pollTimer.unref();
      },
      onTestRunFinished: () => write(true),
      stop: () => clearInterval(pollTimer),
    },
    plugin: {
      name: 'count-tests',
      executeCommand({ command, payload, session }) {
        const pageProgress = progress.get(session.id);
        if (!pageProgress || (command !== PLAN && command !== STEP)) return undefined;
        pageProgress.reportedAt = Date.now();
        if (command === PLAN) pageProgress.planned = (payload as TestPlan).planned;
        else pageProgress.steps.push(payload as TestStep);
        return true;
      },
    },
  };
}
