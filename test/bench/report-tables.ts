/**
 * Makes the tables of the report, as Markdown. A limit is a client that sends bare requests, which no uploader should beat; the
 * base, to which times are compared, is the limit with four PUTs at a time.
 */
import { CLIENTS } from './clients.js';
import type { Client } from './clients.js';
import type { Growth } from './growth.js';
import {
  BASE_LIMIT_ID,
  finishedRunsOf,
  median,
  missingLimits,
  mostFrequentBest,
  ratiosToBase,
  ratiosToBest,
  clientsFasterThanLimits,
  otherClientsIn,
  runsOf,
} from './report-data.js';
import type { Row, RunFilter } from './report-data.js';
import type { RunRecord } from './run.js';
import { MIB } from './scenarios.js';

/** The heading of the column with the day of a row's measurement and the hash of the engine. */
export const MEASURED_HEADING = 'measured';
const ELEMENT = CLIENTS.find(({ id }) => id === 'element')!;
const BASE_SECONDS_HEADING = 'four PUTs themselves';
/** The clients of other projects that the README's table shows; it has no space for all of them. */
const README_CLIENT_IDS: readonly string[] = ['tus', 'uppy'];

const table = (header: readonly string[], rows: readonly (readonly string[])[]): string =>
  [header, header.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');

const measuredOn = ({ date, engine }: Row): string => `${date}, ${engine}`;

/** Returns median and range of ratios, and the number of failed runs; “–” if there is no ratio. */
function ratioCell(ratios: readonly number[], runs: readonly RunRecord[]): string {
  const failed = runs.filter(({ failure }) => failure !== null).length;
  if (runs.length && failed === runs.length) return 'fails';
  if (!ratios.length) return '–';
  const range = ratios.length > 1 ? ` (${Math.min(...ratios).toFixed(2)}–${Math.max(...ratios).toFixed(2)})` : '';
  return `${median(ratios).toFixed(2)}${range}${failed ? `, ${failed} of ${runs.length} fail` : ''}`;
}

const timeCell = (row: Row, { id }: Client): string => ratioCell(ratiosToBase(row, id), runsOf(row, id));

/** Returns the element's ratio to the fastest limit of each round, and the limit that was fastest in most rounds. */
function bestLimitCell(row: Row): string {
  const best = mostFrequentBest(row);
  return `${ratioCell(ratiosToBest(row, ELEMENT.id), runsOf(row, ELEMENT.id))}${best ? `; ${best.title}` : ''}`;
}

const medianCell = (figures: readonly number[], digits: number): string =>
  figures.length ? median(figures).toFixed(digits) : '–';

/** Returns the median of a figure over runs; leaves out runs in which it is unknown. */
function medianOf(runs: readonly RunRecord[], figure: (run: RunRecord) => number | null, digits = 0): string {
  const figures = runs.map(figure).filter((one) => one !== null);
  return medianCell(figures, digits);
}

const secondsOfBase = (row: Row): string =>
  `${medianOf(finishedRunsOf(row, BASE_LIMIT_ID), ({ time }) => time / 1_000, 2)} s`;

/** Returns the footnote about limits that are wrong or missing in a row; null if there are none. */
function noteOf(row: Row): string | null {
  const faster = clientsFasterThanLimits(row).map(({ client, ratio }) => `${client.title} took ${ratio.toFixed(2)}`);
  const missing = missingLimits(row).map(({ title }) => title);
  const notes = [
    ...(faster.length ? [`The limit is wrong: ${faster.join('; ')} of the best limit’s time.`] : []),
    ...(missing.length ? [`Missing from some rounds: ${missing.join(', ')}.`] : []),
  ];
  return notes.length ? notes.join(' ') : null;
}

/** Makes the table of times, with its footnotes. */
export function timeTable(rows: readonly Row[], { visit, tls }: RunFilter): string {
  const hasTargets = visit === 'first';
  const otherClients = otherClientsIn(rows);
  const footnoteMark = ({ scenario }: Row): string => `[^${scenario.id}-${visit}${tls ? '-tls' : ''}]`;
  const head = [
    'time, as a ratio to four PUTs',
    ...(hasTargets ? ['target'] : []),
    ELEMENT.title,
    `${ELEMENT.title}, to the best limit`,
    ...otherClients.map(({ title }) => title),
    BASE_SECONDS_HEADING,
    MEASURED_HEADING,
  ];
  const cells = rows.map((row) => [
    `${row.scenario.title}${noteOf(row) ? ` ${footnoteMark(row)}` : ''}`,
    ...(hasTargets ? [String(row.scenario.target)] : []),
    timeCell(row, ELEMENT),
    bestLimitCell(row),
    ...otherClients.map((client) => timeCell(row, client)),
    secondsOfBase(row),
    measuredOn(row),
  ]);
  const notes = rows.flatMap((row) => {
    const note = noteOf(row);
    return note ? [`${footnoteMark(row)}: ${note}`] : [];
  });
  return [table(head, cells), ...notes].join('\n\n');
}

/** Returns the clients that the README's table and the chart show. */
export const clientsShown = (rows: readonly Row[]): Client[] => [
  ELEMENT,
  ...otherClientsIn(rows).filter(({ id }) => README_CLIENT_IDS.includes(id)),
];

/** Makes the README's table of times. */
export function readmeTable(rows: readonly Row[]): string {
  const clients = clientsShown(rows);
  return table(
    ['time, as a ratio to four PUTs', 'target', ...clients.map(({ title }) => title), BASE_SECONDS_HEADING],
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
      MEASURED_HEADING,
    ],
    rows.map((row) => {
      const runs = finishedRunsOf(row, ELEMENT.id);
      const ratioToBase = (figure: (run: RunRecord) => number): string =>
        medianCell(ratiosToBase(row, ELEMENT.id, figure), 2);
      return [
        row.scenario.title,
        ratioToBase(({ cpu }) => cpu),
        ratioToBase(({ browserCpu }) => browserCpu),
        medianOf(runs, ({ memory }) => memory / MIB, 1),
        medianOf(runs, ({ firstByte }) => firstByte),
        medianOf(runs, ({ longestTask }) => longestTask),
        medianOf(runs, ({ signerCalls }) => signerCalls),
        medianOf(runs, ({ preflights }) => preflights),
        measuredOn(row),
      ];
    }),
  );

/** Makes the table of one scenario's cost by client, limits included. */
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
      MEASURED_HEADING,
    ],
    CLIENTS.flatMap(({ id, title }) => {
      const runs = finishedRunsOf(row, id);
      if (!runs.length) return [];
      return [
        [
          title,
          medianOf(runs, ({ cpu }) => cpu, 2),
          medianOf(runs, ({ browserCpu }) => browserCpu, 2),
          medianOf(runs, ({ memory }) => memory / MIB, 1),
          medianOf(runs, ({ longestTask }) => longestTask),
          medianOf(runs, ({ signerCalls }) => signerCalls),
          medianOf(runs, ({ preflights }) => preflights),
          measuredOn(row),
        ],
      ];
    }),
  );

/** Makes the table of time and memory by number of files and parts. */
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
