/**
 * `npm run bench:trace`: shows where the time of a scenario goes, for a bare limit and this element: by thread of the browser,
 * by activity of the page's thread, by file of our code, and by calls of the platform.
 *
 *   npm run bench:trace -- [--scenario ID …] [--client ID …] [--calls]
 *
 * `--calls`: counts calls of the platform instead of tracing, because a trace takes time itself.
 */
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { SourceMap, type SourceMapPayload } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { ROOT } from '../../scripts/programs.js';
import { launch } from '../e2e/browser.js';
import { CLIENTS } from './clients.js';
import type { Client } from './clients.js';
import { COUNT_CALLS, type CallCounts } from './count-calls.js';
import { startPageServer } from './page-server.js';
import { BEGIN_MARK, END_MARK } from './pages/job.js';
import { runClient } from './run-client.js';
import type { BenchEnvironment, Run } from './run-client.js';
import { SCENARIOS } from './scenarios.js';
import type { Scenario } from './scenarios.js';
import { startBenchStore } from './stores.js';

const CATEGORIES = 'toplevel,blink,blink.user_timing,v8,disabled-by-default-v8.cpu_profiler';
/** Milliseconds until the browser has written its trace. */
const TRACE_TIMEOUT_MS = 60_000;
/** Threads that work less than this are not shown, in milliseconds. */
const MIN_SHOWN_MS = 20;

/** An event of a trace; times in microseconds. @see https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU */
interface TraceEvent {
  name: string;
  ph: string;
  pid: number;
  tid: number;
  ts: number;
  dur?: number;
  tdur?: number;
  id?: string;
  args: { name?: string; data?: ProfileChunk };
}

interface ProfileChunk {
  cpuProfile?: { nodes?: ProfileNode[]; samples?: number[] };
  timeDeltas?: number[];
}

interface ProfileNode {
  id: number;
  parent?: number;
  callFrame: { functionName: string; url?: string; lineNumber?: number; columnNumber?: number };
}

/** Milliseconds by name. */
type Milliseconds = Map<string, number>;

const add = (sums: Milliseconds, name: string, ms: number): void => void sums.set(name, (sums.get(name) ?? 0) + ms);

/** Returns the sum of the tasks' durations by thread, between two times. */
function timeByThread(events: readonly TraceEvent[], begin: number, end: number): Milliseconds {
  const nameOf = (kind: string, ids: (event: TraceEvent) => string): Map<string, string> =>
    new Map(events.filter(({ name }) => name === kind).map((event) => [ids(event), event.args.name ?? '']));
  const processes = nameOf('process_name', ({ pid }) => String(pid));
  const threads = nameOf('thread_name', ({ pid, tid }) => `${pid} ${tid}`);
  const sums: Milliseconds = new Map();
  for (const { name, ph, pid, tid, ts, dur = 0 } of events) {
    if (ph !== 'X' || !name.endsWith('RunTask') || ts < begin || ts > end) continue;
    const thread = threads.get(`${pid} ${tid}`)?.replace(/\d+$|\/\d+$/, '') ?? '';
    add(sums, `${processes.get(String(pid)) ?? ''}, ${thread}`, dur / 1_000);
  }
  return sums;
}

/** Returns the time of the page's thread by kind of event, without the time of the events inside. */
function timeByActivity(events: readonly TraceEvent[], begin: TraceEvent, end: number): Milliseconds {
  const sums: Milliseconds = new Map();
  const onThread = events
    .filter(
      ({ ph, pid, tid, ts }) => ph === 'X' && pid === begin.pid && tid === begin.tid && ts >= begin.ts && ts < end,
    )
    .toSorted((a, b) => a.ts - b.ts || (b.dur ?? 0) - (a.dur ?? 0));
  const open: TraceEvent[] = [];
  for (const event of onThread) {
    while (open.length && open.at(-1)!.ts + open.at(-1)!.dur! <= event.ts) open.pop();
    add(sums, event.name, (event.dur ?? 0) / 1_000);
    const outer = open.at(-1);
    if (outer) add(sums, outer.name, -(event.dur ?? 0) / 1_000);
    open.push(event);
  }
  return sums;
}

/** Names the source file that a function comes from, or what else runs. */
async function createNaming(): Promise<(frame: ProfileNode['callFrame']) => string | null> {
  const maps = new Map<string, SourceMap | null>();
  for (const file of ['mule-upload', 'mule-upload-engine', 'mule-upload-list', 'mule-upload-deferred-code']) {
    const mapFile = path.join(ROOT, `dist/cdn/${file}.js.map`);
    const text = existsSync(mapFile) ? await readFile(mapFile, 'utf8') : null;
    maps.set(file, text === null ? null : new SourceMap(JSON.parse(text) as SourceMapPayload));
  }
  return ({ functionName, url, lineNumber = 0, columnNumber = 0 }) => {
    if (!url) return /^\((?:idle|program|garbage collector)\)$/.test(functionName) ? functionName : null;
    const map = maps.get(path.basename(new URL(url).pathname, '.js'));
    const entry = map?.findEntry(lineNumber, columnNumber);
    if (!entry || !('originalSource' in entry)) return 'benchmark';
    const [, source] = /(?:^|\/)(src\/.*|node_modules\/[@\w-]+)/.exec(entry.originalSource) ?? [];
    return source ?? entry.originalSource;
  };
}

