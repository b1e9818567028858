/**
 * `npm run bench:check`: fails if `docs/speed.md` has no figures of a scenario, or if a row was measured with another
 * version of `src/engine` than the present one.
 */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { ROOT, isMain } from '../../scripts/programs.js';
import { hashEngine } from './engine-hash.js';
import { headingOf } from './report-page.js';
import { MEASURED_HEADING } from './report-tables.js';
import { SCENARIOS } from './scenarios.js';

/** A row of a table whose last column is “measured”. */
interface MeasuredRow {
  heading: string;
  title: string;
  /** Day, and hash of the engine. */
  measured: string;
}

/** Returns the cells of a line of a Markdown table, without references to footnotes; null for other lines. */
function cellsOf(line: string): string[] | null {
  const rowText = /^\|(.*)\|\s*$/.exec(line)?.[1];
  return rowText?.split('|').map((cell) => cell.replace(/\[\^[^\]]+\]/g, '').trim()) ?? null;
}

function readRows(page: string): MeasuredRow[] {
  const rows: MeasuredRow[] = [];
  let heading = '';
  /** The first line of the table that is being read; null outside of tables. */
  let headerCells: string[] | null = null;
  for (const line of page.split('\n')) {
    const cells = cellsOf(line);
    heading = /^#+ (.*)$/.exec(line)?.[1]?.trim() ?? heading;
    const isRow = cells && headerCells?.at(-1) === MEASURED_HEADING && !/^:?-+:?$/.test(cells[0]!);
    if (isRow) rows.push({ heading, title: cells[0]!, measured: cells.at(-1)! });
    headerCells = cells && (headerCells ?? cells);
  }
  return rows;
}

/**
 * Compares a page of figures with the present code.
 * @param engine hash of the present `src/engine`
 * @returns one message per outdated or missing row; none if the page is up to date
 */
export function checkFigures(page: string, engine: string): string[] {
  const rows = readRows(page);
  const outdated = rows
    .filter(({ measured }) => measured.split(', ')[1] !== engine)
    .map(({ heading, title, measured }) => `${heading}, “${title}”: measured on ${measured}, not on ${engine}`);
  const missing = SCENARIOS.flatMap(({ title, visits }) =>
    visits
      .map((visit) => headingOf({ visit, tls: false }))
      .filter((heading) => !rows.some((row) => row.heading === heading && row.title === title))
      .map((heading) => `${heading}, “${title}”: no row`),
  );
  return [...outdated, ...missing];
}

if (isMain(import.meta)) {
  const problems = checkFigures(await readFile(path.join(ROOT, 'docs/speed.md'), 'utf8'), hashEngine());
  if (problems.length) {
    console.error(
      `docs/speed.md is out of date. Run npm run bench, then npm run bench:report.\n  ${problems.join('\n  ')}`,
    );
    process.exitCode = 1;
  }
}
