import { after, before } from 'node:test';
import { makeFolder, startHarness, startStore } from './harness.js';
import type { Harness, Store, StoreName } from './harness.js';

/** The environment of a suite of end-to-end tests; its properties are set when the suite's `before` hook has run. */
export interface FlowEnvironment {
  /** For files and profiles; removed after the suite. */
  readonly folder: string;
  readonly store: Store;
  readonly harness: Harness;
}

/** Starts a folder, a store and a harness for the suite that calls it, and stops them after the suite. */
export function useHarness(name: StoreName): FlowEnvironment {
  const environment: { -readonly [K in keyof FlowEnvironment]?: FlowEnvironment[K] } = {};
  let remove: () => Promise<void>;
  before(async () => {
    ({ folder: environment.folder, remove } = await makeFolder());
    environment.store = await startStore(name, environment.folder);
    environment.harness = await startHarness(environment.store);
  });
  after(async () => {
    // if one of them did not start, the others must still stop
    await environment.harness?.stop();
    await environment.store?.stop();
    await remove();
  });
  return environment as FlowEnvironment;
}
