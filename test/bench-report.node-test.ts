import { strict as assert } from 'node:assert';
import { describe, it } from 'node:test';
import { format } from 'prettier';
import { checkFigures } from './bench/check.js';
import { CLIENTS, BARE_LIMITS } from './bench/clients.js';
import {
  barsOf,
  missingLimits,
  mostFrequentBest,
  ratiosToBase,
  ratiosToBest,
  clientsFasterThanLimits,
  rowsOf,
  runsOf,
} from './bench/report-data.js';
import type { Row } from './bench/report-data.js';
import { speedPage } from './bench/report-page.js';
import { readmeTable } from './bench/report-tables.js';
import type { RunRecord } from './bench/run.js';
import { MIB, SCENARIOS } from './bench/scenarios.js';

const DAY_MS = 86_400_000;
const START = Date.UTC(2026, 10, 30, 12);
const FIRST = { visit: 'first', tls: false } as const;
const NEW = 'new000000000';
const OLD = 'old000000000';

/** Returns a run of the element, with changes. */
const run = (changes: Partial<RunRecord> = {}): RunRecord => ({
  scenario: 'medium',
  client: 'element',
  store: 'sink',
  ...FIRST,
  round: '1-1',
  engine: NEW,
  at: START,
  time: 1_000,
  begunAt: START,
  failure: null,
  longestTask: 0,
  firstByte: 20,
  cpu: 1,
  browserCpu: 1,
  memory: MIB,
  signerCalls: 1,
  preflights: 1,
  ...changes,
});

/** Returns the runs of one round, by the times of the clients; null: the client failed. */
const roundOf = (times: Record<string, number | null>, changes: Partial<RunRecord> = {}): RunRecord[] =>
  Object.entries(times).map(([client, time]) =>
    run({ client, time: time ?? 300_000, failure: time === null ? 'Error: it broke' : null, ...changes }),
  );

const onlyRow = (runs: readonly RunRecord[]): Row => {
  const rows = rowsOf(runs, FIRST);
  assert.equal(rows.length, 1);
  return rows[0]!;
};

/** Returns runs of every client in each scenario that it can run: limits take 1 s, the others 2 s. */
const everyRun = (changes: Partial<RunRecord> = {}): RunRecord[] =>
  SCENARIOS.flatMap((scenario) =>
    scenario.visits.flatMap((visit) =>
      CLIENTS.filter((client) => client.canRun(scenario)).map(({ id, bareLimit }) =>
        run({ scenario: scenario.id, visit, client: id, time: bareLimit ? 1_000 : 2_000, ...changes }),
      ),
    ),
  );

const pageOf = async (runs: readonly RunRecord[]): Promise<string> =>
  format(speedPage({ runs, growth: [], machine: 'a machine' }), { parser: 'markdown' });

/** Returns the cells of the first line of a page that begins with a title. */
const cellsOf = (page: string, title: string): string[] =>
  page
    .split('\n')
    .find((line) => line.startsWith(`| ${title} `))!
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim());

