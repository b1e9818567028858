import { strict as assert } from 'node:assert';
import { it } from 'node:test';
import { lookAgain, type Outcome } from '../scripts/runners.js';

const failed = (...files: string[]): Outcome => ({
  passed: 10,
  failed: files.length,
  failures: files.map((file) => ({ what: `${file}: it broke`, again: [file] })),
});
const passes = { passed: 1, failed: 0 };

it('a second look: what passes by itself counts, and is named; what fails again has failed', async () => {
  const ran: string[] = [];
  const outcome = await lookAgain(failed('a', 'b', 'a'), ({ again }) => {
    ran.push(...again);
    return Promise.resolve(again[0] === 'a' ? passes : failed('b'));
  });
  assert.deepEqual(ran, ['a', 'b'], 'each place once');
  assert.deepEqual([outcome.passed, outcome.failed], [12, 1]);
  assert.deepEqual(outcome.unsteady, ['a: it broke', 'a: it broke']);
  assert.deepEqual(
    outcome.failures?.map(({ what }) => what),
    ['b: it broke'],
  );
});

it('a second look: is not taken at many failures, nor at one that cannot be run by itself', async () => {
  const never = (): Promise<Outcome> => Promise.reject(new Error('ran'));
  for (const first of [
    failed('a', 'b', 'c', 'd', 'e', 'f'),
    { passed: 0, failed: 1, note: 'the runner ended with 1' },
    { passed: 3, failed: 2, failures: [{ what: 'a', again: ['a'] }] },
    { passed: 3, failed: 1, failures: [{ what: 'lint' }] },
  ]) {
    const outcome = await lookAgain(first, never);
    assert.deepEqual([outcome.failed, outcome.unsteady], [first.failed, []]);
  }
});
