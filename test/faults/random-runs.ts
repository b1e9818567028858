/** Scenarios of random size with twenty random faults; the seed determines both. */
import type { RequestKind, Rule, SingleFault } from '../../demo/faults/index.js';
import { seededRandom } from '../../demo/faults/random.js';
import type { Random } from '../../demo/faults/random.js';
import { STORE_FAULTS, SIGNER_FAULTS } from './outages.js';
import { MIB, PART_SIZE } from './scenario.js';
import type { ActionContext, Scenario } from './scenario.js';

const FAULT_COUNT = 20;
export const RANDOM_FAULT = 'twenty faults at random';

const pick = <T>(from: readonly T[], random: Random): T => from[Math.floor(random() * from.length)]!;

/** Returns a random file size: 15 % are edge cases of the part size, most are small, 1 % are up to 300 MiB. */
function sizeOf(random: Random): number {
  const edges = [0, 1, PART_SIZE - 1, PART_SIZE, PART_SIZE + 1, 2 * PART_SIZE];
  const chance = random();
  if (chance < 0.15) return pick(edges, random);
  const maxSize = chance < 0.5 ? 2 * PART_SIZE : chance < 0.93 ? 40 * MIB : chance < 0.99 ? 100 * MIB : 300 * MIB;
  return Math.floor(random() * maxSize);
}

const STORE_KINDS: readonly RequestKind[] = [
  'create',
  'part',
  'part',
  'part',
  'part',
  'put',
  'put',
  'list',
  'complete',
];
const SIGNER_KINDS: readonly RequestKind[] = ['init-signature', 'all-signatures', 'chunk-signature', 'end-signature'];

/** Faults that last for some time, in addition to those of single requests. */
const SLOW_FAULTS: readonly SingleFault[] = [
  { do: 'refuse', forMs: 300 },
  { do: 'refuse', forMs: 2_500 },
  { do: 'silence', when: 'before' },
];

function storeRule(random: Random): Rule {
  const on = pick(STORE_KINDS, random);
  const isSlow = random() < 0.15;
  const fault = isSlow ? pick(SLOW_FAULTS, random) : pick(STORE_FAULTS, random);
  // after a body's last byte, an upload detects silence only after minutes
  const isTooLong = fault.do === 'silence' && on !== 'create' && on !== 'list';
  return { on, nth: 1 + Math.floor(random() * 6), fault: isTooLong ? { do: 'reset' } : fault };
}

const signerRule = (random: Random): Rule => ({
  on: pick(SIGNER_KINDS, random),
  nth: 1 + Math.floor(random() * 3),
  fault: pick(SIGNER_FAULTS, random),
});

/** Pauses and resumes the upload, as a user may do. */
async function pauseAfterFirstPart({ until, call }: ActionContext): Promise<void> {
  const finalStatuses = ['complete', 'failed'];
  const { status } = await until((upload) => upload.parts.done >= 1 || finalStatuses.includes(upload.status));
  if (finalStatuses.includes(status)) return;
  await call('pause');
  await until((upload) => upload.status === 'paused' || finalStatuses.includes(upload.status));
  await call('resume');
}

/** Creates the scenario of a seed. */
export function randomRun(seed: number): Scenario {
  const random = seededRandom(seed);
  const size = sizeOf(random);
  const signerChoices = Array.from({ length: FAULT_COUNT }, () => random() < 0.25);
  const paused = random() < 0.3;
  const oneByOne = random() < 0.3;
  return {
    fault: RANDOM_FAULT,
    phase: `seed ${seed}`,
    size,
    hasOwnFile: true,
    seed,
    connectionPerRequest: random() < 0.5,
    store: signerChoices.filter((isSigner) => !isSigner).map(() => storeRule(random)),
    signer: signerChoices.filter(Boolean).map(() => signerRule(random)),
    attributes: { 'stall-timeout': '6' },
    ...(oneByOne && { omittedActions: ['get_all_signatures'] }),
    ...(paused && { action: pauseAfterFirstPart }),
    areRulesOptional: true,
    timeoutSeconds: 240 + size / MIB,
    // the upload may report two login pages in a row, or invalid answers of the signer;
    // if the response to Create is lost, nobody knows the ID of the multipart upload in the store
    expects: { minRetries: 0, leftovers: 'any', optionalErrors: ['signer-refused', 'unauthorized'] },
  };
}
