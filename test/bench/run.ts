/**
 * `npm run bench`: compares this element and other uploaders with the bare limit, in interleaved rounds. Each run is saved
 * at once, so that a long benchmark can be split; `npm run bench:report` makes tables and charts of them.
 *
 *   npm run bench -- [--rounds N] [--scenario ID …] [--client ID …] [--store sink|bucket|ceph] [--scale N] [--out FILE] [--list]
 */
import { appendFile, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { launch } from '../e2e/browser.js';
import { MIB } from '../e2e/harness.js';
import { runClient } from './bench-run.js';
import type { Bench, Run } from './bench-run.js';
import { CLIENTS } from './clients.js';
import { SCENARIOS } from './scenarios.js';
import { startStage } from './stage.js';
import { startBenchStore } from './stores.js';
import type { StoreName } from './stores.js';

const ids = (items: readonly { id: string }[]): string[] => items.map(({ id }) => id);
const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    scenario: { type: 'string', multiple: true, default: ids(SCENARIOS) },
    client: { type: 'string', multiple: true, default: ids(CLIENTS.filter(({ isAside }) => !isAside)) },
    store: { type: 'string', default: 'sink' },
    // for a quick run: less of everything
    scale: { type: 'string', default: '1' },
    out: { type: 'string', default: '.cache/bench/runs.jsonl' },
    list: { type: 'boolean', default: false },
  },
});
const scenarios = SCENARIOS.filter(({ id, conditions }) => {
  // faults are made by the sink
  const isPossible = values.store === 'sink' || Object.keys(conditions).length === 0;
  return values.scenario.includes(id) && isPossible;
}).map((scenario) => {
  const part = scenario.files > 1 ? 'files' : 'size';
  return { ...scenario, [part]: Math.ceil(scenario[part] * Number(values.scale)) };
});
const clients = CLIENTS.filter(({ id }) => id === 'bare' || values.client.includes(id)).filter(
  ({ id }) => values.store === 'sink' || !['tus', 'upchunk'].includes(id),
);
/** Distinguishes the rounds of several benchmark runs in a report. */
const piece = Date.now();

/** A run as it is saved. */
export interface WrittenRun extends Run {
  store: StoreName;
  /** Benchmark run and number. */
  round: string;
  /** Ratio of the time to the bare limit's in the same round. */
  ratio: number;
}

const describe = ({
  client,
  time,
  ratio,
  failure,
  cpu,
  memory,
  longestTask,
  signerCalls,
  preflights,
}: WrittenRun): string =>
  `  ${client.padEnd(17)} ${failure ? `FAILED: ${failure} after ` : ''}${(time / 1_000).toFixed(2)} s, ratio ${ratio.toFixed(3)}, CPU ${cpu.toFixed(2)} s, memory +${(memory / MIB).toFixed(1)} MiB, longest task ${Math.round(longestTask)} ms, ${signerCalls} signer calls, ${preflights ?? '?'} preflights`;

/** One round of one scenario: the limit, and the other clients in a different order each time. */
async function playRound(bench: Bench, scenario: (typeof scenarios)[number], round: number): Promise<void> {
  const [bare, ...others] = clients.filter((client) => client.cannot(scenario) === null);
  const turned = others.map((_, index) => others[(index + round) % others.length]!);
  let limit = 0;
  for (const client of [bare!, ...turned]) {
    const run = await runClient(bench, client, scenario, { seed: round });
    limit ||= run.time;
    const store = values.store as StoreName;
    const written: WrittenRun = { ...run, store, round: `${piece}-${round}`, ratio: run.time / limit };
    console.log(describe(written));
    await appendFile(values.out, `${JSON.stringify(written)}\n`);
  }
}

if (values.list) {
  console.log(`scenarios: ${ids(SCENARIOS).join(' ')}\nclients: ${ids(CLIENTS).join(' ')}`);
  process.exit();
}
await mkdir(path.dirname(values.out), { recursive: true });
const folder = await mkdtemp(path.join(tmpdir(), 'mule-upload-bench-'));
const store = await startBenchStore(values.store as StoreName);
const stage = await startStage(store);
const browser = await launch('chromium');
try {
  const bench = { browser, stage, store, folder };
  for (const scenario of scenarios) {
    console.log(`${scenario.title} (target ${scenario.target})`);
    // warms caches, and lets the element measure the network
    const first = clients.filter(({ id }) => id === 'bare' || id === 'element');
    for (const client of first)
      console.log(`  warm-up: ${client.id} ${JSON.stringify(await runClient(bench, client, scenario))}`);
    for (let round = 1; round <= Number(values.rounds); round++) await playRound(bench, scenario, round);
  }
} finally {
  await browser.close();
  stage.close();
  await store.stop();
  await rm(folder, { recursive: true, force: true });
}
