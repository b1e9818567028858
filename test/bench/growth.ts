/**
 * `npm run bench:growth`: measures time and memory for 1, 10, 100 … files of 10 KiB, for 1, 10, 100 … parts of 5 MiB of one
 * sparse file, and for sparse files of 1 and 100 GiB with the default part size. An option `0` omits its step.
 *
 *   npm run bench:growth -- [--files N …] [--parts N …] [--gib N …] [--client element|engine] [--out FILE]
 */
import { appendFile, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { isMain } from '../../scripts/programs.js';
import { MIN_PART_SIZE } from '../../src/limits.js';
import { launch } from '../e2e/browser.js';
import { runClient, writeSparse } from './run-client.js';
import { CLIENTS } from './clients.js';
import { GIB, KIB, MIB } from './scenarios.js';
import type { Scenario } from './scenarios.js';
import { startPageServer } from './page-server.js';
import { startBenchStore } from './stores.js';

/** One line of the file of results, as JSON: times in milliseconds, memory in bytes, `cpu` in seconds. */
export interface Growth {
  what: 'files' | 'parts' | 'GiB in one file';
  count: number;
  client: string;
  time: number;
  memory: number;
  longestTask: number;
  signerCalls: number;
  cpu: number;
}

const DEFAULT_COUNTS = ['1', '10', '100', '1000', '10000'];
const TIMEOUT_MS = 1_800_000;

async function measure(): Promise<void> {
  const { values } = parseArgs({
    options: {
      files: { type: 'string', multiple: true, default: DEFAULT_COUNTS },
      parts: { type: 'string', multiple: true, default: DEFAULT_COUNTS },
      gib: { type: 'string', multiple: true, default: ['1', '100'] },
      client: { type: 'string', default: 'element' },
      out: { type: 'string', default: '.cache/bench/growth.jsonl' },
    },
  });
  await mkdir(path.dirname(values.out), { recursive: true });
  const folder = await mkdtemp(path.join(tmpdir(), 'mule-upload-growth-'));
  const client = CLIENTS.find(({ id }) => id === values.client)!;
  const store = await startBenchStore('sink');
  const pageServer = await startPageServer(store);
  const browser = await launch('chromium');
  const scenarioDefaults = {
    title: '',
    conditions: {},
    hasClientDefaults: true,
    isPostAllowed: true,
    visits: ['first'] as const,
    target: Infinity,
  };

  async function measureStep(
    what: Growth['what'],
    count: number,
    scenario: Pick<Scenario, 'id' | 'files' | 'size'>,
    overrides: { paths?: string[]; attributes?: string } = {},
  ): Promise<void> {
    const settings = { timeoutMs: TIMEOUT_MS, ...overrides };
    const run = await runClient(
      { browser, pageServer, store, folder },
      client,
      { ...scenarioDefaults, ...scenario },
      settings,
    );
    if (run.failure !== null) throw new Error(run.failure);
    const { time, memory, longestTask, signerCalls, cpu } = run;
    const growth: Growth = { what, count, client: client.id, time, memory, longestTask, signerCalls, cpu };
    console.log(
      `${count} ${what}: ${(time / 1_000).toFixed(2)} s, memory +${(memory / MIB).toFixed(1)} MiB, longest task ${Math.round(longestTask)} ms, ${signerCalls} signer calls, CPU ${cpu.toFixed(1)} s`,
    );
    await appendFile(values.out, `${JSON.stringify(growth)}\n`);
  }

  try {
    const warmUp: Scenario = { ...scenarioDefaults, id: 'growth', files: 3, size: 10 * KIB };
    await runClient({ browser, pageServer, store, folder }, client, warmUp);
    const toNumbers = (given: string[]): number[] => given.map(Number).filter(Boolean);
    for (const count of toNumbers(values.files))
      await measureStep('files', count, { id: 'growth', files: count, size: 10 * KIB });
    for (const [what, bytesEach, attributes] of [
      ['parts', MIN_PART_SIZE, 'part-size="5MiB"'],
      ['GiB in one file', GIB, ''],
    ] as const) {
      for (const count of toNumbers(what === 'parts' ? values.parts : values.gib)) {
        const file = path.join(folder, 'sparse.bin');
        const size = count * bytesEach;
        await writeSparse(file, size);
        // with the same scope, the remembered throughput would lead to fewer, larger parts
        const id = `growth-${count}-${bytesEach}`;
        await measureStep(what, count, { id, files: 1, size }, { paths: [file], attributes });
      }
    }
  } finally {
    await browser.close();
    pageServer.close();
    await store.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

if (isMain(import.meta)) await measure();
