/**
 * `npm run test:faults`: plays the scenarios of the fault lab in real browsers, and prints the results.
 *
 *   npm run test:faults -- [--all] [--engines chromium,firefox] [--only words] [--store bucket|ceph|ceph-20] [--seed n]
 *
 * Without `--all` it plays a seeded selection that a small machine has time for; `--only` selects all scenarios whose
 * name contains the words. Each failure is printed with the command that plays it alone.
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
import { choose } from './choice.js';
import { Files } from './files.js';
import { Lab } from './lab.js';
import { nameOf } from './scenario.js';
import type { Result, Run, Scenario } from './scenario.js';
import { tableOf } from './table.js';

const ENGINES: readonly Engine[] = ['chromium', 'firefox', 'webkit'];
/** Uploads at a time in each engine: they spend most of their time waiting. */
const CONCURRENCY = 8;

const { values } = parseArgs({
  options: {
    all: { type: 'boolean', default: isFull },
    engines: { type: 'string', default: ENGINES.join(',') },
    only: { type: 'string', multiple: true },
    store: { type: 'string' },
    seed: { type: 'string', default: '20130905' },
    abreast: { type: 'string', default: String(CONCURRENCY) },
  },
});
const engines = values.engines.split(',') as Engine[];
// CI does not download the 150 MB of the last one
const every: StoreName[] = values.all ? ['bucket', 'ceph', 'ceph-20'] : ['bucket', 'ceph'];
const stores = (values.store ? [values.store] : values.only ? ['bucket'] : every) as StoreName[];

const isFor = (engine: Engine, scenario: Scenario): boolean => scenario.engines?.includes(engine) ?? true;

async function playAll(
  lab: Lab,
  scenarios: readonly Scenario[],
  store: Awaited<ReturnType<typeof startStore>>,
  name: string,
): Promise<void> {
  const own = scenarios.filter((scenario) => isFor(lab.engine, scenario));
  const isLong = ({ timeoutSeconds, ownFile }: Scenario): boolean => Boolean(timeoutSeconds) && !ownFile;
  const queue = own.filter((scenario) => !isLong(scenario));
  const long = own.filter(isLong);
  const play = async (scenario: Scenario): Promise<void> => {
    const result = await lab.play(scenario, store, name);
    results.push(result);
    print(result);
    writeCounts(false);
  };
  const worker = async (waiting: Scenario[]): Promise<void> => {
    for (let scenario = waiting.shift(); scenario; scenario = waiting.shift()) await play(scenario);
  };
  await Promise.all([
    ...Array.from({ length: Number(values.abreast) }, () => worker(queue)),
    // long ones mostly wait
    ...Array.from({ length: 2 * Number(values.abreast) }, () => worker(long)),
  ]);
}

/** Returns the arguments with which this script plays a scenario alone. */
const againArgs = ({ scenario, engine, store }: Run): string[] => [
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
  const words = againArgs(result).map((word) => (/\W/.test(word.slice(2)) ? `'${word}'` : word));
  if (failures.length) console.log(`    again: npm run test:faults -- --all ${words.join(' ')}`);
}

const results: Result[] = [];
const plan: Run[] = stores.flatMap((store) =>
  choose({ ...values, store, seed: Number(values.seed) }).flatMap((scenario) =>
    engines.filter((engine) => isFor(engine, scenario)).map((engine) => ({ scenario, engine, store })),
  ),
);

const failureOf = (run: Run, reason: string): Failure => ({
  what: [run.engine, run.store, nameOf(run.scenario), reason].join(': '),
  rerunArgs: againArgs(run),
});

/** Writes the counts so far. A run that is ended too early leaves every scenario that it did not play as failed. */
function writeCounts(isFinal: boolean): Counts {
  const failed = results.filter(({ failures }) => failures.length > 0);
  const keyOf = (run: Run): string => againArgs(run).join(' ');
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
    // readers never see half of it
    writeFileSync(`${file}.part`, JSON.stringify(counts));
    renameSync(`${file}.part`, file);
  }
  return counts;
}

/** Where there is memory to spare, the store writes there: this lab tests the network, not the disk. */
const MEMORY = '/dev/shm';
const inMemory = await statfs(MEMORY).then(
  ({ bavail, bsize }) => bavail * bsize > 8 * GIB,
  () => false,
);
const folder = await mkdtemp(path.join(inMemory ? MEMORY : tmpdir(), 'mule-upload-faults-'));
ensureBuilt();
const files = new Files(folder);
for (const name of stores) {
  const scenarios = choose({ ...values, store: name, seed: Number(values.seed) });
  if (!scenarios.length) continue;
  const store = await startStore(name, folder);
  const begun = performance.now();
  const labs = await Promise.all(engines.map((engine) => Lab.open(engine, files)));
  try {
    await Promise.all(labs.map((lab) => playAll(lab, scenarios, store, name)));
  } finally {
    await Promise.all(labs.map((lab) => lab.close()));
    await store.stop();
  }
  const seconds = Math.round((performance.now() - begun) / 1_000);
  console.log(`\n${scenarios.length} scenarios on ${name}, seed ${values.seed}, in ${seconds} s\n`);
  console.log(tableOf(results.filter((result) => result.store === name)));
}
await rm(folder, { recursive: true, force: true, maxRetries: 20 });

const failed = results.filter(({ failures }) => failures.length > 0);
for (const result of failed) print(result);
const counts = writeCounts(true);
console.log(`\n${counts.passed} passed, ${counts.failed} failed`);
// Node 20 has been seen to loop endlessly in its own clean-up after many browsers and connections
process.exit(counts.failed || !results.length ? 1 : 0);
