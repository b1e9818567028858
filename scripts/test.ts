/**
 * `npm test`: everything that CI runs. Names of suites narrow it (`check node browser e2e faults`); `--all` runs flows at
 * full size. What failed is run again by itself, and named even if it passes then. The last line sums up all suites.
 */
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { check } from './check.js';
import { printCoverage } from './coverage.js';
import { provide } from './install.js';
import { TOOLS, type Tool } from './machine.js';
import { ROOT } from './run.js';
import { isFull, lookAgain, runCounted, runNode, sum, type Outcome } from './runners.js';
import type { Failure } from '../test/wtr/counts-reporter.js';

interface Suite {
  needs: readonly Tool[];
  act: () => Promise<Outcome>;
  /** Runs by itself what failed; without it there is no second look. */
  again?: (failure: Failure & { again: string[] }) => Promise<Outcome>;
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
/** Flows that measure, and so have the machine to themselves. */
const isMeasuring = (file: string): boolean => file.endsWith('main-job.node-test.ts');

const SUITES: Readonly<Record<string, Suite>> = {
  check: { needs: [], act: check },
  node: {
    needs: ['ceph', 'postgres', 'flask', 'php', 'ruby'],
    act: () =>
      runNode(
        nodeTests.filter((file) => !isWholeFlow(file)),
        {
          before: [
            'c8',
            '--all',
            '--include',
            'src/**',
            '--reporter',
            'lcovonly',
            '--reports-dir',
            path.dirname(NODE_COVERAGE),
          ],
          flags: ['--test-concurrency=2'],
        },
      ),
    again: ({ again }) => runNode(again),
  },
  browser: {
    needs: ['chromium', 'firefox', 'webkit'],
    act: () => runCounted('web-test-runner', ['--coverage']),
    again: ({ again, engine }) => runCounted('web-test-runner', again, { BROWSERS: engine }),
  },
  e2e: {
    needs: FLOW_TOOLS,
    act: async () => {
      const flows = nodeTests.filter(isWholeFlow);
      const measuring = flows.filter(isMeasuring);
      const others = flows.filter((file) => !isMeasuring(file));
      return sum(
        await runNode(measuring, { flags: ['--test-concurrency=1'] }),
        // more at a time were no faster: the processor is full
        await runNode(others, { flags: ['--test-concurrency=3'] }),
      );
    },
    again: ({ again }) => runNode(again),
  },
  // after the flows, which measure
  faults: {
    needs: FLOW_TOOLS,
    act: () => runCounted('tsx', FAULTS),
    again: ({ again }) => runCounted('tsx', [...FAULTS, ...again]),
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
const unsteady: string[] = [];
let passed = 0;
let failed = 0;
for (const name of names) {
  console.log(`\n#### ${name}`);
  const began = performance.now();
  const { act, again } = SUITES[name]!;
  const first = await act();
  const outcome = again && first.failed > 0 ? await lookAgain(first, again) : { ...first, unsteady: [] };
  passed += outcome.passed;
  failed += outcome.failed;
  const seconds = ((performance.now() - began) / 1000).toFixed(0);
  const more = [
    outcome.unsteady.length ? `${outcome.unsteady.length} of them only when run again` : '',
    outcome.skipped ? `${outcome.skipped} skipped` : '',
    outcome.note ?? '',
  ]
    .filter(Boolean)
    .join('; ');
  failures.push(...(outcome.failures ?? []).map(({ what }) => `${name}: ${what}`));
  unsteady.push(...outcome.unsteady.map((what) => `${name}: ${what}`));
  lines.push(`${name}: ${outcome.passed} passed, ${outcome.failed} failed in ${seconds} s${more ? ` (${more})` : ''}`);
}

const reports = [
  ...(names.includes('node') ? [NODE_COVERAGE] : []),
  ...(names.includes('browser') ? [BROWSER_COVERAGE] : []),
];
if (reports.length > 0) printCoverage(reports, COVERED);
if (unsteady.length)
  console.log(`\nUnsteady, failed at first and passed when run again by itself:\n${unsteady.join('\n')}`);
if (failures.length) console.log(`\nWhat failed:\n${failures.join('\n')}`);
console.log(`\n${lines.join('\n')}\n`);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
