/**
 * `npm run bench`: compares this element and other uploaders with bare limits, in interleaved rounds, each measurement in a
 * new browser with an empty profile. Each run is saved at once, so that a long benchmark can be split;
 * `npm run bench:report` makes tables and charts of them.
 *
 *   npm run bench -- [--quick] [--tls] [--rounds N] [--scenario ID …] [--client ID …] [--visit first|later …]
 *                    [--store sink|bucket|ceph] [--scale N] [--out FILE] [--list]
 *
 * `--quick`: five scenarios, three clients, first visits, two rounds.
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
import type { Client } from './clients.js';
import { engineState } from './engine-state.js';
import { hasFault, SCENARIOS } from './scenarios.js';
import type { Scenario, Visit } from './scenarios.js';
import { startStage } from './stage.js';
import { startBenchStore } from './stores.js';
import type { StoreName } from './stores.js';

const ids = (items: readonly { id: string }[]): string[] => items.map(({ id }) => id);
const QUICK = {
  scenario: ['medium', 'medium-put', 'small', 'small-delay', 'delay'],
  client: ['bare', 'bare-post-6', 'element'],
  visit: ['first'],
  rounds: '2',
};
const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    tls: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    scenario: { type: 'string', multiple: true },
    client: { type: 'string', multiple: true },
    visit: { type: 'string', multiple: true },
    store: { type: 'string', default: 'sink' },
    // factor for the number of files, or for the size of a single file
    scale: { type: 'string', default: '1' },
    out: { type: 'string' },
    list: { type: 'boolean', default: false },
  },
});
const FULL = {
  scenario: ids(SCENARIOS),
  client: ids(CLIENTS.filter(({ isAside }) => !isAside)),
  visit: ['first', 'later'],
  rounds: '5',
};
const chosen = { ...FULL, ...(values.quick && QUICK), ...values };
// scaled runs are kept out of the report
const out = values.out ?? `.cache/bench/${values.scale === '1' ? 'runs' : 'scaled'}.jsonl`;
const isPlain = values.store === 'sink' && !values.tls;
const scenarios = SCENARIOS.filter(({ id, conditions }) => {
  // only the sink has conditions, and faults only over HTTP/1
  const isPossible = isPlain || (values.tls ? !hasFault(conditions) : Object.keys(conditions).length === 0);
  return chosen.scenario.includes(id) && isPossible;
}).map((scenario) => {
  const part = scenario.files > 1 ? 'files' : 'size';
  return { ...scenario, [part]: Math.ceil(scenario[part] * Number(values.scale)) };
});
const clients = CLIENTS.filter(({ id }) => id === 'bare' || chosen.client.includes(id)).filter(
  ({ id }) => values.store === 'sink' || !['tus', 'upchunk'].includes(id),
);
/** Distinguishes the rounds of several benchmark runs in a report. */
const piece = Date.now();

/** A run as it is saved. */
export interface WrittenRun extends Run {
  store: StoreName;
  /** Whether over HTTP/2 and TLS. */
  tls: boolean;
  /** Benchmark run and number. */
  round: string;
  /** Hash of `src/engine`. @see engineState */
  engine: string;
  /** Epoch milliseconds. */
  at: number;
}

const engine = engineState();

function describe(run: WrittenRun, first: number): string {
  const { client, visit, time, failure, cpu, browserCpu, memory, firstByte, longestTask, signerCalls, preflights } =
    run;
  const result = failure ? `FAILED: ${failure} after ` : '';
  return `  ${visit.padEnd(5)} ${client.padEnd(17)} ${result}${(time / 1_000).toFixed(2)} s, ratio ${(time / first).toFixed(3)}, CPU ${cpu.toFixed(2)} s and ${browserCpu.toFixed(2)} s of the browser, memory +${(memory / MIB).toFixed(1)} MiB, first byte after ${firstByte?.toFixed(0) ?? '?'} ms, longest task ${Math.round(longestTask)} ms, ${signerCalls} signer calls, ${preflights ?? '?'} preflights`;
}

/** Measures one client in a browser of its own. @returns the selected visits; the first always runs, to fill the profile */
async function measure(
  bench: Omit<Bench, 'browser'>,
  client: Client,
  scenario: Scenario,
  round: number,
): Promise<WrittenRun[]> {
  const browser = await launch('chromium', { args: values.tls ? ['--ignore-certificate-errors'] : [] });
  const runs: WrittenRun[] = [];
  try {
    for (const visit of scenario.visits.filter((one) => chosen.visit.includes(one) || one === 'first')) {
      const run = await runClient({ ...bench, browser }, client, scenario, { seed: round, visit });
      const store = values.store as StoreName;
      if (!chosen.visit.includes(visit)) continue;
      runs.push({ ...run, store, tls: values.tls, round: `${piece}-${round}`, engine, at: Date.now() });
    }
  } finally {
    await browser.close();
  }
  return runs;
}

/** Runs one round of a scenario: the first limit, then the other clients in another order in each round. */
async function playRound(bench: Omit<Bench, 'browser'>, scenario: Scenario, round: number): Promise<void> {
  const able = clients.filter((client) => client.cannot(scenario) === null);
  const turned = able.slice(1).map((_, index, others) => others[(index + round) % others.length]!);
  const all: WrittenRun[] = [];
  for (const client of [able[0]!, ...turned]) {
    for (const run of await measure(bench, client, scenario, round)) {
      all.push(run);
      const first = all.find(({ visit }) => visit === run.visit)!;
      console.log(describe(run, first.time));
      await appendFile(out, `${JSON.stringify(run)}\n`);
    }
  }
  for (const visit of scenario.visits)
    warnOfWrongLimit(all.filter((run) => run.visit === visit && run.failure === null));
}

/** Warns if a client was faster than every limit. */
function warnOfWrongLimit(runs: readonly WrittenRun[]): void {
  const isLimit = (run: WrittenRun): boolean => clients.some(({ id, limit }) => id === run.client && limit);
  const best = Math.min(...runs.filter(isLimit).map(({ time }) => time));
  for (const { client, time, visit } of runs.filter((run) => !isLimit(run) && run.time < best))
    console.log(`  ! ${client} was faster than every limit of this ${visit} visit: ratio ${(time / best).toFixed(2)}`);
}

if (values.list) {
  console.log(`scenarios: ${ids(SCENARIOS).join(' ')}\nclients: ${ids(CLIENTS).join(' ')}`);
  process.exit();
}
const unknown = [
  ...chosen.scenario.filter((id) => !ids(SCENARIOS).includes(id)),
  ...chosen.client.filter((id) => !ids(CLIENTS).includes(id)),
  ...chosen.visit.filter((visit) => !(['first', 'later'] satisfies Visit[] as string[]).includes(visit)),
];
if (unknown.length) {
  console.error(`unknown: ${unknown.join(' ')}; see --list`);
  process.exit(2);
}
await mkdir(path.dirname(out), { recursive: true });
const folder = await mkdtemp(path.join(tmpdir(), 'mule-upload-bench-'));
const store = await startBenchStore(values.store as StoreName, { tls: values.tls });
const stage = await startStage(store);
try {
  for (const scenario of scenarios) {
    console.log(`${scenario.title} (target ${scenario.target})`);
    for (let round = 1; round <= Number(chosen.rounds); round++)
      await playRound({ stage, store, folder }, scenario, round);
  }
} finally {
  stage.close();
  await store.stop();
  await rm(folder, { recursive: true, force: true });
}
