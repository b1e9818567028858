import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { mkdir, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, it } from 'node:test';
import { pressKeys, startDisplay } from '../browsers/display.js';
import { launch } from './browser.js';
import type { Engine, Page } from './browser.js';
import { chooseFiles, dropFiles, isOver, recordOf, untilParts, uploadsOf } from './page.js';
import { BUCKET, MIB, writeRandom } from './harness.js';
import { useHarness } from './use-harness.js';
import { storedAtRest } from './wait.js';

const SIZE = 80 * MIB;
/** Bytes per second: slow enough to stop an upload half-way. */
const SLOW_RATE = SIZE / 4;
/** Small enough for the engine to store a copy of the file in IndexedDB. */
const SMALL_SIZE = 7 * MIB;

/** Waits until the engine has stored the file, or its handle, and the upload's journal record. */
const untilFileStored = (page: Page): Promise<unknown> =>
  page.waitFor(async () => {
    const databases = await indexedDB.databases();
    const holdsAny = async (name: string, table: string): Promise<boolean> => {
      if (!databases.some((database) => database.name === name)) return false;
      const database = await new Promise<IDBDatabase>((resolve, reject) => {
        const request = indexedDB.open(name);
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error!);
      });
      try {
        return await new Promise<boolean>((resolve) => {
          const count = database.transaction(table).objectStore(table).count();
          count.onsuccess = () => resolve(count.result > 0);
        });
      } finally {
        database.close();
      }
    };
    return (await holdsAny('mule-upload-files', 'files')) && (await holdsAny('mule-upload', 'uploads'));
  });

const hasPart = (part: string): boolean =>
  Boolean(document.querySelector('mule-upload')!.shadowRoot!.querySelector(`[part=${part}]`));

/** Presses a button of the element, as a user does. */
const press = (page: Page, button: string): Promise<unknown> =>
  page.evaluate((selector: string) => {
    document.querySelector('mule-upload')!.shadowRoot!.querySelector<HTMLElement>(selector)!.click();
  }, button);

