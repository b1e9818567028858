/** Makes the tables of the report, as Markdown. */
import { CLIENTS } from './clients.js';
import type { Client } from './clients.js';
import type { Growth } from './growth.js';
import {
  BASE,
  finishedRunsOf,
  median,
  missingLimits,
  mostFrequentBest,
  ratiosToBase,
  ratiosToBest,
  rivalsBelowLimit,
  rivalsIn,
  runsOf,
} from './report-data.js';
import type { Row, Selection } from './report-data.js';
import type { WrittenRun } from './run.js';
import { MIB } from './scenarios.js';

/** The head of the column that says what a row was measured on. */
export const MEASURED = 'measured';
const ELEMENT = CLIENTS.find(({ id }) => id === 'element')!;
const LIMIT_SECONDS = 'four PUTs themselves';
/** The README has no room for the others. */
const README_RIVALS: readonly string[] = ['tus', 'uppy'];

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');

const measuredOn = ({ date, engine }: Row): string => `${date}, ${engine}`;

/** Returns median and range of ratios, and the number of failures; “–” without any. */
function ratioCell(ratios: readonly number[], runs: readonly WrittenRun[]): string {
  const failed = runs.filter(({ failure }) => failure !== null).length;
  if (runs.length && failed === runs.length) return 'fails';
  if (!ratios.length) return '–';
  const range = ratios.length > 1 ? ` (${Math.min(...ratios).toFixed(2)}–${Math.max(...ratios).toFixed(2)})` : '';
  return `${median(ratios).toFixed(2)}${range}${failed ? `, ${failed} of ${runs.length} fail` : ''}`;
}

const timeCell = (row: Row, { id }: Client): string => ratioCell(ratiosToBase(row, id), runsOf(row, id));

/** Returns the ratio to the best limit, and which limit that was. */
function bestLimitCell(row: Row): string {
  const best = mostFrequentBest(row);
  return `${ratioCell(ratiosToBest(row, ELEMENT.id), runsOf(row, ELEMENT.id))}${best ? `; ${best.title}` : ''}`;
}

const medianCell = (figures: readonly number[], digits: number): string =>
  figures.length ? median(figures).toFixed(digits) : '–';

/** Returns the median of a figure of runs, without those where it is unknown. */
function middle(runs: readonly WrittenRun[], figure: (run: WrittenRun) => number | null, digits = 0): string {
  const figures = runs.map(figure).filter((one) => one !== null);
  return medianCell(figures, digits);
}

const secondsOfBase = (row: Row): string => `${middle(finishedRunsOf(row, BASE), ({ time }) => time / 1_000, 2)} s`;

/** Returns what a reader has to know about a row's limits; null if nothing. */
function noteOf(row: Row): string | null {
  const faster = rivalsBelowLimit(row).map(({ client, ratio }) => `${client.title} took ${ratio.toFixed(2)}`);
  const missing = missingLimits(row).map(({ title }) => title);
  const notes = [
    ...(faster.length ? [`The limit is wrong: ${faster.join('; ')} of the best limit’s time.`] : []),
    ...(missing.length ? [`Not measured in each round: ${missing.join(', ')}.`] : []),
  ];
  return notes.length ? notes.join(' ') : null;
}

/** Makes the table of times, with its footnotes. */
export function timeTable(rows: readonly Row[], { visit, tls }: Selection): string {
  const hasTargets = visit === 'first';
  const rivals = rivalsIn(rows);
  const mark = ({ scenario }: Row): string => `[^${scenario.id}-${visit}${tls ? '-tls' : ''}]`;
  const head = [
    'time, as a ratio to four PUTs',
    ...(hasTargets ? ['target'] : []),
    ELEMENT.title,
    `${ELEMENT.title}, to the best limit`,
    ...rivals.map(({ title }) => title),
    LIMIT_SECONDS,
    MEASURED,
  ];
  const cells = rows.map((row) => [
    `${row.scenario.title}${noteOf(row) ? ` ${mark(row)}` : ''}`,
    ...(hasTargets ? [String(row.scenario.target)] : []),
    timeCell(row, ELEMENT),
    bestLimitCell(row),
    ...rivals.map((client) => timeCell(row, client)),
    secondsOfBase(row),
    measuredOn(row),
  ]);
  const notes = rows.flatMap((row) => {
    const note = noteOf(row);
    return note ? [`${mark(row)}: ${note}`] : [];
  });
  return [table(head, cells), ...notes].join('\n\n');
}

