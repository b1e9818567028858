/** Counts the tests of a run of Node's runner, those of a file that stopped included. */
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

/** Characters of a failure's reason. */
const MAX_REASON_LENGTH = 600;

/** Node reports a file that could not be loaded or was killed as a test with the file's path as its name. */
const isFileItself = ({ name }: NodeEvent, file: string): boolean =>
  name !== undefined && path.resolve(ROOT, name) === path.resolve(ROOT, file);

/** Returns how many tests a file enqueued and never ended. A suite whose tests were enqueued does not count itself. */
function countUnended(events: readonly NodeEvent[]): number {
  const open: { name: string; nesting: number; isParent: boolean }[] = [];
  for (const { type, name = '', nesting } of events) {
    if (type === 'enqueue') {
      const parent = open.findLast((test) => test.nesting === nesting - 1);
      if (parent) parent.isParent = true;
      open.push({ name, nesting, isParent: false });
    } else {
      const index = open.findIndex((test) => test.name === name && test.nesting === nesting);
      if (index >= 0) open.splice(index, 1);
    }
  }
  return open.filter(({ isParent }) => !isParent).length;
}

/** Counts what one run of one file reported. The tests that a file did not run to their end count as failed. */
export function countNodeEvents(file: string, events: readonly NodeEvent[]): NodeCounts {
  const again = [file];
  const counts: NodeCounts = { passed: 0, failed: 0, skipped: 0, failures: [] };
  const tests = events.filter((event) => event.type !== 'plan' && !isFileItself(event, file));
  for (const { type, name, isSuite, isSkipped, failureType, reason = '' } of tests) {
    if (type === 'enqueue') continue;
    // the tests of a skipped suite are not reported
    if (isSkipped) counts.skipped++;
    else if (type === 'pass') counts.passed += isSuite ? 0 : 1;
    // a suite fails because a test in it did, unless its own hook failed
    else if (!isSuite || failureType === 'hookFailed') {
      counts.failed++;
      counts.failures.push({ what: `${name}: ${reason}`.slice(0, MAX_REASON_LENGTH), again });
    }
  }
  const stop = events.find((event) => event.type === 'fail' && isFileItself(event, file));
  const hasEnded = events.some(({ type }) => type === 'plan');
  // the file fails as a whole, too, if a test of it has failed
  if (hasEnded && (!stop || stop.failureType === 'subtestsFailed' || (counts.failed > 0 && countUnended(tests) === 0)))
    return counts;
  const unended = Math.max(1, countUnended(tests));
  counts.failed += unended;
  counts.failures.push({
    what: `${file} stopped (${stop?.reason ?? 'it was ended'}): ${unended} or more tests did not run to their end`,
    again,
    tests: unended,
    stoppedAfter: counts.passed,
  });
  return counts;
}
