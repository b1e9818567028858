/** Runs the conformance rules on mutants: signers with one fault each. Each fault must be detected by the expected rule. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { startBucket } from '../../../../demo/bucket/index.js';
import type { RunningBucket } from '../../../../demo/bucket/index.js';
import { checkConformance, CONFORMANCE_RULES } from '../../../../src/signer/tools/conformance/conformance.js';
import type { RuleResult } from '../../../../src/signer/tools/conformance/conformance.js';
import { createMemoryTracker } from '../../../../src/signer/index.js';
import { CREDENTIALS } from '../../caller.js';
import { createMutant } from './mutant-signer.js';
import { MUTANTS } from './mutants.js';
import type { Mutant } from './mutants.js';

const SIGNER = 'https://signer.test/sign';

let dir: string;
let bucket: RunningBucket;
before(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'mule-mutants-'));
  bucket = await startBucket({ dir, buckets: ['films'], credentials: CREDENTIALS });
});
after(async () => {
  await bucket.close();
  await rm(dir, { recursive: true });
});

/** Runs the conformance rules on a mutant; without a mutation, on the package's own signer. */
function checkMutant({ mutation = (signer) => signer, options, isAnonymous }: Partial<Mutant>): Promise<RuleResult[]> {
  const common = { bucket: 'films', endpoint: bucket.url, credentials: CREDENTIALS, tracker: createMemoryTracker() };
  const signer = createMutant(
    {
      ...common,
      ...(isAnonymous ? { allowAnonymous: true as const } : { authorize: (request) => request.headers.get('x-user') }),
      ...options,
    },
    mutation,
  );
  return checkConformance({
    url: SIGNER,
    multipartSize: 5 * 1024 ** 2 + 2,
    ...(isAnonymous ? {} : { headers: { 'x-user': 'ada' }, otherHeaders: { 'x-user': 'bob' } }),
    fetch: (input, init) => {
      const request = new Request(input, init);
      return request.url.startsWith(SIGNER) ? signer(request) : fetch(request);
    },
  });
}

describe('the conformance rules', () => {
  it('are tested with at least 40 mutants, each with a unique description and an existing rule', () => {
    assert.ok(MUTANTS.length >= 40);
    assert.equal(new Set(MUTANTS.map(({ description }) => description)).size, MUTANTS.length);
    for (const { rule } of MUTANTS) assert.ok(CONFORMANCE_RULES.includes(rule), rule);
  });

  it('are each violated by at least one mutant', () => {
    const violated = new Set(MUTANTS.map(({ rule }) => rule));
    assert.deepEqual(
      CONFORMANCE_RULES.filter((rule) => !violated.has(rule)),
      [],
    );
  });

  for (const options of [{}, { policy: { posts: true } }, { receipts: true, secret: 'a secret of sixteen' }]) {
    it(`find no fault in the package’s own signer: ${JSON.stringify(options)}`, async () => {
      for (const isAnonymous of [false, true]) {
        const results = await checkMutant({ options, isAnonymous });
        assert.deepEqual(
          results.filter(({ fault }) => fault !== null),
          [],
        );
      }
    });
  }

  for (const mutant of MUTANTS) {
    it(`find a signer that ${mutant.description}`, async () => {
      const results = await checkMutant(mutant);
      const faults = results.filter(({ fault }) => fault !== null);
      assert.ok(
        faults.some(({ rule, fault }) => rule === mutant.rule && !fault!.startsWith('it could not be tried')),
        `the rule “${mutant.rule}” did not detect it; the detected faults are ${JSON.stringify(faults, null, 2)}`,
      );
    });
  }
});
