/** Selects the runs of each table of the report, and computes their ratios; no I/O. */
import type { RatioGroup } from './charts.js';
import { CLIENTS, BARE_LIMITS } from './clients.js';
import type { Client } from './clients.js';
import type { RunRecord } from './run.js';
import { SCENARIOS } from './scenarios.js';
import type { Scenario, Visit } from './scenarios.js';

/** The ID of the limit by whose time targets and ratios are divided: four PUTs at a time. */
export const BASE_LIMIT_ID = 'bare';
const OWN_CLIENT_IDS: readonly string[] = ['element', 'engine'];

/** Which runs a table of the report shows. */
export interface RunFilter {
  visit: Visit;
  tls: boolean;
}

/** The runs of one round by client. */
type Round = ReadonlyMap<string, RunRecord>;

/** One row of a table: the runs of one scenario, all with the same version of the engine. */
export interface Row {
  scenario: Scenario;
  /** Hash of the engine. @see hashEngine */
  engine: string;
  /** The day of the last run, in UTC. */
  date: string;
  rounds: readonly Round[];
}

/** Returns the median of figures. */
export function median(figures: readonly number[]): number {
  const sorted = figures.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** Returns a row for each scenario in which the element was measured, with the runs of the newest version of the engine. */
export function rowsOf(runs: readonly RunRecord[], { visit, tls }: RunFilter): Row[] {
  const selected = runs.filter((run) => run.store === 'sink' && run.visit === visit && run.tls === tls);
  return SCENARIOS.flatMap((scenario) => {
    const runsOfScenario = selected.filter((run) => run.scenario === scenario.id);
    const newest = runsOfScenario.filter(({ client }) => client === 'element').toSorted((a, b) => b.at - a.at)[0];
    return newest ? [rowOf(scenario, newest.engine, runsOfScenario)] : [];
  });
}

function rowOf(scenario: Scenario, engine: string, runs: readonly RunRecord[]): Row {
  const current = runs.filter((run) => run.engine === engine);
  const rounds = new Map<string, Map<string, RunRecord>>();
  for (const run of current) {
    const round = rounds.get(run.round) ?? new Map<string, RunRecord>();
    rounds.set(run.round, round.set(run.client, run));
  }
  return { scenario, engine, date: dateOf(current), rounds: [...rounds.values()] };
}

/** Returns the day of the last of the runs, in UTC. */
const dateOf = (runs: readonly RunRecord[]): string =>
  new Date(Math.max(...runs.map(({ at }) => at))).toISOString().slice(0, 10);

/** Returns a client's runs of a row. */
export const runsOf = ({ rounds }: Row, client: string): RunRecord[] =>
  rounds.flatMap((round) => round.get(client) ?? []);

const isFinished = (run: RunRecord | undefined): run is RunRecord => run?.failure === null;

/** Returns a client's runs of a row that did not fail. */
export const finishedRunsOf = (row: Row, client: string): RunRecord[] => runsOf(row, client).filter(isFinished);

/** Returns a round's run of four PUTs; undefined if it failed or was not measured. */
function baseOf(round: Round): RunRecord | undefined {
  const base = round.get(BASE_LIMIT_ID);
  return isFinished(base) ? base : undefined;
}

/** Returns the run of the fastest limit of a round; undefined if no limit finished. */
function bestOf(round: Round): RunRecord | undefined {
  const finished = BARE_LIMITS.map(({ id }) => round.get(id)).filter(isFinished);
  return finished.toSorted((a, b) => a.time - b.time)[0];
}

/** Returns, for each round in which both finished, a client's figure divided by the same figure of a limit. */
function ratiosTo(
  limitOf: (round: Round) => RunRecord | undefined,
  { rounds }: Row,
  client: string,
  figure: (run: RunRecord) => number,
): number[] {
  return rounds.flatMap((round) => {
    const [run, limit] = [round.get(client), limitOf(round)];
    // the processor time of a short run can be measured as 0
    return isFinished(run) && limit && figure(limit) > 0 ? [figure(run) / figure(limit)] : [];
  });
}

/** Returns a client's ratios to four PUTs, one per round; ratios of time unless another figure is given. */
export const ratiosToBase = (row: Row, client: string, figure = ({ time }: RunRecord): number => time): number[] =>
  ratiosTo(baseOf, row, client, figure);

/** Returns a client's ratios of time to the fastest limit, one per round. */
export const ratiosToBest = (row: Row, client: string): number[] => ratiosTo(bestOf, row, client, ({ time }) => time);

/** Returns the limit that was the fastest in most rounds; null if none finished. */
export function mostFrequentBest({ rounds }: Row): Client | null {
  const best = rounds.map((round) => bestOf(round)?.client);
  const countOf = ({ id }: Client): number => best.filter((one) => one === id).length;
  const [first] = BARE_LIMITS.toSorted((a, b) => countOf(b) - countOf(a));
  return first && countOf(first) ? first : null;
}

/** Returns the limits that can run a row's scenario, but are missing in at least one of its rounds. */
export const missingLimits = ({ scenario, rounds }: Row): Client[] =>
  BARE_LIMITS.filter((limit) => limit.canRun(scenario) && !rounds.every((round) => round.has(limit.id)));

/** Returns the clients of other projects that were measured in one of the rows. */
export const otherClientsIn = (rows: readonly Row[]): Client[] =>
  CLIENTS.filter(
    ({ id, bareLimit }) => !bareLimit && !OWN_CLIENT_IDS.includes(id) && rows.some((row) => runsOf(row, id).length > 0),
  );

/**
 * Returns the clients of other projects whose median ratio to the fastest limit is below 1, with that ratio. If there is
 * one, the limits are wrong: a limit is supposed to be faster than any client.
 */
export function clientsFasterThanLimits(row: Row): { client: Client; ratio: number }[] {
  return otherClientsIn([row])
    .map((client) => ({ client, ratios: ratiosToBest(row, client.id) }))
    .filter(({ ratios }) => ratios.length > 0)
    .map(({ client, ratios }) => ({ client, ratio: median(ratios) }))
    .filter(({ ratio }) => ratio < 1);
}

/**
 * Returns a row's bars in the chart. A client that always failed has a bar with the ratio null; a client without a ratio for
 * another reason has no bar.
 */
export function barsOf(row: Row, clients: readonly Client[]): RatioGroup['bars'] {
  return clients.flatMap(({ id, title }) => {
    const ratios = ratiosToBase(row, id);
    const hasAlwaysFailed = runsOf(row, id).length > 0 && finishedRunsOf(row, id).length === 0;
    if (!ratios.length && !hasAlwaysFailed) return [];
    return [{ title: title.replaceAll('`', ''), ratio: ratios.length ? median(ratios) : null }];
  });
}
