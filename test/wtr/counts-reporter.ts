/** Writes down how many tests ran in which engine, for whoever adds the runners up. */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Reporter, TestSession, TestSuiteResult } from '@web/test-runner-core';

/** What `MULE_TEST_COUNTS` names a file for. */
export interface Counts {
  passed: number;
  failed: number;
  skipped: number;
  engines: Record<string, number>;
  /** What failed, where, and the first line of why. */
  failures: string[];
}

function addSuite(counts: Counts, suite: TestSuiteResult, where: string): number {
  let ran = 0;
  for (const test of suite.tests) {
    if (test.skipped) counts.skipped++;
    else if (test.passed) counts.passed++;
    else {
      counts.failed++;
      counts.failures.push(`${where}: ${test.name}: ${test.error?.message ?? ''}`);
    }
    if (!test.skipped) ran++;
  }
  return suite.suites.reduce((sum, child) => sum + addSuite(counts, child, where), ran);
}

function count(sessions: readonly TestSession[]): Counts {
  const counts: Counts = { passed: 0, failed: 0, skipped: 0, engines: {}, failures: [] };
  for (const { browser, testFile, testResults, errors, passed } of sessions) {
    const before = counts.failed;
    const where = `${browser.name}, ${path.basename(testFile)}`;
    const ran = testResults ? addSuite(counts, testResults, where) : 0;
    counts.engines[browser.name] = (counts.engines[browser.name] ?? 0) + ran;
    // a file that does not load has no tests to fail
    if (passed || counts.failed > before) continue;
    counts.failed += Math.max(errors.length, 1);
    counts.failures.push(`${where}: ${errors.map(({ message }) => message).join('; ') || 'did not end'}`);
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
