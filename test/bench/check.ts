/**
 * `npm run bench:check`: fails if `docs/speed.md` has no figures of a scenario, or figures of another `src/engine` than the
 * present one.
 */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { ROOT, isMain } from '../../scripts/programs.js';
import { engineState } from './engine-state.js';
import { headingOf } from './report-page.js';
import { MEASURED } from './report-tables.js';
import { SCENARIOS } from './scenarios.js';

/** A row of a table with a column “measured”. */
interface MeasuredRow {
  heading: string;
  title: string;
  /** Day and state of the engine. */
  measured: string;
}

/** Returns the cells of a table's line, without references to footnotes; null for other lines. */
function cellsOf(line: string): string[] | null {
  const inner = /^\|(.*)\|\s*$/.exec(line)?.[1];
  return inner?.split('|').map((cell) => cell.replace(/\[\^[^\]]+\]/g, '').trim()) ?? null;
}

function readRows(page: string): MeasuredRow[] {
  const rows: MeasuredRow[] = [];
  let heading = '';
  /** The cells of the present table's first line. */
  let head: string[] | null = null;
  for (const line of page.split('\n')) {
    const cells = cellsOf(line);
    heading = /^#+ (.*)$/.exec(line)?.[1]?.trim() ?? heading;
    const isRow = cells && head?.at(-1) === MEASURED && !/^:?-+:?$/.test(cells[0]!);
    if (isRow) rows.push({ heading, title: cells[0]!, measured: cells.at(-1)! });
    head = cells && (head ?? cells);
  }
  return rows;
}

/**
 * Compares a page of figures with the present code.
 * @param engine state of the present engine
 * @returns the problems, by row; none if the page is up to date
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
  const problems = checkFigures(await readFile(path.join(ROOT, 'docs/speed.md'), 'utf8'), engineState());
  if (problems.length) {
    console.error(
      `docs/speed.md is out of date. Run npm run bench, then npm run bench:report.\n  ${problems.join('\n  ')}`,
    );
    process.exitCode = 1;
  }
}
