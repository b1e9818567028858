import { strict as assert } from 'node:assert';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, it } from 'node:test';
import { rerunFailures, runNode, type Outcome } from '../scripts/runners.js';
import { countSessions, type Counts, type Progress } from './wtr/counts-reporter.js';

const failed = (...files: string[]): Outcome => ({
  passed: 10,
  failed: files.length,
  failures: files.map((file) => ({ what: `${file}: it broke`, rerunArgs: [file] })),
});
const passes = { passed: 1, failed: 0 };
const descriptionsOf = ({ failures = [] }: Outcome): string[] => failures.map(({ what }) => what);

describe('running failures again', () => {
  it('counts what then passes, and lists it as flaky; what fails again has failed', async () => {
    const ran: string[] = [];
    const outcome = await rerunFailures(failed('a', 'b', 'a'), ({ rerunArgs }) => {
      ran.push(...rerunArgs);
      return Promise.resolve(rerunArgs[0] === 'a' ? passes : failed('b'));
    });
    assert.deepEqual(ran, ['a', 'b'], 'each file once');
    assert.deepEqual([outcome.passed, outcome.failed], [12, 1]);
    assert.deepEqual(outcome.flaky, ['a: it broke', 'a: it broke']);
    assert.deepEqual(descriptionsOf(outcome), ['b: it broke']);
  });

  it('is not done for failures in many places, nor for one that cannot be run alone', async () => {
    const never = (): Promise<Outcome> => Promise.reject(new Error('ran'));
    for (const first of [
      failed('a', 'b', 'c', 'd', 'e', 'f'),
      { passed: 0, failed: 1, note: 'the runner ended with 1' },
      { passed: 3, failed: 2, failures: [{ what: 'a', rerunArgs: ['a'] }] },
      { passed: 3, failed: 1, failures: [{ what: 'lint' }] },
    ]) {
      const outcome = await rerunFailures(first, never);
      assert.deepEqual([outcome.failed, outcome.flaky], [first.failed, []]);
    }
  });

  // 100 tests of other files; of this one's 40, 11 had passed and one had failed when it stopped
  const stopped: Outcome = {
    passed: 111,
    failed: 29,
    failures: [
      { what: 'it broke', rerunArgs: ['a'] },
      { what: 'a stopped', rerunArgs: ['a'], tests: 28, stoppedAfter: 11 },
    ],
  };

  it('takes the second run of a file that had stopped, so that every test counts once', async () => {
    const whole = await rerunFailures(stopped, () => Promise.resolve({ passed: 40, failed: 0 }));
    assert.deepEqual([whole.passed, whole.failed], [140, 0]);
    assert.deepEqual(whole.flaky, ['it broke', 'a stopped']);

    const other = { what: 'another broke', rerunArgs: ['a'] };
    const partly = await rerunFailures(stopped, () => Promise.resolve({ passed: 39, failed: 1, failures: [other] }));
    assert.deepEqual([partly.passed, partly.failed, partly.flaky], [139, 1, []]);
    assert.deepEqual(partly.failures, [other]);
  });

  it('leaves every test of a file that stops again as failed', async () => {
    const again = { what: 'a stopped', rerunArgs: ['a'], tests: 5, stoppedAfter: 35 };
    const outcome = await rerunFailures(stopped, () => Promise.resolve({ passed: 35, failed: 5, failures: [again] }));
    assert.deepEqual([outcome.passed, outcome.failed], [111, 29]);
    const ended = await rerunFailures(stopped, () => Promise.resolve({ passed: 0, failed: 1 }));
    assert.deepEqual([ended.passed, ended.failed], [111, 29]);
  });
});