/** Returns the time of the page's script by file; calls of the platform count for the function that makes them. */
function timeByFile(
  events: readonly TraceEvent[],
  pid: number,
  [begin, end]: readonly [number, number],
  nameOf: (frame: ProfileNode['callFrame']) => string | null,
): Milliseconds {
  const sums: Milliseconds = new Map();
  const profiles = events.filter((event) => event.name === 'Profile' && event.pid === pid);
  for (const { id, ts } of profiles) {
    const nodes = new Map<number, ProfileNode>();
    let at = ts;
    for (const { args } of events.filter(
      (event) => event.name === 'ProfileChunk' && event.pid === pid && event.id === id,
    )) {
      const { cpuProfile, timeDeltas = [] } = args.data ?? {};
      for (const node of cpuProfile?.nodes ?? []) nodes.set(node.id, node);
      for (const [index, sample] of (cpuProfile?.samples ?? []).entries()) {
        const duration = timeDeltas[index] ?? 0;
        at += duration;
        if (at < begin || at > end) continue;
        let node = nodes.get(sample);
        let name = node ? nameOf(node.callFrame) : null;
        while (name === null && node?.parent !== undefined) {
          node = nodes.get(node.parent);
          name = node ? nameOf(node.callFrame) : null;
        }
        add(sums, name ?? 'other', duration / 1_000);
      }
    }
  }
  return sums;
}

/** Runs a client with a trace. */
async function trace(
  bench: Omit<BenchEnvironment, 'browser'>,
  client: Client,
  scenario: Scenario,
): Promise<{ run: Run; tables: Milliseconds[] }> {
  const file = path.join(bench.folder, `${scenario.id}-${client.id}.json`);
  const args = [`--trace-startup=${CATEGORIES}`, `--trace-startup-file=${file}`, '--trace-startup-duration=0'];
  const browser = await launch('chromium', { args: [...args, '--trace-startup-format=json'] });
  const run = await runClient({ ...bench, browser }, client, scenario).finally(() => browser.close());
  for (let waited = 0; !existsSync(file) && waited < TRACE_TIMEOUT_MS; waited += 100) await sleep(100);
  if (!existsSync(file))
    throw new Error(`Chromium has written no trace of ${scenario.id}: the scenario may be too long`);
  const { traceEvents: events } = JSON.parse(await readFile(file, 'utf8')) as { traceEvents: TraceEvent[] };
  const begin = events.find(({ name }) => name === BEGIN_MARK);
  const end = events.find(({ name }) => name === END_MARK);
  if (!begin || !end) throw new Error(`the trace has no mark ${BEGIN_MARK} or ${END_MARK}`);
  const tables = [
    timeByThread(events, begin.ts, end.ts),
    timeByActivity(events, begin, end.ts),
    timeByFile(events, begin.pid, [begin.ts, end.ts], await createNaming()),
  ];
  return { run, tables };
}

/** Runs a client that counts its calls of the platform. @returns calls and milliseconds of a file */
async function countCalls(
  bench: Omit<BenchEnvironment, 'browser'>,
  client: Client,
  scenario: Scenario,
): Promise<{ run: Run; counts: CallCounts }> {
  const browser = await launch('chromium');
  bench.pageServer.pageScript = COUNT_CALLS;
  try {
    const run = await runClient({ ...bench, browser }, client, scenario);
    return { run, counts: await browser.evaluate<[], CallCounts>('window.callCounts') };
  } finally {
    bench.pageServer.pageScript = '';
    await browser.close();
  }
}

function printColumns(title: string, columns: readonly (readonly [string, Milliseconds])[]): void {
  const names = new Set(columns.flatMap(([, sums]) => [...sums.keys()]));
  const most = (name: string): number => Math.max(...columns.map(([, sums]) => sums.get(name) ?? 0));
  const shown = [...names].filter((name) => most(name) >= MIN_SHOWN_MS).sort((a, b) => most(b) - most(a));
  console.log(`\n${title}, ms`);
  console.table(
    Object.fromEntries(
      shown.map((name) => [
        name,
        Object.fromEntries(columns.map(([client, sums]) => [client, Math.round(sums.get(name) ?? 0)])),
      ]),
    ),
  );
}

const { values } = parseArgs({
  options: {
    scenario: { type: 'string', multiple: true, default: ['medium'] },
    client: { type: 'string', multiple: true, default: ['bare', 'element'] },
    calls: { type: 'boolean', default: false },
  },
});
const folder = await mkdtemp(path.join(tmpdir(), 'mule-upload-trace-'));
const store = await startBenchStore('sink');
const pageServer = await startPageServer(store);
const bench = { pageServer, store, folder };
try {
  for (const scenario of SCENARIOS.filter(({ id }) => values.scenario.includes(id))) {
    const clients = CLIENTS.filter((client) => values.client.includes(client.id) && client.canRun(scenario));
    console.log(`\n${scenario.title}`);
    if (values.calls) {
      for (const client of clients) {
        const { run, counts } = await countCalls(bench, client, scenario);
        console.log(`${client.id}: ${run.time.toFixed(0)} ms, ${run.signerCalls} signer calls; for each file:`);
        const { files } = scenario;
        console.table(
          Object.fromEntries(
            Object.entries(counts)
              .filter(([, { calls }]) => calls > 0)
              .map(([name, { calls, ms }]) => [
                name,
                { calls: calls / files, 'ms in the page': +(ms / files).toFixed(3) },
              ]),
          ),
        );
      }
      continue;
    }
    const traced = [];
    for (const client of clients) traced.push({ client: client.id, ...(await trace(bench, client, scenario)) });
    console.log(traced.map(({ client, run }) => `${client}: ${run.time.toFixed(0)} ms`).join(', '));
    for (const [index, title] of ['tasks by thread', 'activity of the page’s thread', 'script by file'].entries())
      printColumns(
        title,
        traced.map(({ client, tables }) => [client, tables[index]!] as const),
      );
  }
} finally {
  pageServer.close();
  await store.stop();
  await rm(folder, { recursive: true, force: true });
}
