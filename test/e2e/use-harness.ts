import { after, before } from 'node:test';
import { makeFolder, startHarness, startStore } from './harness.js';
import type { Harness, Store, StoreName } from './harness.js';

/** The environment of a suite of flows; set once the suite's hooks have run. */
export interface HarnessInUse {
  /** For files and profiles; removed after the suite. */
  readonly folder: string;
  readonly store: Store;
  readonly harness: Harness;
}

/** Starts a folder, a store and a harness for the suite that calls it, and stops them after the suite. */
export function useHarness(name: StoreName): HarnessInUse {
  const inUse: { -readonly [K in keyof HarnessInUse]?: HarnessInUse[K] } = {};
  let remove: () => Promise<void>;
  before(async () => {
    ({ folder: inUse.folder, remove } = await makeFolder());
    inUse.store = await startStore(name, inUse.folder);
    inUse.harness = await startHarness(inUse.store);
  });
  after(async () => {
    // what could not start is missing; the rest must still stop
    await inUse.harness?.stop();
    await inUse.store?.stop();
    await remove();
  });
  return inUse as HarnessInUse;
}
