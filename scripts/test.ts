/**
 * `npm test`: runs all suites, as CI does. Arguments select suites (`check node browser e2e faults`); `--all` runs all
 * tests at full size. Reruns a failed test file alone, and lists its tests as flaky if they then pass. The last line has
 * the totals.
 */
import { readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { check } from './check.js';
import { printCoverage } from './coverage.js';
import { findOrInstall } from './install.js';
import { TOOLS, type Tool } from './machine.js';
import { ROOT, runOrThrow } from './run.js';
import {
  isFullSize,
  rerunFailures,
  runBrowserTests,
  runNode,
  sumOutcomes,
  type Outcome,
  type RepeatableFailure,
} from './runners.js';

interface Suite {
  needs: readonly Tool[];
  run: () => Promise<Outcome>;
  /** Reruns the file of a failure alone; without it, failures are not rerun. */
  rerun?: (failure: RepeatableFailure) => Promise<Outcome>;
}

const BROWSER_AND_SERVER_TOOLS: readonly Tool[] = ['chromium', 'firefox', 'webkit', 'ceph', 'postgres'];
const FAULT_LAB = ['test/faults/run.ts'];
const COVERED_FOLDERS = ['src/engine', 'src/signer', 'src/element'];
const BROWSER_COVERAGE = path.join(ROOT, 'coverage/browser/lcov.info');
const NODE_COVERAGE = path.join(ROOT, 'coverage/node/lcov.info');

const nodeTests = readdirSync(path.join(ROOT, 'test'), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.node-test.ts'))
  .map((file) => path.join('test', file))
  .sort();
const isEndToEnd = (file: string): boolean => file.startsWith(path.join('test', 'e2e'));
/** Whether a file measures times, and so must run alone. */
const isMeasurement = (file: string): boolean => file.endsWith('main-job.node-test.ts');

/** Runs the tests that need no browser, and writes their coverage. */
async function runNodeWithCoverage(): Promise<Outcome> {
  const folder = path.dirname(NODE_COVERAGE);
  const raw = path.join(folder, 'tmp');
  rmSync(folder, { recursive: true, force: true });
  const outcome = await runNode(
    nodeTests.filter((file) => !isEndToEnd(file)),
    { concurrency: 2, env: { NODE_V8_COVERAGE: raw } },
  );
  const target = ['--temp-directory', raw, '--reports-dir', folder];
  await runOrThrow('c8', ['report', '--all', '--include', 'src/**', '--reporter', 'lcovonly', ...target]);
  return outcome;
}

const SUITES: Readonly<Record<string, Suite>> = {
  check: { needs: [], run: check },
  node: {
    needs: ['ceph', 'postgres', 'flask', 'php', 'ruby'],
    run: runNodeWithCoverage,
    rerun: ({ rerunArgs }) => runNode(rerunArgs),
  },
  browser: {
    needs: ['chromium', 'firefox', 'webkit'],
    run: () => runBrowserTests('web-test-runner', ['--coverage']),
    rerun: ({ rerunArgs, engine }) => runBrowserTests('web-test-runner', rerunArgs, { BROWSERS: engine }),
  },
  e2e: {
    needs: BROWSER_AND_SERVER_TOOLS,
    run: async () => {
      const files = nodeTests.filter(isEndToEnd);
      const measurements = files.filter(isMeasurement);
      const others = files.filter((file) => !isMeasurement(file));
      return sumOutcomes(
        await runNode(measurements),
        // three at a time keep the processor busy; more would not be faster
        await runNode(others, { concurrency: 3 }),
      );
    },
    rerun: ({ rerunArgs }) => runNode(rerunArgs),
  },
  // runs after e2e, because some e2e tests measure times
  faults: {
    needs: BROWSER_AND_SERVER_TOOLS,
    run: () => runBrowserTests('tsx', FAULT_LAB),
    rerun: ({ rerunArgs }) => runBrowserTests('tsx', [...FAULT_LAB, ...rerunArgs]),
  },
};

const requestedSuites = process.argv.slice(2).filter((name) => name !== '--all');
const unknownSuites = requestedSuites.filter((name) => !(name in SUITES));
if (unknownSuites.length > 0)
  throw new Error(`no such suite: ${unknownSuites.join(', ')}; there are ${Object.keys(SUITES).join(', ')}`);
const names = requestedSuites.length > 0 ? requestedSuites : Object.keys(SUITES);
if (isFullSize) process.env.MULE_TEST_ALL = '1';

console.log(`Suites: ${names.join(', ')}${isFullSize ? ', at full size' : ''}; Node ${process.version}`);
const requiredTools = TOOLS.filter((tool) => names.some((name) => SUITES[name]!.needs.includes(tool)));
for (const [tool, { path: file, version }] of findOrInstall(requiredTools))
  console.log(`${tool}: ${version} (${file})`);

const summaryLines: string[] = [];
const failures: string[] = [];
const flaky: string[] = [];
let passed = 0;
let failed = 0;
for (const name of names) {
  console.log(`\n#### ${name}`);
  const startedAt = performance.now();
  const { run, rerun } = SUITES[name]!;
  const firstOutcome = await run();
  const outcome =
    rerun && firstOutcome.failed > 0 ? await rerunFailures(firstOutcome, rerun) : { ...firstOutcome, flaky: [] };
  passed += outcome.passed;
  failed += outcome.failed;
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(0);
  const details = [
    outcome.flaky.length ? `${outcome.flaky.length} flaky` : '',
    outcome.skipped ? `${outcome.skipped} skipped` : '',
    outcome.note ?? '',
  ]
    .filter(Boolean)
    .join('; ');
  failures.push(...(outcome.failures ?? []).map(({ what }) => `${name}: ${what}`));
  flaky.push(...outcome.flaky.map((what) => `${name}: ${what}`));
  summaryLines.push(
    `${name}: ${outcome.passed} passed, ${outcome.failed} failed in ${seconds} s${details ? ` (${details})` : ''}`,
  );
}

const reports = [
  ...(names.includes('node') ? [NODE_COVERAGE] : []),
  ...(names.includes('browser') ? [BROWSER_COVERAGE] : []),
];
if (reports.length > 0) printCoverage(reports, COVERED_FOLDERS);
if (flaky.length) console.log(`\nFlaky: failed at first, and passed when rerun alone:\n${flaky.join('\n')}`);
if (failures.length) console.log(`\nFailed:\n${failures.join('\n')}`);
console.log(`\n${summaryLines.join('\n')}\n`);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
