/** Selects the scenarios of a run. */
import { seededRandom } from '../../demo/faults/random.js';
import { corruptionScenarios } from './corruptions.js';
import { networkScenarios } from './network-faults.js';
import { outageScenarios } from './outages.js';
import { RANDOM_FAULT, randomRun } from './random-runs.js';
import { nameOf } from './scenario.js';
import type { Scenario } from './scenario.js';
import { signerScenarios } from './signer-faults.js';
import { storeScenarios } from './store-faults.js';

export const SCENARIOS: readonly Scenario[] = [
  ...networkScenarios,
  ...storeScenarios,
  ...signerScenarios,
  ...outageScenarios,
  ...corruptionScenarios,
];

/** Without `--all`, each scenario on the demo’s bucket is selected with a probability of one in this number. */
const SHORT_RUN_DIVISOR = 12;

/** Number of random runs with `--all`, and without. */
const RANDOM_RUN_COUNTS = { all: 200, some: 10 };

/** Returns the seed in the name of a random run; null if it is the name of another scenario. */
const seedIn = (name: string): number | null =>
  Number(new RegExp(`${RANDOM_FAULT} · seed (\\d+)`).exec(name)?.[1]) || null;

export interface SelectionOptions {
  all: boolean;
  only?: readonly string[] | undefined;
  store: string;
  seed: number;
}

/**
 * Returns the scenarios of a run on a store. With `only`, these are the scenarios whose names contain one of its texts, and
 * the random runs of its seeds, on any store.
 */
export function selectScenarios({ all, only, store, seed }: SelectionOptions): Scenario[] {
  const random = seededRandom(seed);
  if (only?.length) {
    const seeds = only.map(seedIn).filter((one) => one !== null);
    const matching = SCENARIOS.filter((scenario) => only.some((words) => nameOf(scenario).includes(words)));
    return [...matching, ...seeds.map(randomRun)];
  }
  const isDemoBucket = store === 'bucket';
  const ofStore = SCENARIOS.filter(({ includedIn }) => isDemoBucket || includedIn?.some((name) => name === store));
  const selected = ofStore.filter(({ includedIn, size }) => {
    if (all) return true;
    const needsAll = includedIn?.includes('all');
    // on other stores, a short run takes the scenarios with the small default file
    return !needsAll && (isDemoBucket ? random() < 1 / SHORT_RUN_DIVISOR : !size);
  });
  const randomRunCount = isDemoBucket ? RANDOM_RUN_COUNTS[all ? 'all' : 'some'] : 0;
  return [...selected, ...Array.from({ length: randomRunCount }, (_, index) => randomRun(seed + index))];
}
