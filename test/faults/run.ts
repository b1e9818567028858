/**
 * `npm run test:faults`: runs the scenarios of the fault lab in real browsers, and prints the results.
 *
 *   npm run test:faults -- [--all] [--engines chromium,firefox] [--only TEXT …] [--store bucket|ceph|ceph-20] [--seed N]
 *                          [--concurrency N]
 *
 * Without `--all`, it runs a random selection, which the seed determines. `--only` selects all scenarios whose name contains
 * the text. Each failure is printed with the command that runs only this scenario.
 */
import { renameSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import type { Engine } from '../e2e/browser.js';
import { GIB, isFull, startStore } from '../e2e/harness.js';
import type { StoreName } from '../e2e/harness.js';
import type { Counts, Failure } from '../wtr/counts-reporter.js';
import { ensureBuilt } from '../e2e/built.js';
import { selectScenarios } from './selection.js';
import { RandomFiles } from './files.js';
import { Lab } from './lab.js';
import { nameOf } from './scenario.js';
import type { Result, Run, Scenario } from './scenario.js';
import { tableOf } from './table.js';

const ENGINES: readonly Engine[] = ['chromium', 'firefox', 'webkit'];
/** Concurrent uploads in each engine: most of the time, an upload waits. */
const CONCURRENCY = 8;

const { values } = parseArgs({
  options: {
    all: { type: 'boolean', default: isFull },
    engines: { type: 'string', default: ENGINES.join(',') },
    only: { type: 'string', multiple: true },
    store: { type: 'string' },
    seed: { type: 'string', default: '20130905' },
    concurrency: { type: 'string', default: String(CONCURRENCY) },
  },
});
const engines = values.engines.split(',') as Engine[];
// CI does not run ceph-20, which would have to be downloaded (150 MB)
const defaultStores: StoreName[] = values.all ? ['bucket', 'ceph', 'ceph-20'] : ['bucket', 'ceph'];
const stores = (values.store ? [values.store] : values.only ? ['bucket'] : defaultStores) as StoreName[];

const runsIn = (engine: Engine, scenario: Scenario): boolean => scenario.engines?.includes(engine) ?? true;

async function runAll(
  lab: Lab,
  scenarios: readonly Scenario[],
  store: Awaited<ReturnType<typeof startStore>>,
  name: string,
): Promise<void> {
  const selected = scenarios.filter((scenario) => runsIn(lab.engine, scenario));
  const isLong = ({ timeoutSeconds, hasOwnFile }: Scenario): boolean => Boolean(timeoutSeconds) && !hasOwnFile;
  const queue = selected.filter((scenario) => !isLong(scenario));
  const longScenarios = selected.filter(isLong);
  const runOne = async (scenario: Scenario): Promise<void> => {
    const result = await lab.runScenario(scenario, store, name);
    results.push(result);
    print(result);
    writeCounts(false);
  };
  const worker = async (queue: Scenario[]): Promise<void> => {
    for (let scenario = queue.shift(); scenario; scenario = queue.shift()) await runOne(scenario);
  };
  await Promise.all([
    ...Array.from({ length: Number(values.concurrency) }, () => worker(queue)),
    // scenarios with a long timeout wait even more
    ...Array.from({ length: 2 * Number(values.concurrency) }, () => worker(longScenarios)),
  ]);
}

/** Returns the arguments with which this script runs only this scenario. */
const rerunArgs = ({ scenario, engine, store }: Run): string[] => [
  '--engines',
  engine,
  '--store',
  store,
  '--only',
  nameOf(scenario),
];

function print(result: Result): void {
  const { scenario, engine, store, failures, seconds, retries, faultCount } = result;
  const where = `${engine}, ${store}: ${nameOf(scenario)}`;
  console.log(
    `${failures.length ? 'FAILED' : 'ok'} ${where} (${faultCount} faults, ${retries} retries, ${seconds.toFixed(1)} s)`,
  );
  for (const failure of failures) console.log(`    ${failure}`);
  const words = rerunArgs(result).map((word) => (/\W/.test(word.slice(2)) ? `'${word}'` : word));
  if (failures.length) console.log(`    again: npm run test:faults -- --all ${words.join(' ')}`);
}

const results: Result[] = [];
const plan: Run[] = stores.flatMap((store) =>
  selectScenarios({ ...values, store, seed: Number(values.seed) }).flatMap((scenario) =>
    engines.filter((engine) => runsIn(engine, scenario)).map((engine) => ({ scenario, engine, store })),
  ),
);

const failureOf = (run: Run, reason: string): Failure => ({
  what: [run.engine, run.store, nameOf(run.scenario), reason].join(': '),
  rerunArgs: rerunArgs(run),
});

/** Writes the counts of the results up to now. Scenarios that have not run yet count as failed, in case this process is killed. */
function writeCounts(isFinal: boolean): Counts {
  const failed = results.filter(({ failures }) => failures.length > 0);
  const keyOf = (run: Run): string => rerunArgs(run).join(' ');
  const finished = new Set(results.map(keyOf));
  const missing = plan.filter((run) => !finished.has(keyOf(run)));
  const counts: Counts = {
    passed: results.length - failed.length,
    failed: failed.length + missing.length,
    skipped: 0,
    engines: Object.fromEntries(
      engines.map((engine) => [engine, results.filter((result) => result.engine === engine).length]),
    ),
    failures: [
      ...failed.map((result) => failureOf(result, result.failures.join('; '))),
      ...missing.map((run) => failureOf(run, 'did not run')),
    ],
    isFinal,
  };
  const file = process.env.MULE_TEST_COUNTS;
  if (file) {
    // renaming is atomic: a reader never gets an incomplete file
    writeFileSync(`${file}.part`, JSON.stringify(counts));
    renameSync(`${file}.part`, file);
  }
  return counts;
}

/** A file system in memory. The store writes there if it has enough space: the lab tests the network, not the disk. */
const MEMORY_FOLDER = '/dev/shm';
const inMemory = await statfs(MEMORY_FOLDER).then(
  ({ bavail, bsize }) => bavail * bsize > 8 * GIB,
  () => false,
);
const folder = await mkdtemp(path.join(inMemory ? MEMORY_FOLDER : tmpdir(), 'mule-upload-faults-'));
ensureBuilt();
const files = new RandomFiles(folder);
for (const name of stores) {
  const scenarios = selectScenarios({ ...values, store: name, seed: Number(values.seed) });
  if (!scenarios.length) continue;
  const store = await startStore(name, folder);
  const startedAt = performance.now();
  const labs = await Promise.all(engines.map((engine) => Lab.open(engine, files)));
  try {
    await Promise.all(labs.map((lab) => runAll(lab, scenarios, store, name)));
  } finally {
    await Promise.all(labs.map((lab) => lab.close()));
    await store.stop();
  }
  const seconds = Math.round((performance.now() - startedAt) / 1_000);
  console.log(`\n${scenarios.length} scenarios on ${name}, seed ${values.seed}, in ${seconds} s\n`);
  console.log(tableOf(results.filter((result) => result.store === name)));
}
await rm(folder, { recursive: true, force: true, maxRetries: 20 });

const failed = results.filter(({ failures }) => failures.length > 0);
for (const result of failed) print(result);
const counts = writeCounts(true);
console.log(`\n${counts.passed} passed, ${counts.failed} failed`);
// after many browsers and connections, Node 20 does not always exit by itself
process.exit(counts.failed || !results.length ? 1 : 0);
