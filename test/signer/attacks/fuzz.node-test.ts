/**
 * Random calls, most of them nearly valid. An oracle records the grants and computes the exact signatures that a
 * response may contain. The signer must never return another signature, and never fail. `FUZZ_SEED` and `FUZZ_RUNS`
 * repeat a run.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { callsOf } from './fuzz-calls.js';
import { startOracle } from './fuzz-oracle.js';
import type { Oracle } from './fuzz-oracle.js';

const SEED = Number(process.env.FUZZ_SEED ?? 20261122);
const RUNS = Number(process.env.FUZZ_RUNS ?? (process.env.MULE_TEST_ALL === '1' ? 120_000 : 20_000));

const SIGNER_KINDS = {
  'the default policy with a tracker': 'plain',
  'requested keys, ACLs and an accept list': 'requestedKeys',
  'a key template, POST policies and headers by name': 'posts',
  'no overwriting, and nobody signed in': 'anonymous',
} as const;

describe('random calls', () => {
  for (const [index, [name, kind]] of Object.entries(SIGNER_KINDS).entries()) {
    const seed = SEED + index;
    const runs = Math.ceil(RUNS / Object.keys(SIGNER_KINDS).length);
    it(`get no signature beyond their grants, and no 500: ${runs} calls to a signer with ${name}`, async (t) => {
      const oracle: Oracle = await startOracle(kind);
      await fc.assert(
        fc.asyncProperty(callsOf(oracle), (call) => oracle.check(call)),
        { seed, numRuns: runs },
      );
      const { calls, signatures, outcomes } = oracle.counts;
      t.diagnostic(`seed ${seed}: ${calls} calls, ${signatures} signatures, ${JSON.stringify(outcomes)}`);
      assert.ok(calls >= runs);
      // a fuzzer whose calls are nearly all refused would test only refusals
      assert.ok((outcomes['200'] ?? 0) > runs / 20, 'too few calls were valid');
      assert.ok((outcomes['403 principal-mismatch'] ?? 0) > 10 && (outcomes['403 grant-invalid'] ?? 0) > 10);
    });
  }
});
