/**
 * `npm test`: everything that CI runs. Name suites to run only those (`check node browser e2e faults`); `--all` runs
 * flows at full size. What failed is run again by itself, and listed even if it passes then. The last line has the
 * totals.
 */
import { readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { check } from './check.js';
import { printCoverage } from './coverage.js';
import { provide } from './install.js';
import { TOOLS, type Tool } from './machine.js';
import { ROOT, must } from './run.js';
import { isFull, rerunFailures, runCounted, runNode, sum, type Outcome } from './runners.js';
import type { Failure } from '../test/wtr/counts-reporter.js';

interface Suite {
  needs: readonly Tool[];
  run: () => Promise<Outcome>;
  /** Runs by itself what failed; without it nothing is run again. */
  rerun?: (failure: Failure & { again: string[] }) => Promise<Outcome>;
}

const FLOW_TOOLS: readonly Tool[] = ['chromium', 'firefox', 'webkit', 'ceph', 'postgres'];
const FAULTS = ['test/faults/run.ts'];
const COVERED = ['src/engine', 'src/signer', 'src/element'];
const BROWSER_COVERAGE = path.join(ROOT, 'coverage/browser/lcov.info');
const NODE_COVERAGE = path.join(ROOT, 'coverage/node/lcov.info');

const nodeTests = readdirSync(path.join(ROOT, 'test'), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.node-test.ts'))
  .map((file) => path.join('test', file))
  .sort();
const isWholeFlow = (file: string): boolean => file.startsWith(path.join('test', 'e2e'));
/** Flows that measure, and so run alone. */
const isMeasuring = (file: string): boolean => file.endsWith('main-job.node-test.ts');

/** Runs the tests that need no browser, and writes their coverage. */
async function runNodeWithCoverage(): Promise<Outcome> {
  const folder = path.dirname(NODE_COVERAGE);
  const raw = path.join(folder, 'tmp');
  rmSync(folder, { recursive: true, force: true });
  const outcome = await runNode(
    nodeTests.filter((file) => !isWholeFlow(file)),
    { concurrency: 2, env: { NODE_V8_COVERAGE: raw } },
  );
  const target = ['--temp-directory', raw, '--reports-dir', folder];
  await must('c8', ['report', '--all', '--include', 'src/**', '--reporter', 'lcovonly', ...target]);
  return outcome;
}

const SUITES: Readonly<Record<string, Suite>> = {
  check: { needs: [], run: check },
  node: {
    needs: ['ceph', 'postgres', 'flask', 'php', 'ruby'],
    run: runNodeWithCoverage,
    rerun: ({ again }) => runNode(again),
  },
  browser: {
    needs: ['chromium', 'firefox', 'webkit'],
    run: () => runCounted('web-test-runner', ['--coverage']),
    rerun: ({ again, engine }) => runCounted('web-test-runner', again, { BROWSERS: engine }),
  },
  e2e: {
    needs: FLOW_TOOLS,
    run: async () => {
      const flows = nodeTests.filter(isWholeFlow);
      const measuring = flows.filter(isMeasuring);
      const others = flows.filter((file) => !isMeasuring(file));
      return sum(
        await runNode(measuring),
        // more at a time are no faster: three keep the processor busy
        await runNode(others, { concurrency: 3 }),
      );
    },
    rerun: ({ again }) => runNode(again),
  },
  // after the flows, because some of those measure
  faults: {
    needs: FLOW_TOOLS,
    run: () => runCounted('tsx', FAULTS),
    rerun: ({ again }) => runCounted('tsx', [...FAULTS, ...again]),
  },
};

const asked = process.argv.slice(2).filter((name) => name !== '--all');
const unknown = asked.filter((name) => !(name in SUITES));
if (unknown.length > 0)
  throw new Error(`no such suite: ${unknown.join(', ')}; there are ${Object.keys(SUITES).join(', ')}`);
const names = asked.length > 0 ? asked : Object.keys(SUITES);
if (isFull) process.env.MULE_TEST_ALL = '1';

console.log(`Suites: ${names.join(', ')}${isFull ? ', at full size' : ''}; Node ${process.version}`);
const needed = TOOLS.filter((tool) => names.some((name) => SUITES[name]!.needs.includes(tool)));
for (const [tool, { path: file, version }] of provide(needed)) console.log(`${tool}: ${version} (${file})`);

const lines: string[] = [];
const failures: string[] = [];
const flaky: string[] = [];
let passed = 0;
let failed = 0;
for (const name of names) {
  console.log(`\n#### ${name}`);
  const began = performance.now();
  const { run, rerun } = SUITES[name]!;
  const first = await run();
  const outcome = rerun && first.failed > 0 ? await rerunFailures(first, rerun) : { ...first, flaky: [] };
  passed += outcome.passed;
  failed += outcome.failed;
  const seconds = ((performance.now() - began) / 1000).toFixed(0);
  const more = [
    outcome.flaky.length ? `${outcome.flaky.length} failed at first` : '',
    outcome.skipped ? `${outcome.skipped} skipped` : '',
    outcome.note ?? '',
  ]
    .filter(Boolean)
    .join('; ');
  failures.push(...(outcome.failures ?? []).map(({ what }) => `${name}: ${what}`));
  flaky.push(...outcome.flaky.map((what) => `${name}: ${what}`));
  lines.push(`${name}: ${outcome.passed} passed, ${outcome.failed} failed in ${seconds} s${more ? ` (${more})` : ''}`);
}

const reports = [
  ...(names.includes('node') ? [NODE_COVERAGE] : []),
  ...(names.includes('browser') ? [BROWSER_COVERAGE] : []),
];
if (reports.length > 0) printCoverage(reports, COVERED);
if (flaky.length) console.log(`\nFlaky: failed at first and passed when run again alone:\n${flaky.join('\n')}`);
if (failures.length) console.log(`\nFailed:\n${failures.join('\n')}`);
console.log(`\n${lines.join('\n')}\n`);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
