/** Commands of the test runner by which a browser test chooses and drops real files. Tests call them through `files.ts`. */
import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { randomBytes } from 'node:crypto';
import type { BasicTestSession, TestRunnerPlugin } from '@web/test-runner-core';
import type { ElementHandle, Page } from 'puppeteer-core';
import type { DropFiles, FileOnDisk, SetFiles, TruncateFile } from './files.js';
import { WebKitLauncher } from './webkit-launcher.js';

interface PuppeteerLauncher {
  getPage(sessionId: string): Page;
}

const pageOf = ({ browser, id }: BasicTestSession): Page => (browser as unknown as PuppeteerLauncher).getPage(id);

async function setFilesByPuppeteer(page: Page, selectors: readonly string[], files: readonly string[]): Promise<void> {
  const handle = await page.evaluateHandle(
    (path) =>
      path.reduce<ParentNode | null>(
        (root, selector) => ((root as Element).shadowRoot ?? root)!.querySelector(selector),
        document,
      ),
    [...selectors],
  );
  await (handle as ElementHandle<HTMLInputElement>).uploadFile(...files);
}

async function dropByDevTools(page: Page, { x, y }: DropFiles, files: string[]): Promise<void> {
  const session = await page.createCDPSession();
  const data = { items: [], files, dragOperationsMask: 1 };
  for (const type of ['dragEnter', 'dragOver', 'drop'] as const) {
    await session.send('Input.dispatchDragEvent', { type, x, y, data });
  }
  await session.detach();
}

/** Returns the plugin for `web-test-runner.config.mjs`. It writes files to a temporary folder, and removes them at the end. */
export function filesPlugin(): TestRunnerPlugin {
  let temporaryFolder: Promise<string> | undefined;
  /** Path of the last file of each name in each session, for `truncate-file`. */
  const writtenFiles = new Map<string, string>();

  /** Writes files to a new folder, because tests may use the same names. @returns their paths */
  async function writeFiles(files: readonly FileOnDisk[]): Promise<string[]> {
    temporaryFolder ??= mkdtemp(path.join(tmpdir(), 'mule-upload-files-'));
    const folder = await mkdtemp(path.join(await temporaryFolder, 'set-'));
    return Promise.all(
      files.map(async ({ name, content, size }) => {
        const file = path.join(folder, name);
        await writeFile(file, content ?? randomBytes(size ?? 0));
        return file;
      }),
    );
  }

  return {
    name: 'files',
    async serverStop() {
      if (temporaryFolder) await rm(await temporaryFolder, { recursive: true, force: true });
    },
    async executeCommand({ command, payload, session }) {
      if (command === 'set-files') {
        const { path: selectors, files } = payload as SetFiles;
        const paths = await writeFiles(files);
        for (const [index, { name }] of files.entries()) writtenFiles.set(`${session.id} ${name}`, paths[index]!);
        if (session.browser instanceof WebKitLauncher) await session.browser.setFiles(session.id, selectors, paths);
        else await setFilesByPuppeteer(pageOf(session), selectors, paths);
        return true;
      }
      if (command === 'truncate-file') {
        const { name, size } = payload as TruncateFile;
        await truncate(writtenFiles.get(`${session.id} ${name}`)!, size);
        return true;
      }
      if (command === 'drop-files') {
        if (session.browser.name !== 'Chromium') return false;
        const drop = payload as DropFiles;
        await dropByDevTools(pageOf(session), drop, await writeFiles(drop.files));
        return true;
      }
      return undefined;
    },
  };
}