/** Returns the clients of the README's table and of the chart. */
export const shownIn = (rows: readonly Row[]): Client[] => [
  ELEMENT,
  ...rivalsIn(rows).filter(({ id }) => README_RIVALS.includes(id)),
];

/** Makes the README's table of times. */
export function readmeTable(rows: readonly Row[]): string {
  const clients = shownIn(rows);
  return table(
    ['time, as a ratio to four PUTs', 'target', ...clients.map(({ title }) => title), LIMIT_SECONDS],
    rows.map((row) => [
      ...[row.scenario.title, String(row.scenario.target)],
      ...clients.map((client) => timeCell(row, client)),
      secondsOfBase(row),
    ]),
  );
}

/** Makes the table of the element's cost by scenario. */
export const costByScenario = (rows: readonly Row[]): string =>
  table(
    [
      ELEMENT.title,
      'CPU of page and network, ratio',
      'CPU of the browser’s main process, ratio',
      'page memory over idle, MiB',
      'first byte, ms',
      'longest task, ms',
      'signer calls',
      'preflights',
      MEASURED,
    ],
    rows.map((row) => {
      const runs = finishedRunsOf(row, ELEMENT.id);
      const ratioToBase = (figure: (run: WrittenRun) => number): string =>
        medianCell(ratiosToBase(row, ELEMENT.id, figure), 2);
      return [
        row.scenario.title,
        ratioToBase(({ cpu }) => cpu),
        ratioToBase(({ browserCpu }) => browserCpu),
        middle(runs, ({ memory }) => memory / MIB, 1),
        middle(runs, ({ firstByte }) => firstByte),
        middle(runs, ({ longestTask }) => longestTask),
        middle(runs, ({ signerCalls }) => signerCalls),
        middle(runs, ({ preflights }) => preflights),
        measuredOn(row),
      ];
    }),
  );

/** Makes the table of one scenario's cost by client, limits too. */
export const costByClient = (row: Row): string =>
  table(
    [
      row.scenario.title,
      'CPU of page and network, s',
      'CPU of the browser’s main process, s',
      'page memory over idle, MiB',
      'longest task, ms',
      'signer calls',
      'preflights',
      MEASURED,
    ],
    CLIENTS.flatMap(({ id, title }) => {
      const runs = finishedRunsOf(row, id);
      if (!runs.length) return [];
      return [
        [
          title,
          middle(runs, ({ cpu }) => cpu, 2),
          middle(runs, ({ browserCpu }) => browserCpu, 2),
          middle(runs, ({ memory }) => memory / MIB, 1),
          middle(runs, ({ longestTask }) => longestTask),
          middle(runs, ({ signerCalls }) => signerCalls),
          middle(runs, ({ preflights }) => preflights),
          measuredOn(row),
        ],
      ];
    }),
  );

/** Makes the table of growth. */
export const growthTable = (growth: readonly Growth[]): string =>
  table(
    ['', 'time', 'page memory over idle, MiB', 'longest task, ms', 'signer calls'],
    growth.map(({ what, count, time, memory, longestTask, signerCalls }) => [
      `${count.toLocaleString('en')} ${what}`,
      `${(time / 1_000).toFixed(1)} s`,
      (memory / MIB).toFixed(1),
      String(Math.round(longestTask)),
      String(signerCalls),
    ]),
  );
