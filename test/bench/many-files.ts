/**
 * `npm run bench:many`: measures the page's main thread in Chromium, first with ten thousand files in the list, then while
 * ten thousand parts are sent. A fake transport answers after 3 ms, so the page is busier than with any network.
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
import type { MainThreadFigures } from './many-files-page.js';

const MIB = 1024 ** 2;
const PARTS = 10_000;

const { values } = parseArgs({
  options: { files: { type: 'string', default: '10000' }, folder: { type: 'boolean', default: false } },
});
const files = Number(values.files);

// in development mode Lit does additional checks
process.env.NODE_ENV = 'production';
const folder = await mkdtemp(path.join(tmpdir(), 'mule-upload-many-'));
const server = await createServer({
  configFile: false,
  root: ROOT,
  mode: 'production',
  logLevel: 'error',
  optimizeDeps: { entries: ['test/bench/many-files-page.html'] },
  server: { port: 0, host: '127.0.0.1', hmr: false, ws: false, watch: null },
});
await server.listen();
const browser = await launch('chromium');

function print(
  what: string,
  { longestTask, longTasks, longestFrame, meanFrame, frames, seconds }: MainThreadFigures,
): void {
  console.log(
    `${what}: ${seconds.toFixed(1)} s, longest task ${Math.round(longestTask)} ms, ${longTasks} over 50 ms, `
      + `${frames} frames, mean ${meanFrame.toFixed(1)} ms, longest ${Math.round(longestFrame)} ms`,
  );
}

async function openPage(): Promise<void> {
  await browser.goto(`${server.resolvedUrls!.local[0]}test/bench/many-files-page.html`);
  await browser.waitFor('Boolean(window.bench)');
  // the page's start-up work continues after its load event
  await new Promise((resolve) => setTimeout(resolve, 3_000));
}

const measureInPage = (code: string): Promise<MainThreadFigures> => browser.evaluate<[], MainThreadFigures>(code);

try {
  await openPage();
  print(
    'nothing to do, for comparison',
    await measureInPage('bench.measure(() => new Promise((done) => setTimeout(done, 3000)))'),
  );
  print(`${files} files added`, await measureInPage(`bench.add(${files})`));
  await browser.waitFor("bench.element.shadowRoot.querySelector('.row') !== null");
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  const rows = await browser.evaluate<[], number>("bench.element.shadowRoot.querySelectorAll('.row').length");
  console.log(`${rows} rows rendered of ${files}`);
  print('the list scrolled from top to end in 300 steps', await measureInPage('bench.scroll(300)'));
  print(`${files} files uploaded`, await measureInPage('bench.upload()'));

  await openPage();
  const hugeFile = path.join(folder, 'huge.bin');
  const handle = await open(hugeFile, 'w');
  await handle.truncate(PARTS * 5 * MIB);
  await handle.close();
  await chooseFiles(browser, [hugeFile]);
  await browser.waitFor('bench.element.uploads.length === 1');
  print(`one file of ${PARTS} parts uploaded, part map shown`, await measureInPage('bench.upload()'));
  console.log(`${await browser.evaluate<[], number>('bench.store.parts')} parts sent`);

  if (values.folder) {
    await openPage();
    const droppedFolder = path.join(folder, 'tree');
    for (let folderIndex = 0; folderIndex < 100; folderIndex++) {
      await mkdir(path.join(droppedFolder, `folder-${folderIndex}`), { recursive: true });
      for (let fileIndex = 0; fileIndex < files / 100; fileIndex++)
        await writeFile(
          path.join(droppedFolder, `folder-${folderIndex}`, `file-${fileIndex}.txt`),
          `content ${folderIndex} ${fileIndex}`,
        );
    }
    const dropMeasurement = measureInPage(
      `bench.measure(async () => { while (bench.element.uploads.length < ${files}) await new Promise((go) => setTimeout(go, 100)); })`,
    );
    await dropFiles(browser, [droppedFolder]);
    print(`a folder of ${files} files in 100 folders dropped and walked`, await dropMeasurement);
    console.log(
      `the last one's path: ${await browser.evaluate<[], string>('bench.element.uploads.at(-1).relativePath')}`,
    );
  }
} finally {
  await browser.close();
  await server.close();
  await rm(folder, { recursive: true, force: true });
}
