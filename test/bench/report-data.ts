/** Selects and compares the runs for the report; no I/O. */
import type { RatioGroup } from './charts.js';
import { CLIENTS, LIMITS } from './clients.js';
import type { Client } from './clients.js';
import type { WrittenRun } from './run.js';
import { SCENARIOS } from './scenarios.js';
import type { Scenario, Visit } from './scenarios.js';

/** The limit that targets and ratios are stated against: four PUTs at a time. */
export const BASE = 'bare';
const OURS: readonly string[] = ['element', 'engine'];

/** What was measured: one table of the report. */
export interface Selection {
  visit: Visit;
  tls: boolean;
}

/** The runs of one round by client. */
type Round = ReadonlyMap<string, WrittenRun>;

/** The runs of one scenario, all of one state of the engine. */
export interface Row {
  scenario: Scenario;
  /** @see engineState */
  engine: string;
  /** The day of the last run, in UTC. */
  date: string;
  rounds: readonly Round[];
}

/** Returns the middle of the figures, or the mean of the two in the middle. */
export function median(figures: readonly number[]): number {
  const sorted = figures.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** Returns a row for each scenario in which the element was measured: the runs of the newest state of the engine. */
export function rowsOf(runs: readonly WrittenRun[], { visit, tls }: Selection): Row[] {
  const selected = runs.filter((run) => run.store === 'sink' && run.visit === visit && run.tls === tls);
  return SCENARIOS.flatMap((scenario) => {
    const its = selected.filter((run) => run.scenario === scenario.id);
    const newest = its.filter(({ client }) => client === 'element').toSorted((a, b) => b.at - a.at)[0];
    return newest ? [rowOf(scenario, newest.engine, its)] : [];
  });
}

function rowOf(scenario: Scenario, engine: string, runs: readonly WrittenRun[]): Row {
  const current = runs.filter((run) => run.engine === engine);
  const rounds = new Map<string, Map<string, WrittenRun>>();
  for (const run of current) {
    const round = rounds.get(run.round) ?? new Map<string, WrittenRun>();
    rounds.set(run.round, round.set(run.client, run));
  }
  return { scenario, engine, date: dateOf(current), rounds: [...rounds.values()] };
}

/** Returns the day of the last of the runs, in UTC. */
const dateOf = (runs: readonly WrittenRun[]): string =>
  new Date(Math.max(...runs.map(({ at }) => at))).toISOString().slice(0, 10);

/** Returns a client's runs of a row. */
export const runsOf = ({ rounds }: Row, client: string): WrittenRun[] =>
  rounds.flatMap((round) => round.get(client) ?? []);

const isFinished = (run: WrittenRun | undefined): run is WrittenRun => run?.failure === null;

/** Returns a client's runs of a row that did not fail. */
export const finishedRunsOf = (row: Row, client: string): WrittenRun[] => runsOf(row, client).filter(isFinished);

/** Returns the limit that ratios are stated against, in a round; undefined if it failed or was not measured. */
function baseOf(round: Round): WrittenRun | undefined {
  const base = round.get(BASE);
  return isFinished(base) ? base : undefined;
}

/** Returns the fastest limit of a round; the first of several equal ones. */
function bestOf(round: Round): WrittenRun | undefined {
  const finished = LIMITS.map(({ id }) => round.get(id)).filter(isFinished);
  return finished.toSorted((a, b) => a.time - b.time)[0];
}

/** Returns the ratios of a client's figure to that of a limit in the same round, from rounds in which both finished. */
function ratiosTo(
  limitOf: (round: Round) => WrittenRun | undefined,
  { rounds }: Row,
  client: string,
  figure: (run: WrittenRun) => number,
): number[] {
  return rounds.flatMap((round) => {
    const [run, limit] = [round.get(client), limitOf(round)];
    // the processor time of a short run can be measured as 0
    return isFinished(run) && limit && figure(limit) > 0 ? [figure(run) / figure(limit)] : [];
  });
}

/** Returns a client's ratios to four PUTs, by default of time. */
export const ratiosToBase = (row: Row, client: string, figure = ({ time }: WrittenRun): number => time): number[] =>
  ratiosTo(baseOf, row, client, figure);

/** Returns a client's ratios of time to the best limit of each round. */
export const ratiosToBest = (row: Row, client: string): number[] => ratiosTo(bestOf, row, client, ({ time }) => time);

/** Returns the limit that was the best of its round most often; null if none finished. */
export function mostFrequentBest({ rounds }: Row): Client | null {
  const best = rounds.map((round) => bestOf(round)?.client);
  const countOf = ({ id }: Client): number => best.filter((one) => one === id).length;
  const [first] = LIMITS.toSorted((a, b) => countOf(b) - countOf(a));
  return first && countOf(first) ? first : null;
}

/** Returns the limits that could run a row's scenario, but are missing in one of its rounds. */
export const missingLimits = ({ scenario, rounds }: Row): Client[] =>
  LIMITS.filter((limit) => limit.cannot(scenario) === null && !rounds.every((round) => round.has(limit.id)));

/** Returns the clients of other projects that were measured in one of the rows. */
export const rivalsIn = (rows: readonly Row[]): Client[] =>
  CLIENTS.filter(({ id, limit }) => !limit && !OURS.includes(id) && rows.some((row) => runsOf(row, id).length > 0));

/** Returns the rivals that were faster than the best limit in the median, with that ratio: such a limit is none. */
export function rivalsBelowLimit(row: Row): { client: Client; ratio: number }[] {
  return rivalsIn([row])
    .map((client) => ({ client, ratios: ratiosToBest(row, client.id) }))
    .filter(({ ratios }) => ratios.length > 0)
    .map(({ client, ratios }) => ({ client, ratio: median(ratios) }))
    .filter(({ ratio }) => ratio < 1);
}

/** Returns the chart's bars of a row: none for a client without a ratio, but null for one that always failed. */
export function barsOf(row: Row, clients: readonly Client[]): RatioGroup['bars'] {
  return clients.flatMap(({ id, title }) => {
    const ratios = ratiosToBase(row, id);
    const hasFailed = runsOf(row, id).length > 0 && finishedRunsOf(row, id).length === 0;
    if (!ratios.length && !hasFailed) return [];
    return [{ title: title.replaceAll('`', ''), ratio: ratios.length ? median(ratios) : null }];
  });
}
