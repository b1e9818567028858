/**
 * `npm test`: everything that CI runs. Names of suites narrow it (`check node browser e2e faults`); `--all` runs flows at
 * full size. The last line sums up all suites.
 */
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { check } from './check.js';
import { printCoverage } from './coverage.js';
import { provide } from './install.js';
import { TOOLS, type Tool } from './machine.js';
import { ROOT, run } from './run.js';
import type { Counts } from '../test/wtr/counts-reporter.js';

interface Outcome {
  passed: number;
  failed: number;
  skipped?: number;
  /** Names of what failed. */
  failures?: readonly string[];
  /** What happened beside that. */
  note?: string;
}

interface Suite {
  needs: readonly Tool[];
  /** @param folder for what the runners write down, gone afterwards */
  act: (folder: string) => Promise<Outcome>;
}

const isFull = process.argv.includes('--all');
/** Milliseconds after which a suite counts as stuck; at full size it may take hours. */
const LIMIT = isFull ? Infinity : 30 * 60_000;
/** Ends a test file that is stuck by name, and one whose failed test left something open. */
const NODE_FLAGS = ['--test-reporter=spec', '--test-force-exit', ...(isFull ? [] : [`--test-timeout=${LIMIT / 2}`])];
/** A failure in the report of Node's runner: its name, and the reason down to the stack. */
const FAILURE = /^✖ (.*) \(.*\)\n([^]*?)(?=^ +at |^test at |(?![^]))/gm;
/** Characters told of a failure at the end, where all are told again. */
const MOST_WORDS = 600;
const FLOW_TOOLS: readonly Tool[] = ['chromium', 'firefox', 'webkit', 'ceph', 'postgres'];
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

/** A runner that failed, or ran nothing, without a failed test to show for it has failed all the same. */
function judge(outcome: Outcome, exitCode: number): Outcome {
  if (outcome.failed > 0) return outcome;
  if (exitCode !== 0) return { ...outcome, failed: 1, note: `the runner ended with ${exitCode}` };
  return outcome.passed > 0 ? outcome : { ...outcome, failed: 1, note: 'nothing ran' };
}

const sum = (one: Outcome, other: Outcome): Outcome => ({
  passed: one.passed + other.passed,
  failed: one.failed + other.failed,
  skipped: (one.skipped ?? 0) + (other.skipped ?? 0),
  failures: [...(one.failures ?? []), ...(other.failures ?? [])],
  note: [one.note, other.note].filter(Boolean).join('; '),
});

/** Runs files of Node's own runner, `before` being the program and arguments that come first. */
async function runNode(
  files: readonly string[],
  before: readonly string[] = [],
  flags: readonly string[] = [],
): Promise<Outcome> {
  if (files.length === 0) return { passed: 0, failed: 1, note: 'no test files' };
  const words = [...before, 'node', '--import', 'tsx', '--test', ...NODE_FLAGS, ...flags, ...files];
  let text = '';
  // a report in a file is cut off where the runner ends by force
  const code = await run(words[0]!, words.slice(1), { limit: LIMIT, hear: (more) => (text += more) });
  const count = (name: string): number => Number(new RegExp(`^ℹ ${name} (\\d+)$`, 'm').exec(text)?.[1] ?? 0);
  const [, details = ''] = text.split(/^✖ failing tests:$/m);
  return judge(
    {
      passed: count('pass'),
      failed: count('fail') + count('cancelled'),
      skipped: count('skipped'),
      failures: [...details.matchAll(FAILURE)].map(([, name, reason]) =>
        [name, ...reason!.split('\n').map((line) => line.trim())].filter(Boolean).join(': ').slice(0, MOST_WORDS),
      ),
    },
    code,
  );
}

/** Runs what writes down its counts by engine; an engine that ran nothing has failed. */
async function runCounted(file: string, program: string, args: readonly string[]): Promise<Outcome> {
  const isDone = (): boolean => existsSync(file);
  const code = await run(program, args, { env: { MULE_TEST_COUNTS: file }, limit: LIMIT, isDone });
  if (!existsSync(file)) return judge({ passed: 0, failed: 0 }, code);
  const { engines, ...counts } = JSON.parse(readFileSync(file, 'utf8')) as Counts;
  const note = Object.entries(engines)
    .map(([name, ran]) => `${name} ${ran}`)
    .join(', ');
  const isOneIdle = Object.values(engines).some((ran) => ran === 0);
  return { note, ...judge(isOneIdle && counts.failed === 0 ? { ...counts, failed: 1 } : counts, code) };
}

const SUITES: Readonly<Record<string, Suite>> = {
  check: { needs: [], act: check },
  node: {
    needs: ['ceph', 'postgres', 'flask', 'php', 'ruby'],
    act: () =>
      runNode(
        nodeTests.filter((file) => !isWholeFlow(file)),
        ['c8', '--all', '--include', 'src/**', '--reporter', 'lcovonly', '--reports-dir', path.dirname(NODE_COVERAGE)],
        ['--test-concurrency=2'],
      ),
  },
  browser: {
    needs: ['chromium', 'firefox', 'webkit'],
    act: (folder) => runCounted(path.join(folder, 'browsers.json'), 'web-test-runner', ['--coverage']),
  },
  e2e: {
    needs: FLOW_TOOLS,
    act: async () => {
      const flows = nodeTests.filter(isWholeFlow);
      const measuring = flows.filter(isMeasuring);
      const others = flows.filter((file) => !isMeasuring(file));
      return sum(
        await runNode(measuring, [], ['--test-concurrency=1']),
        // more at a time were no faster: the processor is full
        await runNode(others, [], ['--test-concurrency=3']),
      );
    },
  },
  // after the flows, which measure
  faults: {
    needs: FLOW_TOOLS,
    act: (folder) => runCounted(path.join(folder, 'faults.json'), 'tsx', ['test/faults/run.ts']),
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

const folder = mkdtempSync(path.join(tmpdir(), 'mule-upload-test-'));
const lines: string[] = [];
const failures: string[] = [];
let passed = 0;
let failed = 0;
for (const name of names) {
  console.log(`\n#### ${name}`);
  const began = performance.now();
  const outcome = await SUITES[name]!.act(folder);
  passed += outcome.passed;
  failed += outcome.failed;
  const seconds = ((performance.now() - began) / 1000).toFixed(0);
  const more = [outcome.skipped ? `${outcome.skipped} skipped` : '', outcome.note ?? ''].filter(Boolean).join('; ');
  failures.push(...(outcome.failures ?? []).map((what) => `${name}: ${what}`));
  lines.push(`${name}: ${outcome.passed} passed, ${outcome.failed} failed in ${seconds} s${more ? ` (${more})` : ''}`);
}
rmSync(folder, { recursive: true, force: true });

const reports = [
  ...(names.includes('node') ? [NODE_COVERAGE] : []),
  ...(names.includes('browser') ? [BROWSER_COVERAGE] : []),
];
if (reports.length > 0) printCoverage(reports, COVERED);
if (failures.length) console.log(`\nWhat failed:\n${failures.join('\n')}`);
console.log(`\n${lines.join('\n')}\n`);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
