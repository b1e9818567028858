import { after, before } from 'node:test';
import { makeFolder, startHarness, startStore } from './harness.js';
import type { Harness, Store, StoreName } from './harness.js';

/** What a suite of flows works with; there once the suite's hooks have run. */
export interface HarnessInUse {
  /** For files and profiles; gone with the suite. */
  readonly folder: string;
  readonly store: Store;
  readonly harness: Harness;
}

/** Gives the suite that calls it a folder, a store and a harness before it, for as long as the suite runs. */
export function useHarness(name: StoreName): HarnessInUse {
  const inUse: { -readonly [K in keyof HarnessInUse]?: HarnessInUse[K] } = {};
  let remove: () => Promise<void>;
  before(async () => {
    ({ folder: inUse.folder, remove } = await makeFolder());
    inUse.store = await startStore(name, inUse.folder);
    inUse.harness = await startHarness(inUse.store);
  });
  after(async () => {
    // what could not start is not there; the rest must not stay
    await inUse.harness?.stop();
    await inUse.store?.stop();
    await remove();
  });
  return inUse as HarnessInUse;
}
