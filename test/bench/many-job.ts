/**
 * `npm run bench:many`: measures the page's main thread with ten thousand files listed, and with ten thousand parts
 * sent, in real Chromium. The transport is a fake that answers after 3 ms: no network is faster.
 *
 *   npm run bench:many -- [--files N] [--folder]
 */
import { mkdir, mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { createServer } from 'vite';
import { ROOT } from '../../scripts/run.js';
import { launch } from '../e2e/browser.js';
import { chooseFiles, dropFiles } from '../e2e/page.js';
import type { Watched } from './many-page.js';

const MIB = 1024 ** 2;
const PARTS = 10_000;

const { values } = parseArgs({
  options: { files: { type: 'string', default: '10000' }, folder: { type: 'boolean', default: false } },
});
const files = Number(values.files);

// Lit in production mode: in development it logs every step
process.env.NODE_ENV = 'production';
const folder = await mkdtemp(path.join(tmpdir(), 'mule-upload-many-'));
const server = await createServer({
  configFile: false,
  root: ROOT,
  mode: 'production',
  logLevel: 'error',
  optimizeDeps: { entries: ['test/bench/many-page.html'] },
  server: { port: 0, host: '127.0.0.1', hmr: false, ws: false, watch: null },
});
await server.listen();
const browser = await launch('chromium');

function print(what: string, { longestTask, longTasks, longestFrame, meanFrame, frames, seconds }: Watched): void {
  console.log(
    `${what}: ${seconds.toFixed(1)} s, longest task ${Math.round(longestTask)} ms, ${longTasks} over 50 ms, `
      + `${frames} frames, mean ${meanFrame.toFixed(1)} ms, longest ${Math.round(longestFrame)} ms`,
  );
}

async function openPage(): Promise<void> {
  await browser.goto(`${server.resolvedUrls!.local[0]}test/bench/many-page.html`);
  await browser.waitFor('Boolean(window.bench)');
  // the page's start-up work continues after it has loaded
  await new Promise((resolve) => setTimeout(resolve, 3_000));
}

const run = (code: string): Promise<Watched> => browser.evaluate<[], Watched>(code);

try {
  await openPage();
  print('nothing to do, for comparison', await run('bench.watch(() => new Promise((done) => setTimeout(done, 3000)))'));
  print(`${files} files added`, await run(`bench.add(${files})`));
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  const rows = await browser.evaluate<[], number>("bench.element.shadowRoot.querySelectorAll('.row').length");
  console.log(`${rows} rows rendered of ${files}`);
  print('the list scrolled from top to end in 300 steps', await run('bench.scroll(300)'));
  print(`${files} files uploaded`, await run('bench.upload()'));

  await openPage();
  const huge = path.join(folder, 'huge.bin');
  const handle = await open(huge, 'w');
  await handle.truncate(PARTS * 5 * MIB);
  await handle.close();
  await chooseFiles(browser, [huge]);
  await browser.waitFor('bench.element.uploads.length === 1');
  print(`one file of ${PARTS} parts uploaded, part map shown`, await run('bench.upload()'));
  console.log(`${await browser.evaluate<[], number>('bench.store.parts')} parts sent`);

  if (values.folder) {
    await openPage();
    const tree = path.join(folder, 'tree');
    for (let sub = 0; sub < 100; sub++) {
      await mkdir(path.join(tree, `folder-${sub}`), { recursive: true });
      for (let one = 0; one < files / 100; one++)
        await writeFile(path.join(tree, `folder-${sub}`, `file-${one}.txt`), `content ${sub} ${one}`);
    }
    const watching = run(
      `bench.watch(async () => { while (bench.element.uploads.length < ${files}) await new Promise((go) => setTimeout(go, 100)); })`,
    );
    await dropFiles(browser, [tree]);
    print(`a folder of ${files} files in 100 folders dropped and walked`, await watching);
    console.log(
      `the last one's path: ${await browser.evaluate<[], string>('bench.element.uploads.at(-1).relativePath')}`,
    );
  }
} finally {
  await browser.close();
  await server.close();
  await rm(folder, { recursive: true, force: true });
}