describe('a file that does not have to be chosen again', () => {
  const environment = useHarness('bucket');

  /** Starts an upload, and stops the page half-way. */
  async function startAndStop(page: Page, begin: () => Promise<void>, stop: () => Promise<void>) {
    const { proxy, s3, url } = environment.harness;
    proxy.reset();
    proxy.setRate(SLOW_RATE);
    await page.goto(url);
    await begin();
    await untilParts(page, 3);
    await untilFileStored(page);
    const [before] = await uploadsOf(page);
    await stop();
    const stored = await storedAtRest(s3, before!.key!, before!.uploadId!);
    assert.ok(stored.length >= 3 && stored.length < SIZE / (8 * MIB), `${stored.length} parts are stored`);
    proxy.reset();
    proxy.setRate(Infinity);
    return { id: before!.id, key: before!.key!, stored };
  }

  async function expectComplete(
    page: Page,
    sha256: string,
    { id, key, stored }: Awaited<ReturnType<typeof startAndStop>>,
  ): Promise<string> {
    const { proxy, s3 } = environment.harness;
    await page.waitFor(isOver);
    const [upload, ...others] = await uploadsOf(page);
    assert.equal(others.length, 0);
    assert.deepEqual([upload?.status, upload?.id, upload?.key, upload?.recovered], ['complete', id, key, true]);
    assert.deepEqual(await s3.digest(BUCKET, key), { sha256, size: SIZE });
    assert.deepEqual((await recordOf(page)).errors, []);
    const sentAgain = proxy.requests.filter(
      ({ kind, bytes, partNumber }) =>
        kind === 'part' && bytes > 0 && stored.some((part) => part.partNumber === partNumber),
    );
    assert.deepEqual(sentAgain, [], 'no stored part is sent again');
    assert.equal(proxy.count('create'), 0);
    return `${stored.length} of ${SIZE / (8 * MIB)} parts were stored, 0 of them sent again`;
  }

  it('is dropped on Chromium, which is then killed: it resumes after a click and a granted permission; if denied, it has to be chosen', async (t) => {
    const file = path.join(environment.folder, 'dropped.bin');
    const sha256 = await writeRandom(file, SIZE);
    const { program, display } = await startDisplay();
    const profile = path.join(environment.folder, 'profile-dropped');
    try {
      const first = await launch('chromium', { profile, display });
      const begun = await startAndStop(
        first,
        () => dropFiles(first, [file]),
        () => first.kill(),
      );
      // as backup and sync tools do
      await utimes(file, new Date(), new Date());
      const second = await launch('chromium', { profile, display });
      try {
        await second.goto(environment.harness.url);
        await second.waitFor("document.querySelector('mule-upload').uploads[0]?.needsPermission");
        await second.waitFor("document.querySelector('mule-upload').uploads[0].loaded > 0");
        const [found] = await uploadsOf(second);
        assert.equal(
          found!.loaded,
          begun.stored.reduce((sum, part) => sum + part.size, 0),
          'the progress is shown',
        );
        await second.waitFor(hasPart, {}, 'resume');
        await press(second, '[part=resume]');
        // the first button of the prompt closes it without a permission
        await answerPrompt(second, display, ['Return']);
        await second.waitFor(hasPart, {}, 'choose');

        await second.reload();
        await second.waitFor(hasPart, {}, 'resume');
        await press(second, '[part=resume]');
        // the second button grants the permission once
        await answerPrompt(second, display, ['Tab', 'Return']);
        t.diagnostic(await expectComplete(second, sha256, begun));
      } finally {
        await second.close();
      }
    } finally {
      await program.kill();
    }
  });

  it('resumes automatically if the user has allowed it on every page load', async (t) => {
    const file = path.join(environment.folder, 'allowed.bin');
    const sha256 = await writeRandom(file, SIZE);
    const profile = path.join(environment.folder, 'profile-allowed');
    // the setting that Chromium stores if the user always grants the permission
    const rule = { [`${new URL(environment.harness.url).origin},*`]: { setting: 1 } };
    const exceptions = { file_system_access_extended_permission: rule };
    await mkdir(path.join(profile, 'Default'), { recursive: true });
    await writeFile(
      path.join(profile, 'Default', 'Preferences'),
      JSON.stringify({ profile: { content_settings: { exceptions } } }),
    );
    const browser = await launch('chromium', { profile });
    try {
      const begun = await startAndStop(
        browser,
        () => dropFiles(browser, [file]),
        () => browser.reload(),
      );
      t.diagnostic(await expectComplete(browser, sha256, begun));
    } finally {
      await browser.close();
    }
  });

  for (const engine of ['chromium', 'firefox', 'webkit'] satisfies Engine[]) {
    it(`is small, and stored by ${engine}: after a reload, and after SIGKILL, it resumes automatically`, async () => {
      const { proxy, s3, url } = environment.harness;
      const file = path.join(environment.folder, `small-${engine}.bin`);
      const sha256 = await writeRandom(file, SMALL_SIZE);
      const profile = path.join(environment.folder, `profile-small-${engine}`);
      proxy.reset();
      proxy.setRate(256 * 1024);
      const first = await launch(engine, { profile });
      await first.goto(url);
      await chooseFiles(first, [file]);
      await untilFileStored(first);
      const id = (await uploadsOf(first))[0]!.id;
      await first.reload();
      await first.waitFor("document.querySelector('mule-upload').uploads[0]?.status === 'uploading'");
      await first.kill();
      proxy.reset();
      proxy.setRate(Infinity);
      const second = await launch(engine, { profile });
      try {
        await second.goto(url);
        await second.waitFor(isOver);
        const [upload, ...others] = await uploadsOf(second);
        assert.equal(others.length, 0);
        assert.deepEqual([upload?.status, upload?.id, upload?.recovered], ['complete', id, true]);
        assert.deepEqual(await s3.digest(BUCKET, upload!.key!), { sha256, size: SMALL_SIZE });
      } finally {
        await second.close();
      }
    });
  }
});

/** Presses keys repeatedly until the permission prompt, which appears with a delay, is answered. */
async function answerPrompt(page: Page, display: string, keys: readonly string[]): Promise<void> {
  const isAsked = "document.querySelector('mule-upload').uploads[0].needsPermission";
  for (let tries = 0; tries < 30 && (await page.evaluate(isAsked)); tries++) {
    await sleep(1_500);
    await pressKeys(display, ...keys);
    await sleep(500);
  }
}
