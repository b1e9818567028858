/**
 * `npm run bench:report`: writes the stored results of `npm run bench` and `npm run bench:growth` as tables and charts to
 * `docs/`, and one table to the README.
 *
 *   npm run bench:report -- [--runs FILE] [--growth FILE]
 */
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { format, resolveConfig } from 'prettier';
import { ROOT } from '../../scripts/programs.js';
import { growthChart, ratioChart } from './charts.js';
import type { Growth } from './growth.js';
import { barsOf, rowsOf } from './report-data.js';
import { roundsOf, TABLE_FILTERS, speedPage } from './report-page.js';
import { readmeTable, clientsShown } from './report-tables.js';
import type { RunRecord } from './run.js';
import { GIB } from './scenarios.js';

const BEGIN = '<!-- speed: written by `npm run bench:report` -->';
const END = '<!-- /speed -->';
const DOCS = path.join(ROOT, 'docs');
const README = path.join(ROOT, 'README.md');

async function readJsonLines<T>(file: string): Promise<T[]> {
  if (!existsSync(file)) return [];
  const lines = (await readFile(file, 'utf8')).split('\n').filter(Boolean);
  return lines.map((line) => JSON.parse(line) as T);
}

async function writeMarkdown(file: string, text: string): Promise<void> {
  await writeFile(file, await format(text, { ...(await resolveConfig(README)), parser: 'markdown' }));
}

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: path.join(ROOT, '.cache/bench/runs.jsonl') },
    growth: { type: 'string', default: path.join(ROOT, '.cache/bench/growth.jsonl') },
  },
});
const runs = await readJsonLines<RunRecord>(values.runs);
/** The last result for each size: the file may hold several benchmarks, and other clients. */
const growth = [
  ...new Map(
    (await readJsonLines<Growth>(values.growth))
      .filter(({ client }) => client === 'element')
      .map((one) => [`${one.count} ${one.what}`, one]),
  ).values(),
];
const rows = rowsOf(runs, TABLE_FILTERS[0]!);
if (!rows.length) throw new Error(`${values.runs} has no first visit; npm run bench measures`);

const cpu = os.cpus()[0]?.model.trim() ?? 'unknown';
const machine = `${os.cpus().length} cores (${cpu}), ${Math.round(os.totalmem() / GIB)} GiB of memory, shared by browser, store and signer`;
const page = speedPage({ runs, growth, machine });
await mkdir(DOCS, { recursive: true });
await writeMarkdown(path.join(DOCS, 'speed.md'), page);
const groups = rows.map((row) => ({ title: row.scenario.title, bars: barsOf(row, clientsShown(rows)) }));
await writeFile(path.join(DOCS, 'speed.svg'), ratioChart(groups));
if (growth.length) await writeFile(path.join(DOCS, 'growth.svg'), growthChart(growth));

const readme = await readFile(README, 'utf8');
const [before, rest] = readme.split(BEGIN);
const after = rest?.split(END)[1];
if (before === undefined || after === undefined) throw new Error('README.md has no place for the table');
const caption = `First visits, each in a new browser with an empty profile; medians of all rounds (${roundsOf(rows)}), with ranges:`;
await writeMarkdown(README, [before + BEGIN, caption, readmeTable(rows), END + after].join('\n\n'));
console.log(page);