describe('ratios of the benchmark', () => {
  it('are taken within a round, however fast the machine was in another', () => {
    const row = onlyRow([
      ...roundOf({ bare: 1_000, element: 1_500 }, { round: '1-1' }),
      ...roundOf({ bare: 4_000, element: 4_000 }, { round: '1-2' }),
    ]);
    assert.deepEqual(ratiosToBase(row, 'element'), [1.5, 1]);
    assert.deepEqual(
      ratiosToBase(row, 'element', ({ cpu }) => cpu),
      [1, 1],
    );
  });

  it('compare no runs of another scenario, visit, protocol or store, though their rounds have the same name', () => {
    const runs = [
      ...roundOf({ bare: 1_000, element: 1_200 }),
      ...roundOf({ bare: 10, element: 1 }, { scenario: 'small' }),
      ...roundOf({ bare: 10, element: 2 }, { visit: 'later' }),
      ...roundOf({ bare: 10, element: 3 }, { tls: true }),
      ...roundOf({ bare: 10, element: 4 }, { store: 'ceph' }),
    ];
    const [medium, small] = rowsOf(runs, FIRST);
    assert.deepEqual(ratiosToBase(medium!, 'element'), [1.2]);
    assert.deepEqual(ratiosToBase(small!, 'element'), [0.1]);
    const [later] = rowsOf(runs, { visit: 'later', tls: false });
    assert.deepEqual(ratiosToBase(later!, 'element'), [0.2]);
    const [tls] = rowsOf(runs, { visit: 'first', tls: true });
    assert.deepEqual(ratiosToBase(tls!, 'element'), [0.3]);
  });

  it('leave out a round in which the client or the limit failed, or the limit has no figure', () => {
    const row = onlyRow([
      ...roundOf({ bare: null, 'bare-6': 500, element: 1_000 }, { round: '1-1' }),
      ...roundOf({ bare: 1_000, element: null }, { round: '1-2' }),
      ...roundOf({ bare: 1_000, element: 1_100 }, { round: '1-3', browserCpu: 0 }),
      ...roundOf({ element: 700 }, { round: '1-4' }),
    ]);
    assert.deepEqual(ratiosToBase(row, 'element'), [1.1]);
    assert.deepEqual(
      ratiosToBase(row, 'element', ({ browserCpu }) => browserCpu),
      [],
    );
    assert.deepEqual(ratiosToBest(row, 'element'), [2, 1.1]);
    assert.match(readmeTable([row]), /\| 1\.10, 1 of 4 fail \|/);
  });

  it('are taken to the best limit of each round, and the one that was best most often is named', () => {
    const row = onlyRow([
      ...roundOf({ bare: 1_000, 'bare-6': 800, 'bare-post-6': 500, element: 1_000 }, { round: '1-1' }),
      ...roundOf({ bare: 1_000, 'bare-6': 800, 'bare-post-6': 900, element: 1_000 }, { round: '1-2' }),
      ...roundOf({ bare: 1_000, 'bare-6': 2_000, 'bare-post-6': 500, element: 1_000 }, { round: '1-3' }),
    ]);
    assert.deepEqual(ratiosToBest(row, 'element'), [2, 1.25, 2]);
    assert.equal(mostFrequentBest(row)!.id, 'bare-post-6');
    assert.deepEqual(
      missingLimits(row).map(({ id }) => id),
      ['bare-post'],
    );
  });

  it('show which rivals were faster than the best limit, but not the element or its engine', () => {
    const row = onlyRow([
      ...roundOf({ bare: 1_000, 'bare-6': 800, element: 100, engine: 100, tus: 400, uppy: 900 }, { round: '1-1' }),
      ...roundOf({ bare: 1_000, 'bare-6': 800, element: 100, engine: 100, tus: 480, uppy: 700 }, { round: '1-2' }),
    ]);
    const found = clientsFasterThanLimits(row);
    assert.deepEqual(
      found.map(({ client, ratio }) => [client.id, ratio.toFixed(2)]),
      [['tus', '0.55']],
    );
  });
});

describe('the bars of the chart', () => {
  it('are medians; a client that always failed has an empty one, and one without a ratio has none', () => {
    const row = onlyRow([
      ...roundOf({ bare: 1_000, element: 1_500, tus: null }, { round: '1-1' }),
      ...roundOf({ bare: 1_000, element: 1_600, tus: null }, { round: '1-2' }),
      ...roundOf({ bare: null, element: 1_000, upchunk: 1_000 }, { round: '1-3' }),
    ]);
    const bars = barsOf(row, CLIENTS).filter(({ title }) => title !== BARE_LIMITS[0]!.title);
    assert.deepEqual(bars, [
      { title: '<mule-upload>', ratio: 1.55 },
      { title: 'tus-js-client, own protocol', ratio: null },
    ]);
  });
});

describe('a row of several states of the engine', () => {
  it('has the runs of the newest state that the element was measured on, in whichever order they were written', () => {
    const row = onlyRow([
      ...roundOf({ bare: 1_000, element: 1_100 }, { engine: NEW, round: '2-1', at: START }),
      ...roundOf({ bare: 1_000, element: 3_000, tus: 1 }, { engine: OLD, round: '1-1', at: START - DAY_MS }),
      ...roundOf({ bare: 1_000, uppy: 1 }, { engine: 'later0000000', round: '3-1', at: START + DAY_MS }),
    ]);
    assert.deepEqual([row.engine, row.date, row.rounds.length], [NEW, '2026-11-30', 1]);
    assert.deepEqual(ratiosToBase(row, 'element'), [1.1]);
    assert.deepEqual([...runsOf(row, 'tus'), ...runsOf(row, 'uppy')], []);
  });

  it('is found for each row by itself', () => {
    const rows = rowsOf(
      [
        ...roundOf({ bare: 1, element: 1 }, { engine: OLD, at: START - 2 * DAY_MS, scenario: 'small' }),
        ...roundOf({ bare: 1, element: 1 }, { engine: NEW }),
      ],
      FIRST,
    );
    assert.deepEqual(
      rows.map(({ scenario, engine, date }) => [scenario.id, engine, date]),
      [
        ['medium', NEW, '2026-11-30'],
        ['small', OLD, '2026-11-28'],
      ],
    );
  });
});

