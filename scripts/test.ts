/**
 * `npm test`: everything that CI runs. Names of suites narrow it (`check node browser e2e`); `--all` runs flows at
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

interface Outcome {
  passed: number;
  failed: number;
  skipped?: number;
  /** What happened beside that. */
  note?: string;
}

interface Suite {
  needs: readonly Tool[];
  /** @param folder for what the runners write down, gone afterwards */
  act: (folder: string) => Promise<Outcome>;
}

const COVERED = ['src/engine', 'src/signer', 'src/element'];
const BROWSER_COVERAGE = path.join(ROOT, 'coverage/browser/lcov.info');
const NODE_COVERAGE = path.join(ROOT, 'coverage/node/lcov.info');

const nodeTests = readdirSync(path.join(ROOT, 'test'), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.node-test.ts'))
  .map((file) => path.join('test', file))
  .sort();
const isWholeFlow = (file: string): boolean => file.startsWith(path.join('test', 'e2e'));

/** A runner that failed, or ran nothing, without a failed test to show for it has failed all the same. */
function judge(outcome: Outcome, exitCode: number): Outcome {
  if (outcome.failed > 0) return outcome;
  if (exitCode !== 0) return { ...outcome, failed: 1, note: `the runner ended with ${exitCode}` };
  return outcome.passed > 0 ? outcome : { ...outcome, failed: 1, note: 'nothing ran' };
}

/** Runs files of Node's own runner, `before` being the program and arguments that come first. */
async function runNode(
  files: readonly string[],
  report: string,
  before: readonly string[],
  flags: readonly string[] = [],
): Promise<Outcome> {
  if (files.length === 0) return { passed: 0, failed: 1, note: 'no test files' };
  const reporters = [
    ...['--test-reporter=spec', '--test-reporter-destination=stdout'],
    ...['--test-reporter=tap', `--test-reporter-destination=${report}`],
  ];
  const [program = 'node', ...rest] = [
    ...before,
    'node',
    '--import',
    'tsx',
    '--test',
    ...flags,
    ...reporters,
    ...files,
  ];
  const code = await run(program, rest);
  const text = existsSync(report) ? readFileSync(report, 'utf8') : '';
  const count = (name: string): number => Number(new RegExp(`^# ${name} (\\d+)$`, 'm').exec(text)?.[1] ?? 0);
  return judge({ passed: count('pass'), failed: count('fail') + count('cancelled'), skipped: count('skipped') }, code);
}

async function runBrowsers(folder: string): Promise<Outcome> {
  const file = path.join(folder, 'browsers.json');
  const code = await run('web-test-runner', ['--coverage'], { MULE_TEST_COUNTS: file });
  if (!existsSync(file)) return judge({ passed: 0, failed: 0 }, code);
  const { engines, ...counts } = JSON.parse(readFileSync(file, 'utf8')) as Outcome & {
    engines: Record<string, number>;
  };
  const note = Object.entries(engines)
    .map(([name, ran]) => `${name} ${ran}`)
    .join(', ');
  const isOneIdle = Object.values(engines).some((ran) => ran === 0);
  return { note, ...judge(isOneIdle && counts.failed === 0 ? { ...counts, failed: 1 } : counts, code) };
}

const SUITES: Readonly<Record<string, Suite>> = {
  check: { needs: [], act: check },
  node: {
    needs: ['ceph'],
    act: (folder) =>
      runNode(
        nodeTests.filter((file) => !isWholeFlow(file)),
        path.join(folder, 'node.tap'),
        ['c8', '--all', '--include', 'src/**', '--reporter', 'lcovonly', '--reports-dir', path.dirname(NODE_COVERAGE)],
      ),
  },
  browser: { needs: ['chromium', 'firefox', 'webkit'], act: runBrowsers },
  // one at a time: they measure
  e2e: {
    needs: TOOLS,
    act: (folder) => runNode(nodeTests.filter(isWholeFlow), path.join(folder, 'e2e.tap'), [], ['--test-concurrency=1']),
  },
};

const asked = process.argv.slice(2).filter((name) => name !== '--all');
const unknown = asked.filter((name) => !(name in SUITES));
if (unknown.length > 0)
  throw new Error(`no such suite: ${unknown.join(', ')}; there are ${Object.keys(SUITES).join(', ')}`);
const names = asked.length > 0 ? asked : Object.keys(SUITES);
const isFull = process.argv.includes('--all');
if (isFull) process.env.MULE_TEST_ALL = '1';

console.log(`Suites: ${names.join(', ')}${isFull ? ', at full size' : ''}; Node ${process.version}`);
const needed = TOOLS.filter((tool) => names.some((name) => SUITES[name]!.needs.includes(tool)));
for (const [tool, { path: file, version }] of provide(needed)) console.log(`${tool}: ${version} (${file})`);

const folder = mkdtempSync(path.join(tmpdir(), 'mule-upload-test-'));
const lines: string[] = [];
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
  lines.push(`${name}: ${outcome.passed} passed, ${outcome.failed} failed in ${seconds} s${more ? ` (${more})` : ''}`);
}
rmSync(folder, { recursive: true, force: true });

const reports = [
  ...(names.includes('node') ? [NODE_COVERAGE] : []),
  ...(names.includes('browser') ? [BROWSER_COVERAGE] : []),
];
if (reports.length > 0) printCoverage(reports, COVERED);
console.log(`\n${lines.join('\n')}\n`);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