describe("files of Node's runner", () => {
  it('count the tests that they did not run, and take no test of another file with them', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'mule-runner-test-'));
    const fileOf = async (name: string, body: string): Promise<string> => {
      const file = path.join(folder, name);
      await writeFile(file, `import { describe, it } from 'node:test';\n${body}`);
      return file;
    };
    try {
      const files = await Promise.all([
        fileOf(
          'stuck.mjs',
          `describe('suite', () => {
            it('passes', () => {});
            it('waits', () => new Promise((resolve) => setTimeout(resolve, 600_000)));
            it('comes later', () => {});
            describe('inner', () => it('comes last', () => {}));
          });`,
        ),
        fileOf('killed.mjs', `it('kills', () => process.kill(process.pid, 'SIGKILL')); it('comes later', () => {});`),
        fileOf('broken.mjs', `throw new Error('broken');`),
        fileOf(
          'mixed.mjs',
          `it('ok', () => {}); it.skip('later', () => {}); it('bad', () => { throw new Error('x'); });`,
        ),
        fileOf('skipped.mjs', `describe.skip('not here', () => { it('one', () => {}); });`),
        fileOf('fine.mjs', `describe('suite', () => { it('one', () => {}); it('two', () => {}); });`),
      ]);
      // long enough for each process to start on a busy machine, where that has taken more than 5 s
      const { passed, failed, skipped, failures = [] } = await runNode(files, { concurrency: 5, noProgressMs: 20_000 });
      assert.deepEqual([passed, skipped], [4, 2]);
      const testsOf = (name: string): number[] =>
        failures
          .filter(({ rerunArgs }) => path.resolve(rerunArgs![0]!) === path.join(folder, name))
          .map(({ tests = 1 }) => tests);
      assert.deepEqual(testsOf('stuck.mjs'), [3]);
      // a killed process may or may not have reported its second test
      const [killed] = testsOf('killed.mjs');
      assert.ok(killed! >= 1 && killed! <= 2);
      assert.deepEqual(testsOf('broken.mjs'), [1]);
      assert.deepEqual(testsOf('mixed.mjs'), [1]);
      assert.equal(failed, 5 + killed!);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});

describe('sessions of the browser runner', () => {
  const session = (engine: string, more: object = {}) => ({
    id: engine,
    testFile: '/test/a.test.ts',
    browser: { name: engine },
    errors: [],
    passed: false,
    ...more,
  });
  const results = (passed: number) => ({
    name: '',
    suites: [],
    tests: Array.from({ length: passed }, (_, index) => ({ name: `test ${index}`, passed: true, skipped: false })),
  });
  const progress = (planned: number, ...states: ('passed' | 'failed' | 'pending')[]): Progress => ({
    planned,
    steps: [{}, ...states.map((state) => ({ state, title: state, message: 'reason' }))],
    reportedAt: 0,
  });
  const countsOf = ({ passed, failed, skipped, engines }: Counts): unknown[] => [passed, failed, skipped, engines];

  it('count the tests that a file did not run as failed, by one failure that runs the file again', () => {
    const counts = countSessions(
      [
        session('Chromium', { testResults: results(30), passed: true }),
        session('WebKit', { errors: [{ message: 'no progress' }] }),
      ],
      new Map([['WebKit', progress(30, 'passed', 'passed', 'failed', 'pending')]]),
    );
    assert.deepEqual(countsOf(counts), [32, 27, 1, { Chromium: 30, WebKit: 3 }]);
    const place = { rerunArgs: ['--files', '/test/a.test.ts'], engine: 'webkit' };
    assert.deepEqual(counts.failures, [
      { what: 'WebKit, a.test.ts: failed: reason', ...place },
      {
        what: 'WebKit, a.test.ts: stopped, 26 of 30 tests did not run: no progress',
        ...place,
        tests: 26,
        stoppedAfter: 2,
      },
    ]);
  });

  it('take the number of tests from another engine if a page never started', () => {
    const counts = countSessions(
      [session('Firefox', { testResults: results(12), passed: true }), session('WebKit')],
      new Map([['Firefox', progress(12)]]),
    );
    assert.deepEqual(countsOf(counts), [12, 12, 0, { Firefox: 12, WebKit: 0 }]);
  });

  it('count an error outside of the tests', () => {
    const counts = countSessions(
      [session('Chromium', { testResults: results(2), errors: [{ message: 'no such module' }] })],
      new Map(),
    );
    assert.deepEqual(countsOf(counts), [2, 1, 0, { Chromium: 2 }]);
    assert.equal(counts.failures[0]!.tests, undefined);
  });
});
