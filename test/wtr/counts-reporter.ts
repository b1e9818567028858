/**
 * Counts the tests of each engine, and writes them where `MULE_TEST_COUNTS` says. Ends a test file that makes no
 * progress, and counts the tests that a file did not run as failed.
 */
import { renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { SESSION_STATUS } from '@web/test-runner-core';
import type { Reporter, ReporterArgs, TestRunnerPlugin, TestSession, TestSuiteResult } from '@web/test-runner-core';
import { PLAN, STEP } from './progress.js';
import type { TestPlan, TestStep } from './progress.js';

/** A test, or a place of several, that failed. */
export interface Failure {
  /** The test, its file, and the first line of the reason. */
  what: string;
  /** Arguments with which its runner runs its file alone; absent if it cannot. */
  rerunArgs?: string[];
  /** The engine to run it in, if there is a choice. */
  engine?: string;
  /** Failed tests that it stands for; 1 by default. */
  tests?: number;
  /** Set if a file stopped before its last test: the tests of the file that count as passed. */
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
  /** Whether the runner has come to its end. */
  isFinal: boolean;
}

/** The reports of a page while its tests ran. */
export interface Progress {
  planned?: number;
  steps: TestStep[];
  /** When the last report came, by `Date.now()`. */
  at: number;
}

/** Mocha ends a test or hook after 120 s, so a page that is silent for longer than two of them is stuck. */
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
  const ended = steps.filter(({ state }) => state);
  for (const { state, title, message } of ended) {
    if (state === 'pending') counts.skipped++;
    else if (state === 'passed') counts.passed++;
    else {
      counts.failed++;
      fail(`${title}: ${message}`);
    }
  }
  return ended.filter(({ state }) => state !== 'pending').length;
}

/**
 * Counts the tests of a run. Those that a file did not run, because it did not load, stopped or never started, count as
 * failed, by one failure for the file.
 * @param progress by session ID
 */
export function countSessions(
  sessions: Iterable<CountedSession>,
  progress: ReadonlyMap<string, Progress>,
  isFinal = true,
): Counts {
  const counts: Counts = { passed: 0, failed: 0, skipped: 0, engines: {}, failures: [], isFinal };
  /** The most tests that any engine has planned for a file. */
  const planned = new Map<string, number>();
  const all = [...sessions];
  for (const { id, testFile } of all)
    planned.set(testFile, Math.max(planned.get(testFile) ?? 1, progress.get(id)?.planned ?? 0));
  for (const { id, browser, testFile, testResults, errors, passed } of all) {
    const before = { ...counts };
    const fail = (reason: string, more: Partial<Failure> = {}): void => {
      const what = `${browser.name}, ${path.basename(testFile)}: ${reason}`;
      const rerunArgs = ['--files', testFile];
      counts.failures.push({ what, rerunArgs, engine: browser.name.toLowerCase(), ...more });
    };
    const { planned: own = planned.get(testFile)!, steps = [] } = progress.get(id) ?? {};
    const ran = testResults ? addSuite(counts, testResults, fail) : addSteps(counts, steps, fail);
    counts.engines[browser.name] = (counts.engines[browser.name] ?? 0) + ran;
    const reason = errors.map(({ message }) => message).join('; ') || 'it did not end';
    if (testResults) {
      // an error outside of tests
      if (passed || counts.failed > before.failed) continue;
      counts.failed++;
      fail(reason);
      continue;
    }
    const skipped = counts.skipped - before.skipped;
    const tests = Math.max(counts.failed > before.failed ? 0 : 1, own - ran - skipped);
    counts.failed += tests;
    fail(`stopped, ${tests} of ${own} tests did not run: ${reason}`, {
      tests,
      stoppedAfter: counts.passed - before.passed,
    });
  }
  return counts;
}

/** The reporter and the plugin for `web-test-runner.config.mjs`. */
export function countTests(): { reporter: Reporter; plugin: TestRunnerPlugin } {
  const file = process.env.MULE_TEST_COUNTS;
  const progress = new Map<string, Progress>();
  let sessions: ReporterArgs['sessions'];
  let poll: NodeJS.Timeout;

  function write(isFinal: boolean): void {
    if (!file) return;
    // readers never see half of it
    writeFileSync(`${file}.part`, JSON.stringify(countSessions(sessions.all(), progress, isFinal)));
    renameSync(`${file}.part`, file);
  }

  function endStuckSessions(): void {
    for (const session of sessions.forStatus(SESSION_STATUS.TEST_STARTED)) {
      const { at } = progress.get(session.id) ?? {};
      if (at === undefined || Date.now() - at < NO_PROGRESS_MS) continue;
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
          if (status === SESSION_STATUS.TEST_STARTED) progress.set(id, { steps: [], at: Date.now() });
          if (status === SESSION_STATUS.FINISHED) write(false);
        });
        poll = setInterval(endStuckSessions, POLL_MS);
        poll.unref();
      },
      onTestRunFinished: () => write(true),
      stop: () => clearInterval(poll),
    },
    plugin: {
      name: 'count-tests',
      executeCommand({ command, payload, session }) {
        const known = progress.get(session.id);
        if (!known || (command !== PLAN && command !== STEP)) return undefined;
        known.at = Date.now();
        if (command === PLAN) known.planned = (payload as TestPlan).planned;
        else known.steps.push(payload as TestStep);
        return true;
      },
    },
  };
}
