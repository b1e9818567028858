/**
 * `npm run test:faults`: plays the scenarios of the fault lab in real browsers, and prints what was seen.
 *
 *   npm run test:faults -- [--all] [--engines chromium,firefox] [--only words] [--store bucket|ceph|ceph-20] [--seed n]
 *
 * Without `--all` a seeded selection is played that fits a small machine's time; `--only` takes all whose name holds
 * the words. A run that failed is printed with what plays it again by itself.
 */
import { mkdtemp, rm, statfs, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import type { Engine } from '../e2e/browser.js';
import { GIB, isFull, startStore } from '../e2e/harness.js';
import type { StoreName } from '../e2e/harness.js';
import type { Counts } from '../wtr/counts-reporter.js';
import { ensureBuilt } from '../e2e/built.js';
import { choose } from './choice.js';
import { Files } from './files.js';
import { Lab } from './lab.js';
import { nameOf } from './scenario.js';
import type { Result, Scenario } from './scenario.js';
import { tableOf } from './table.js';

const ENGINES: readonly Engine[] = ['chromium', 'firefox', 'webkit'];
/** Uploads at a time in each engine: most of their time they wait. */
const ABREAST = 8;

const { values } = parseArgs({
  options: {
    all: { type: 'boolean', default: isFull },
    engines: { type: 'string', default: ENGINES.join(',') },
    only: { type: 'string', multiple: true },
    store: { type: 'string' },
    seed: { type: 'string', default: '20130905' },
    abreast: { type: 'string', default: String(ABREAST) },
  },
});
const engines = values.engines.split(',') as Engine[];
// the last is a download of 150 MB, which CI is spared
const every: StoreName[] = values.all ? ['bucket', 'ceph', 'ceph-20'] : ['bucket', 'ceph'];
const stores = (values.store ? [values.store] : values.only ? ['bucket'] : every) as StoreName[];

async function playAll(
  lab: Lab,
  scenarios: readonly Scenario[],
  store: Awaited<ReturnType<typeof startStore>>,
  name: string,
) {
  const results: Result[] = [];
  const own = scenarios.filter(({ engines: some }) => some?.includes(lab.engine) ?? true);
  const isLong = ({ patience, ownFile }: Scenario): boolean => Boolean(patience) && !ownFile;
  const queue = own.filter((scenario) => !isLong(scenario));
  const long = own.filter(isLong);
  const play = async (scenario: Scenario): Promise<void> => {
    const result = await lab.play(scenario, store, name);
    results.push(result);
    say(result);
  };
  const lane = async (waiting: Scenario[]): Promise<void> => {
    for (let scenario = waiting.shift(); scenario; scenario = waiting.shift()) await play(scenario);
  };
  await Promise.all([
    ...Array.from({ length: Number(values.abreast) }, () => lane(queue)),
    // those that take long do little but wait
    ...Array.from({ length: 2 * Number(values.abreast) }, () => lane(long)),
  ]);
  return results;
}

/** Arguments by which this script plays a scenario again by itself. */
const againArgs = ({ scenario, engine, store }: Result): string[] => [
  '--engines',
  engine,
  '--store',
  store,
  '--only',
  nameOf(scenario),
];

function say(result: Result): void {
  const { scenario, engine, store, failures, seconds, retries, struck } = result;
  const where = `${engine}, ${store}: ${nameOf(scenario)}`;
  console.log(
    `${failures.length ? 'FAILED' : 'ok'} ${where} (${struck} faults, ${retries} retries, ${seconds.toFixed(1)} s)`,
  );
  for (const failure of failures) console.log(`    ${failure}`);
  const words = againArgs(result).map((word) => (/\W/.test(word.slice(2)) ? `'${word}'` : word));
  if (failures.length) console.log(`    again: npm run test:faults -- --all ${words.join(' ')}`);
}

const results: Result[] = [];
/** Where there is memory to spare the store writes there: it is the line that is tried here, not the disk. */
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
    for (const done of await Promise.all(labs.map((lab) => playAll(lab, scenarios, store, name))))
      results.push(...done);
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
for (const result of failed) say(result);
const engineCounts = Object.fromEntries(
  engines.map((engine) => [engine, results.filter((result) => result.engine === engine).length]),
);
const counts: Counts = {
  passed: results.length - failed.length,
  failed: failed.length,
  skipped: 0,
  engines: engineCounts,
  failures: failed.map((result) => ({
    what: [result.engine, result.store, nameOf(result.scenario), result.failures.join('; ')].join(': '),
    again: againArgs(result),
  })),
};
if (process.env.MULE_TEST_COUNTS) await writeFile(process.env.MULE_TEST_COUNTS, JSON.stringify(counts));
console.log(`\n${counts.passed} passed, ${counts.failed} failed`);
// not by itself: Node 20 has been seen to spin for ever in its own clean-up after so many browsers and connections
process.exit(failed.length || !results.length ? 1 : 0);
