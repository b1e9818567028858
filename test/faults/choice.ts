/** Selects the scenarios of a run. */
import { seededRandom } from '../../demo/faults/random.js';
import { corruptionScenarios } from './corruptions.js';
import { lineScenarios } from './network-faults.js';
import { outageScenarios } from './outages.js';
import { RANDOM_FAULT, randomRun } from './random-runs.js';
import { nameOf } from './scenario.js';
import type { Scenario } from './scenario.js';
import { signerScenarios } from './signer-faults.js';
import { storeScenarios } from './store-faults.js';

export const SCENARIOS: readonly Scenario[] = [
  ...lineScenarios,
  ...storeScenarios,
  ...signerScenarios,
  ...outageScenarios,
  ...corruptionScenarios,
];

/** One of this number of scenarios runs in a short run. */
const SHARE = 12;

/** Number of random runs, at full size and in a short run. */
const RUNS = { all: 200, some: 10 };

/** Returns the random run with that name. */
const seedIn = (name: string): number | null =>
  Number(new RegExp(`${RANDOM_FAULT} · seed (\\d+)`).exec(name)?.[1]) || null;

export interface Wishes {
  all: boolean;
  only?: readonly string[] | undefined;
  store: string;
  seed: number;
}

/** Returns the scenarios of a run. */
export function choose({ all, only, store, seed }: Wishes): Scenario[] {
  const random = seededRandom(seed);
  if (only?.length) {
    const named = only.map(seedIn).filter((one) => one !== null);
    const fitting = SCENARIOS.filter((scenario) => only.some((words) => nameOf(scenario).includes(words)));
    return [...fitting, ...named.map(randomRun)];
  }
  const ofStore = SCENARIOS.filter((scenario) => store === 'bucket' || scenario.in?.some((name) => name === store));
  const chosen = ofStore.filter(
    (scenario) =>
      all || (!scenario.in?.includes('all') && (store === 'bucket' ? random() < 1 / SHARE : !scenario.size)),
  );
  const runs = store !== 'bucket' ? 0 : RUNS[all ? 'all' : 'some'];
  return [...chosen, ...Array.from({ length: runs }, (_, index) => randomRun(seed + index))];
}
