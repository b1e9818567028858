/** Uploads of random sizes with twenty random faults, all determined by the seed. */
import type { RequestKind, Rule, SingleFault } from '../../demo/faults/index.js';
import { seededRandom } from '../../demo/faults/random.js';
import type { Random } from '../../demo/faults/random.js';
import { MIXED, SIGNER_MIXED } from './outages.js';
import { MIB, PART } from './scenario.js';
import type { Actor, Scenario } from './scenario.js';

const FAULTS = 20;
export const RANDOM_FAULT = 'twenty faults at random';

const pick = <T>(from: readonly T[], random: Random): T => from[Math.floor(random() * from.length)]!;

/** Most are small, so that many can run; every tenth has an edge-case size, and some are huge. */
function sizeOf(random: Random): number {
  const edges = [0, 1, PART - 1, PART, PART + 1, 2 * PART];
  const chance = random();
  if (chance < 0.15) return pick(edges, random);
  const most = chance < 0.5 ? 2 * PART : chance < 0.93 ? 40 * MIB : chance < 0.99 ? 100 * MIB : 300 * MIB;
  return Math.floor(random() * most);
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

/** Faults of the whole network, and slow ones; besides those of single requests. */
const LINE: readonly SingleFault[] = [
  { do: 'refuse', forMs: 300 },
  { do: 'refuse', forMs: 2_500 },
  { do: 'silence', when: 'before' },
];

function storeRule(random: Random): Rule {
  const on = pick(STORE_KINDS, random);
  const isLong = random() < 0.15;
  const fault = isLong ? pick(LINE, random) : pick(MIXED, random);
  // silence after a body's last byte is detected only after minutes
  const isTooLong = fault.do === 'silence' && on !== 'create' && on !== 'list';
  return { on, nth: 1 + Math.floor(random() * 6), fault: isTooLong ? { do: 'reset' } : fault };
}

const signerRule = (random: Random): Rule => ({
  on: pick(SIGNER_KINDS, random),
  nth: 1 + Math.floor(random() * 3),
  fault: pick(SIGNER_MIXED, random),
});

/** A user who pauses in the middle. */
async function pauseSomewhere({ until, call }: Actor): Promise<void> {
  const over = ['complete', 'failed'];
  const { status } = await until((upload) => upload.parts.done >= 1 || over.includes(upload.status));
  if (over.includes(status)) return;
  await call('pause');
  await until((upload) => upload.status === 'paused' || over.includes(upload.status));
  await call('resume');
}

/** Creates the run of a seed. */
export function randomRun(seed: number): Scenario {
  const random = seededRandom(seed);
  const size = sizeOf(random);
  const ofSigner = Array.from({ length: FAULTS }, () => random() < 0.25);
  const paused = random() < 0.3;
  const oneByOne = random() < 0.3;
  return {
    fault: RANDOM_FAULT,
    phase: `seed ${seed}`,
    size,
    ownFile: true,
    seed,
    connectionPerRequest: random() < 0.5,
    store: ofSigner.filter((isSigner) => !isSigner).map(() => storeRule(random)),
    signer: ofSigner.filter(Boolean).map(() => signerRule(random)),
    attributes: { 'stall-timeout': '6' },
    ...(oneByOne && { without: ['get_all_signatures'] }),
    ...(paused && { act: pauseSomewhere }),
    mayMiss: true,
    timeoutSeconds: 240 + size / MIB,
    // two login pages in a row are reported, and so is a signer that returns nonsense;
    // a Create whose response is lost leaves an upload whose ID is unknown
    expects: { retries: 0, leftovers: 'any', optionalErrors: ['signer-refused', 'unauthorized'] },
  };
}
