/** Counts the tests of a file from the events of Node's test runner, also if the file stopped before its last test. */
import path from 'node:path';
import type { Failure } from '../test/wtr/counts-reporter.js';
import { ROOT } from './programs.js';

/** One line that `node-events.mjs` writes. */
export interface NodeEvent {
  type: 'enqueue' | 'pass' | 'fail' | 'plan';
  /** Absolute path; absent for the run as a whole. */
  file?: string;
  name?: string;
  nesting: number;
  isSuite?: boolean;
  isSkipped?: boolean;
  failureType?: string;
  reason?: string;
}

export interface NodeCounts {
  passed: number;
  failed: number;
  skipped: number;
  failures: Failure[];
}

/** Characters of a failure's description. */
const MAX_DESCRIPTION_LENGTH = 600;

/** Whether an event is about a whole file: Node reports one that it could not load, or that was killed, as a test. */
const isFileItself = ({ name }: NodeEvent, file: string): boolean =>
  name !== undefined && path.resolve(ROOT, name) === path.resolve(ROOT, file);

/** Counts the tests that were enqueued and did not end. A suite counts only if none of its tests was enqueued. */
function countUnended(events: readonly NodeEvent[]): number {
  const unended: { name: string; nesting: number; isParent: boolean }[] = [];
  for (const { type, name = '', nesting } of events) {
    if (type === 'enqueue') {
      const parent = unended.findLast((test) => test.nesting === nesting - 1);
      if (parent) parent.isParent = true;
      unended.push({ name, nesting, isParent: false });
    } else {
      const index = unended.findIndex((test) => test.name === name && test.nesting === nesting);
      if (index >= 0) unended.splice(index, 1);
    }
  }
  return unended.filter(({ isParent }) => !isParent).length;
}

/** Counts the tests of one file from the events of one run. Tests that did not end count as failed. */
export function countNodeEvents(file: string, events: readonly NodeEvent[]): NodeCounts {
  const rerunArgs = [file];
  const counts: NodeCounts = { passed: 0, failed: 0, skipped: 0, failures: [] };
  const tests = events.filter((event) => event.type !== 'plan' && !isFileItself(event, file));
  for (const { type, name, isSuite, isSkipped, failureType, reason = '' } of tests) {
    if (type === 'enqueue') continue;
    // a skipped suite counts as one test, because Node does not report its tests
    if (isSkipped) counts.skipped++;
    else if (type === 'pass') counts.passed += isSuite ? 0 : 1;
    // a suite fails because a test in it did, unless its own hook failed
    else if (!isSuite || failureType === 'hookFailed') {
      counts.failed++;
      counts.failures.push({ what: `${name}: ${reason}`.slice(0, MAX_DESCRIPTION_LENGTH), rerunArgs });
    }
  }
  const fileFailure = events.find((event) => event.type === 'fail' && isFileItself(event, file));
  const hasEnded = events.some(({ type }) => type === 'plan');
  // Node also reports the file as failed if one of its tests failed
  const isOnlyByTests =
    !fileFailure || fileFailure.failureType === 'subtestsFailed' || (counts.failed > 0 && countUnended(tests) === 0);
  if (hasEnded && isOnlyByTests) return counts;
  const unended = Math.max(1, countUnended(tests));
  counts.failed += unended;
  counts.failures.push({
    what: `${file} stopped (${fileFailure?.reason ?? 'it was ended'}): at least ${unended} tests did not end`,
    rerunArgs,
    tests: unended,
    stoppedAfter: counts.passed,
  });
  return counts;
}
