import { after, before } from 'node:test';
import { makeFolder, startStand, startStore } from './stand.js';
import type { Stand, Store, StoreName } from './stand.js';

/** What a suite of flows works with; there once the suite's hooks have run. */
export interface StandInUse {
  /** For files and profiles; gone with the suite. */
  readonly folder: string;
  readonly store: Store;
  readonly stand: Stand;
}

/** Gives the suite that calls it a folder, a store and a stand before it, for as long as the suite runs. */
export function useStand(name: StoreName): StandInUse {
  const inUse = {} as { -readonly [K in keyof StandInUse]: StandInUse[K] };
  let remove: () => Promise<void>;
  before(async () => {
    ({ folder: inUse.folder, remove } = await makeFolder());
    inUse.store = await startStore(name, inUse.folder);
    inUse.stand = await startStand(inUse.store);
  });
  after(async () => {
    await inUse.stand.stop();
    await inUse.store.stop();
    await remove();
  });
  return inUse;
}
