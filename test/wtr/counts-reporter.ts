/** Writes down how many tests ran in which engine, for whoever adds the runners up. */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Reporter, TestSession, TestSuiteResult } from '@web/test-runner-core';

/** One that failed. */
export interface Failure {
  /** What failed, where, and the first line of why. */
  what: string;
  /** Arguments by which its runner runs that alone; none where it cannot. */
  again?: string[];
  /** The engine to run it in, where there is a choice. */
  engine?: string;
}

/** What `MULE_TEST_COUNTS` names a file for. */
export interface Counts {
  passed: number;
  failed: number;
  skipped: number;
  engines: Record<string, number>;
  failures: Failure[];
}

function addSuite(counts: Counts, suite: TestSuiteResult, fail: (why: string) => void): number {
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

function count(sessions: readonly TestSession[]): Counts {
  const counts: Counts = { passed: 0, failed: 0, skipped: 0, engines: {}, failures: [] };
  for (const { browser, testFile, testResults, errors, passed } of sessions) {
    const before = counts.failed;
    const fail = (why: string): void => {
      const what = `${browser.name}, ${path.basename(testFile)}: ${why}`;
      counts.failures.push({ what, again: ['--files', testFile], engine: browser.name.toLowerCase() });
    };
    const ran = testResults ? addSuite(counts, testResults, fail) : 0;
    counts.engines[browser.name] = (counts.engines[browser.name] ?? 0) + ran;
    // a file that does not load has no tests to fail
    if (passed || counts.failed > before) continue;
    counts.failed++;
    fail(errors.map(({ message }) => message).join('; ') || 'did not end');
  }
  return counts;
}

/** The reporter for `web-test-runner.config.mjs`. */
export function countsReporter(): Reporter {
  return {
    async onTestRunFinished({ sessions }) {
      const file = process.env.MULE_TEST_COUNTS;
      if (file) await writeFile(file, JSON.stringify(count(sessions)));
    },
  };
}
