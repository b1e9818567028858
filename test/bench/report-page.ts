/** Makes the page with the measurements, `docs/speed.md`, as Markdown. */
import type { Growth } from './growth.js';
import { finishedRunsOf, rowsOf, runsOf } from './report-data.js';
import type { Row, RunFilter } from './report-data.js';
import { costByClient, costByScenario, growthTable, timeTable } from './report-tables.js';
import type { RunRecord } from './run.js';
import { SCENARIOS } from './scenarios.js';

/** The tables of times, in order. */
export const TABLE_FILTERS: readonly RunFilter[] = [
  { visit: 'first', tls: false },
  { visit: 'later', tls: false },
  { visit: 'first', tls: true },
  { visit: 'later', tls: true },
];

/** Returns the heading of a table of times. */
export const headingOf = ({ visit, tls }: RunFilter): string =>
  `${visit === 'first' ? 'First' : 'Later'} visit${tls ? ', HTTP/2' : ''}`;

/** The content of the page. */
export interface Measurements {
  runs: readonly RunRecord[];
  growth: readonly Growth[];
  /** Description of the computer. */
  machine: string;
}

/** Returns how often the element was measured per row: `5`, or `2 to 5` if rows differ. */
export function roundsOf(rows: readonly Row[]): string {
  const counts = rows.map((row) => runsOf(row, 'element').length);
  const [fewest, most] = [Math.min(...counts), Math.max(...counts)];
  return fewest === most ? String(most) : `${fewest} to ${most}`;
}

const HTTP_2 = 'The sink serves HTTP/2 over TLS. Rows with faults are measured over HTTP/1 only.';
const putOnly = SCENARIOS.filter(({ isPostAllowed }) => !isPostAllowed).map(({ title }) => `“${title}”`);

const introduction = (rows: readonly Row[], machine: string): string => `
Each figure of time is the time from the choice of the files until all of them are stored, divided by the time of a bare
limit in the same round. Less is faster. A cell has the median of all rounds (${roundsOf(rows)}), with the range in brackets.
\`npm run bench\` measures, \`npm run bench:report\` writes this page.

## How it is measured

- **Browser**: Chromium. Each client is measured in a new browser with an empty profile, limits too. One second after the page
  has loaded, real files on disk are chosen in its file input, or a folder is dropped on the page.
- **Rounds**: each round measures every client once. Four PUTs come first, the others in an order that changes from round to
  round.
- **Store**: a sink in its own process. It reads every byte, discards it and confirms it, and checks no signature. It makes
  the delays, rates and faults. “50 ms on every request” applies to preflights too, and to signer calls.
- **Element**: the CDN file with \`checksum="none"\`.
- **Parts**: each client chooses part size and concurrency itself, except in the row with 8 MiB parts. In the rows with faults,
  the other clients use parts of 8 MiB too: a part has to fail, not a file.
- **First visit**: the first page load of a new profile. The page has stored nothing, and no connection is open to the store.
- **Later visit**: the page is loaded once more in the same browser after a first visit, and sends the same files under other
  names. What the first visit left is there: stored data, caches, compiled code.
- **PUT only**: in the rows ${putOnly.join(' and ')}
  the signer allows only PUT, its default. In the other rows it allows POST too, which needs no preflight for each object.
- **Other clients**: tus-js-client and UpChunk use their own protocols and a server for them in the sink, not S3. A dash means
  not measured.
- **Machine**: ${machine}.

A limit sends requests that were signed before the measurement: XHR without state, Create or Complete. A failed request is
sent again at once. There are several, as none is the fastest everywhere:

| limit | requests | rows |
| --- | --- | --- |
| four PUTs at a time | the file, or slices of 8 MiB of a larger one | all; targets are ratios to it |
| six PUTs | the same, six at a time | without faults, and where the part size is not fixed |
| one PUT of the file | the file in a single request | the same, with one file |
| four POSTs | a form with the file, without preflight | files of at most 8 MiB where POST is allowed |
| six POSTs | the same, six at a time | the same |

The best limit is the fastest of these in each round; its column names the one that was the best most often. If another client is
faster than the best limit in the median, the limit is wrong, and a footnote says so.

The last column has the day, and a hash of \`src/engine\` that names the code that was measured. \`npm run bench:check\` fails
if that is not the present code.

## Limits of the figures

- Browser, store and signer share the processor. On few cores clients compete with the store, so ranges are wide. Differences
  smaller than the ranges mean nothing.
- Nothing crosses a network: no packet is lost, and no connection has to find its speed. Delays are added to requests, not
  to packets.
- The sink stores nothing. A real store takes longer for each request, and has limits of its own.
- Checksums are off, so their cost is not included (\`npm run bench:checksum-cost\` measures it).
- Other browsers and other machines give other ratios.
- Memory is sampled twice a second, so short peaks are missed. A task counts from 50 ms on.
`;

/** Makes the sections with the tables of times; the first one shows the chart too. */
function timeSections(runs: readonly RunRecord[]): string[] {
  return TABLE_FILTERS.flatMap((filter) => {
    const rows = rowsOf(runs, filter);
    if (!rows.length) return [];
    const isChartTable = filter.visit === 'first' && !filter.tls;
    return [
      `## ${headingOf(filter)}`,
      ...(filter.tls ? [HTTP_2] : []),
      timeTable(rows, filter),
      ...(isChartTable ? ['![Time of each client on a first visit, as a ratio to four PUTs](speed.svg)'] : []),
    ];
  });
}

/** Makes the section with the tables of costs: of the element in each scenario, and of each client for 1 GiB. */
function costSection(rows: readonly Row[]): string[] {
  const fixed = rows.find(({ scenario }) => scenario.id === 'fixed');
  return [
    '## Costs of a first visit',
    'Medians; ratios are to four PUTs of the same round.',
    costByScenario(rows.filter((row) => finishedRunsOf(row, 'element').length > 0)),
    ...(fixed ? [costByClient(fixed)] : []),
  ];
}

/** Makes the whole page. */
export function speedPage({ runs, growth, machine }: Measurements): string {
  const rows = rowsOf(runs, TABLE_FILTERS[0]!);
  return [
    '# Speed',
    introduction(rows, machine).trim(),
    ...timeSections(runs),
    ...costSection(rows),
    ...(growth.length
      ? ['## Growth', growthTable(growth), '![Time and memory by the number of files and parts](growth.svg)']
      : []),
  ].join('\n\n');
}