describe('the page with the figures', () => {
  it('has target, both ratios, the limit’s own time, and what was measured', async () => {
    const page = await pageOf([
      ...roundOf({ bare: 1_000, 'bare-post': 500, element: 1_000, uppy: null }, { round: '1-1' }),
      ...roundOf({ bare: 2_000, 'bare-post': 500, element: 3_000, uppy: null }, { round: '1-2' }),
    ]);
    assert.deepEqual(cellsOf(page, SCENARIOS[0]!.title), [
      `${SCENARIOS[0]!.title} [^medium-first]`,
      String(SCENARIOS[0]!.target),
      '1.25 (1.00–1.50)',
      '4.00 (2.00–6.00); four POSTs',
      'fails',
      '1.50 s',
      `2026-11-30, ${NEW}`,
    ]);
    assert.match(page, /^\[\^medium-first\]: Missing from some rounds: six PUTs, six POSTs\.$/m);
  });

  it('says in a footnote which rivals are faster than the limit', async () => {
    const times: Record<string, number> = { tus: 700, uppy: 850 };
    const page = await pageOf(everyRun().map((one) => ({ ...one, time: times[one.client] ?? one.time })));
    assert.match(
      page,
      /^\[\^own-later\]: The limit is wrong: tus-js-client, own protocol took 0\.70; Uppy, signer took 0\.85 of the best limit’s time\.$/m,
    );
  });

  it('has tables of HTTP/2 if that was measured, and describes each limit', async () => {
    const page = await pageOf(everyRun());
    for (const { title } of BARE_LIMITS) assert.equal(cellsOf(page, title)[0], title);
    assert.deepEqual(
      [...page.matchAll(/^## (.*visit.*)/gm)].map(([, heading]) => heading),
      ['First visit', 'Later visit', 'Costs of a first visit'],
    );
    const both = await pageOf([...everyRun(), ...roundOf({ bare: 1, element: 1 }, { tls: true })]);
    assert.match(both, /^## First visit, HTTP\/2$/m);
  });
});

describe('the check of the figures', () => {
  it('passes for a page of the present engine with every scenario and visit, and footnotes', async () => {
    const runs = everyRun().map((one) => (one.client === 'uppy' ? { ...one, time: 850 } : one));
    assert.deepEqual(checkFigures(await pageOf(runs), NEW), []);
  });

  it('names each row of another engine, in the tables of costs and HTTP/2 too', async () => {
    const page = await pageOf([
      ...everyRun().map((one) => (one.scenario === 'line' ? { ...one, engine: OLD } : one)),
      ...roundOf({ bare: 1, element: 1 }, { tls: true, engine: OLD }),
    ]);
    assert.deepEqual(checkFigures(page, NEW), [
      `First visit, “64 MiB, 50 ms, 100 Mbit/s”: measured on 2026-11-30, ${OLD}, not on ${NEW}`,
      `Later visit, “64 MiB, 50 ms, 100 Mbit/s”: measured on 2026-11-30, ${OLD}, not on ${NEW}`,
      `First visit, HTTP/2, “200 × 1 MiB, POST allowed”: measured on 2026-11-30, ${OLD}, not on ${NEW}`,
      `Costs of a first visit, “64 MiB, 50 ms, 100 Mbit/s”: measured on 2026-11-30, ${OLD}, not on ${NEW}`,
    ]);
  });

  it('names each scenario and visit without a row; a row of HTTP/2 is none', async () => {
    const page = await pageOf([
      ...everyRun().filter(({ scenario, visit }) => scenario !== 'gone' && (scenario !== 'own' || visit === 'first')),
      ...roundOf({ bare: 1, element: 1 }, { tls: true, scenario: 'own', visit: 'later' }),
    ]);
    assert.deepEqual(checkFigures(page, NEW), [
      'Later visit, “1 GiB, own defaults”: no row',
      'First visit, “256 MiB, store gone for 20 s”: no row',
    ]);
  });

  it('names all scenarios for a page without the column', () => {
    const page = `# Speed\n\n| time | target |\n| --- | --- |\n| ${SCENARIOS[0]!.title} | 1 |\n`;
    assert.equal(checkFigures(page, NEW).length, SCENARIOS.flatMap(({ visits }) => visits).length);
  });
});
