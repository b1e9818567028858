/**
 * `npm run bench`: compares this element and other uploaders with bare limits, in interleaved rounds, each measurement in a
 * new browser with an empty profile. Each result is written when its run ends, so that an interrupted benchmark keeps its
 * results. `npm run bench:report` makes tables and charts from them.
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
import { runClient } from './run-client.js';
import type { BenchEnvironment, Run } from './run-client.js';
import { CLIENTS } from './clients.js';
import type { Client } from './clients.js';
import { hashEngine } from './engine-hash.js';
import { hasFault, SCENARIOS } from './scenarios.js';
import type { Scenario, Visit } from './scenarios.js';
import { startPageServer } from './page-server.js';
import { startBenchStore } from './stores.js';
import type { StoreName } from './stores.js';

const idsOf = (items: readonly { id: string }[]): string[] => items.map(({ id }) => id);
const QUICK_SELECTION = {
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
const FULL_SELECTION = {
  scenario: idsOf(SCENARIOS),
  client: idsOf(CLIENTS.filter(({ isOptIn }) => !isOptIn)),
  visit: ['first', 'later'],
  rounds: '5',
};
const selection = { ...FULL_SELECTION, ...(values.quick && QUICK_SELECTION), ...values };
// the report reads only runs.jsonl, so scaled runs go to another file
const outputFile = values.out ?? `.cache/bench/${values.scale === '1' ? 'runs' : 'scaled'}.jsonl`;
const isHttp1Sink = values.store === 'sink' && !values.tls;
const scenarios = SCENARIOS.filter(({ id, conditions }) => {
  // only the sink can produce conditions, and faults only over HTTP/1
  const isSupported = isHttp1Sink || (values.tls ? !hasFault(conditions) : Object.keys(conditions).length === 0);
  return selection.scenario.includes(id) && isSupported;
}).map((scenario) => {
  const scaledField = scenario.files > 1 ? 'files' : 'size';
  return { ...scenario, [scaledField]: Math.ceil(scenario[scaledField] * Number(values.scale)) };
});
const clients = CLIENTS.filter(({ id }) => id === 'bare' || selection.client.includes(id)).filter(
  ({ id }) => values.store === 'sink' || !['tus', 'upchunk'].includes(id),
);
/** The start of this benchmark: makes the names of its rounds differ from those of other benchmarks in the same file. */
const benchmarkId = Date.now();

/** One line of the file of results, as JSON. */
export interface RunRecord extends Run {
  store: StoreName;
  /** Whether over HTTP/2 and TLS. */
  tls: boolean;
  /** ID of the benchmark and number of the round, such as `1790000000000-1`. */
  round: string;
  /** The hash of the engine that was measured. @see hashEngine */
  engine: string;
  /** When the run ended, in epoch milliseconds. */
  at: number;
}

const engine = hashEngine();

function describe(run: RunRecord, baseTime: number): string {
  const { client, visit, time, failure, cpu, browserCpu, memory, firstByte, longestTask, signerCalls, preflights } =
    run;
  const result = failure ? `FAILED: ${failure} after ` : '';
  return `  ${visit.padEnd(5)} ${client.padEnd(17)} ${result}${(time / 1_000).toFixed(2)} s, ratio ${(time / baseTime).toFixed(3)}, CPU ${cpu.toFixed(2)} s and ${browserCpu.toFixed(2)} s of the browser, memory +${(memory / MIB).toFixed(1)} MiB, first byte after ${firstByte?.toFixed(0) ?? '?'} ms, longest task ${Math.round(longestTask)} ms, ${signerCalls} signer calls, ${preflights ?? '?'} preflights`;
}

/**
 * Measures one client in a new browser.
 * @returns the runs of the selected visits; the first visit always runs, because it fills the profile for the later one
 */
async function measure(
  bench: Omit<BenchEnvironment, 'browser'>,
  client: Client,
  scenario: Scenario,
  round: number,
): Promise<RunRecord[]> {
  const browser = await launch('chromium', { args: values.tls ? ['--ignore-certificate-errors'] : [] });
  const runs: RunRecord[] = [];
  try {
    for (const visit of scenario.visits.filter((one) => selection.visit.includes(one) || one === 'first')) {
      const run = await runClient({ ...bench, browser }, client, scenario, { seed: round, visit });
      const store = values.store as StoreName;
      if (!selection.visit.includes(visit)) continue;
      runs.push({ ...run, store, tls: values.tls, round: `${benchmarkId}-${round}`, engine, at: Date.now() });
    }
  } finally {
    await browser.close();
  }
  return runs;
}

/** Runs one round of a scenario: first the four PUTs, then the other clients in an order that changes with each round. */
async function runRound(bench: Omit<BenchEnvironment, 'browser'>, scenario: Scenario, round: number): Promise<void> {
  const participants = clients.filter((client) => client.canRun(scenario));
  const rotated = participants.slice(1).map((_, index, others) => others[(index + round) % others.length]!);
  const records: RunRecord[] = [];
  for (const client of [participants[0]!, ...rotated]) {
    for (const run of await measure(bench, client, scenario, round)) {
      records.push(run);
      const first = records.find(({ visit }) => visit === run.visit)!;
      console.log(describe(run, first.time));
      await appendFile(outputFile, `${JSON.stringify(run)}\n`);
    }
  }
  for (const visit of scenario.visits)
    warnAboutFasterClients(records.filter((run) => run.visit === visit && run.failure === null));
}

/** Prints a warning for each client that was faster than every bare limit. */
function warnAboutFasterClients(runs: readonly RunRecord[]): void {
  const isLimit = (run: RunRecord): boolean => clients.some(({ id, bareLimit }) => id === run.client && bareLimit);
  const bestLimitTime = Math.min(...runs.filter(isLimit).map(({ time }) => time));
  for (const { client, time, visit } of runs.filter((run) => !isLimit(run) && run.time < bestLimitTime))
    console.log(
      `  ! ${client} was faster than every limit of this ${visit} visit: ratio ${(time / bestLimitTime).toFixed(2)}`,
    );
}

if (values.list) {
  console.log(`scenarios: ${idsOf(SCENARIOS).join(' ')}\nclients: ${idsOf(CLIENTS).join(' ')}`);
  process.exit();
}
const unknown = [
  ...selection.scenario.filter((id) => !idsOf(SCENARIOS).includes(id)),
  ...selection.client.filter((id) => !idsOf(CLIENTS).includes(id)),
  ...selection.visit.filter((visit) => !(['first', 'later'] satisfies Visit[] as string[]).includes(visit)),
];
if (unknown.length) {
  console.error(`unknown: ${unknown.join(' ')}; see --list`);
  process.exit(2);
}
await mkdir(path.dirname(outputFile), { recursive: true });
const folder = await mkdtemp(path.join(tmpdir(), 'mule-upload-bench-'));
const store = await startBenchStore(values.store as StoreName, { tls: values.tls });
const pageServer = await startPageServer(store);
try {
  for (const scenario of scenarios) {
    console.log(`${scenario.title} (target ${scenario.target})`);
    for (let round = 1; round <= Number(selection.rounds); round++)
      await runRound({ pageServer, store, folder }, scenario, round);
  }
} finally {
  pageServer.close();
  await store.stop();
  await rm(folder, { recursive: true, force: true });
}
