/**
 * `npm run bench:report`: writes the measurements so far as tables and charts to `docs/`, and as a table to the README.
 *
 *   npm run bench:report -- [--runs FILE] [--growth FILE]
 */
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { format, resolveConfig } from 'prettier';
import { ratioChart, growthChart } from './charts.js';
import { CLIENTS } from './clients.js';
import type { Client } from './clients.js';
import type { Growth } from './growth.js';
import type { WrittenRun } from './run.js';
import { GIB, MIB, SCENARIOS } from './scenarios.js';

const ROOT = path.resolve(import.meta.dirname, '../..');
const BEGIN = '<!-- speed: written by `npm run bench:report` -->';
const END = '<!-- /speed -->';

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: path.join(ROOT, '.cache/bench/runs.jsonl') },
    growth: { type: 'string', default: path.join(ROOT, '.cache/bench/growth.jsonl') },
  },
});

async function linesOf<T>(file: string): Promise<T[]> {
  if (!existsSync(file)) return [];
  const lines = (await readFile(file, 'utf8')).split('\n').filter(Boolean);
  return lines.map((line) => JSON.parse(line) as T);
}

const median = (figures: readonly number[]): number => {
  const sorted = figures.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
};

const all = await linesOf<WrittenRun>(values.runs);
const growth = await linesOf<Growth>(values.growth);
const runs = all.filter(({ store }) => store === 'sink');
const of = (scenario: string, client: string): WrittenRun[] =>
  runs.filter((run) => run.scenario === scenario && run.client === client);

/** Returns median and range of the ratios, or that all runs failed. */
function ratioCell(scenario: string, client: string): string {
  const its = of(scenario, client);
  if (!its.length) return '–';
  const ratios = its.filter(({ failure }) => failure === null).map(({ ratio }) => ratio);
  if (!ratios.length) return 'fails';
  const range = ratios.length > 1 ? ` (${Math.min(...ratios).toFixed(2)}–${Math.max(...ratios).toFixed(2)})` : '';
  const failed = ratios.length < its.length ? `, ${its.length - ratios.length} of ${its.length} fail` : '';
  return `${median(ratios).toFixed(2)}${range}${failed}`;
}

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');

const scenarios = SCENARIOS.filter(({ id }) => of(id, 'bare').length > 0);
const measured = CLIENTS.filter(({ id }) => id !== 'bare' && runs.some(({ client }) => client === id));
/** Clients that ran every scenario: the README has no room for more. */
const shown = measured.filter((client) => scenarios.every(({ id }) => of(id, client.id).length > 0));
const ratiosOf = (clients: readonly Client[]): string =>
  table(
    ['time, as a ratio to the bare limit', 'target', ...clients.map(({ title }) => title), 'limit itself'],
    scenarios.map(({ id, title, target }) => [
      title,
      String(target),
      ...clients.map((client) => ratioCell(id, client.id)),
      `${(median(of(id, 'bare').map(({ time }) => time)) / 1_000).toFixed(2)} s`,
    ]),
  );
const ratioTable = ratiosOf(measured);

/** The cost of 1 GiB by client. */
const costTable = table(
  [
    '1 GiB, 8 MiB parts, 4 at a time',
    'CPU s',
    'page memory over idle, MiB',
    'longest task, ms',
    'signer calls',
    'preflights',
  ],
  CLIENTS.flatMap(({ id, title }) => {
    const its = of('fixed', id).filter(({ failure }) => failure === null);
    if (!its.length) return [];
    const middle = (figure: (run: WrittenRun) => number): number => median(its.map(figure));
    return [
      [
        title,
        middle(({ cpu }) => cpu).toFixed(2),
        middle(({ memory }) => memory / MIB).toFixed(1),
        middle(({ longestTask }) => longestTask).toFixed(0),
        middle(({ signerCalls }) => signerCalls).toFixed(0),
        middle(({ preflights }) => preflights ?? 0).toFixed(0),
      ],
    ];
  }),
);

/** The cost of this element by scenario. */
const ownTable = table(
  ['`<mule-upload>`', 'CPU, ratio to the limit’s', 'page memory over idle, MiB', 'longest task, ms', 'signer calls'],
  scenarios.flatMap(({ id, title }) => {
    const its = of(id, 'element').filter(({ failure }) => failure === null);
    if (!its.length) return [];
    const cpu = its.map((run) => run.cpu / of(id, 'bare').find(({ round }) => round === run.round)!.cpu);
    const middle = (figure: (run: WrittenRun) => number): string => median(its.map(figure)).toFixed(0);
    return [
      [
        title,
        median(cpu).toFixed(2),
        median(its.map(({ memory }) => memory / MIB)).toFixed(1),
        middle(({ longestTask }) => longestTask),
        middle(({ signerCalls }) => signerCalls),
      ],
    ];
  }),
);

const growthTable = table(
  ['', 'time', 'page memory over idle, MiB', 'longest task, ms', 'signer calls'],
  growth.map(({ what, count, time, memory, longestTask, signerCalls }) => [
    `${count.toLocaleString('en')} ${what}`,
    `${(time / 1_000).toFixed(1)} s`,
    (memory / MIB).toFixed(1),
    String(Math.round(longestTask)),
    String(signerCalls),
  ]),
);

const rounds = Math.min(...scenarios.map(({ id }) => of(id, 'element').length));
const [cpu] = os.cpus();
const machine = `${os.cpus().length} cores (${cpu?.model.trim() ?? 'unknown'}), ${Math.round(os.totalmem() / GIB)} GiB of memory, shared by browser, store and signer`;
const intro = `Medians of ${rounds} or more interleaved rounds, with ranges in brackets. Real Chromium, real files in a real file input, and a store in its own process that discards the bytes. The bare limit is a loop of XHR PUTs of slices to URLs presigned beforehand, four at a time: no signing, no state, no Create, no Complete. The machine: ${machine}. On so few cores clients compete with the store, and ranges are wide.`;

const tidy = async (text: string): Promise<string> =>
  format(text, { ...(await resolveConfig(path.join(ROOT, 'README.md'))), parser: 'markdown' });
const folder = path.join(ROOT, 'docs');
await mkdir(folder, { recursive: true });
await writeFile(
  path.join(folder, 'speed.md'),
  await tidy(
    `# Speed\n\n${intro}\n\n${ratioTable}\n\n![](speed.svg)\n\n${costTable}\n\n${ownTable}\n${growth.length ? `\n## Growth\n\n${growthTable}\n\n![](growth.svg)\n` : ''}`,
  ),
);
await writeFile(
  path.join(folder, 'speed.svg'),
  ratioChart(
    scenarios.map(({ id, title, target }) => ({
      title,
      target,
      bars: shown.map((client) => {
        const ratios = of(id, client.id).flatMap(({ failure, ratio }) => (failure === null ? [ratio] : []));
        return { title: client.title.replaceAll('`', ''), ratio: ratios.length ? median(ratios) : null };
      }),
    })),
  ),
);
if (growth.length) await writeFile(path.join(folder, 'growth.svg'), growthChart(growth));

const readme = await readFile(path.join(ROOT, 'README.md'), 'utf8');
const [before, rest] = readme.split(BEGIN);
const after = rest?.split(END)[1];
if (before === undefined || after === undefined) throw new Error('README.md has no place for the table');
const section = `${BEGIN}\n\n${ratiosOf(shown)}\n\n${END}`;
await writeFile(path.join(ROOT, 'README.md'), await tidy(before + section + after));
console.log(`${ratioTable}\n\n${costTable}\n\n${ownTable}\n\n${growthTable}`);
