/**
 * `npm run screenshots -- [folder]`: writes screenshots of the demo page in Chromium, in each state, theme and some
 * languages, as PNG files. Uploads are real; the demo's switches produce the states.
 */
import { mkdir, mkdtemp, open, rm } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { serveDemo } from '../demo/serve.js';
import { launch, type Driver } from '../test/e2e/browser.js';
import { chooseFiles } from '../test/e2e/page.js';
import { ROOT } from './run.js';

const MB = 1_000_000;
const targetFolder = path.resolve(process.argv[2] ?? 'screenshots');

type Display = Parameters<Driver['setDisplay']>[0];
const DISPLAYS: Readonly<Record<string, Display>> = {
  light: { width: 900, height: 900 },
  dark: { width: 900, height: 900, features: { 'prefers-color-scheme': 'dark' } },
  'forced-colours': { width: 900, height: 900, features: { 'forced-colors': 'active' } },
  'forced-colours-dark': {
    width: 900,
    height: 900,
    features: { 'forced-colors': 'active', 'prefers-color-scheme': 'dark' },
  },
  'zoom-200': { width: 640, height: 512, scale: 2 },
  'zoom-400': { width: 320, height: 256, scale: 4 },
  narrow: { width: 320, height: 900 },
  print: { width: 900, height: 900, print: true },
};

/** Writes a sparse file: 1,000 random bytes, then zeros that need no space on disk. */
async function writeSparse(file: string, sizeBytes: number): Promise<string> {
  const handle = await open(file, 'w');
  await handle.write(randomBytes(1_000));
  await handle.truncate(sizeBytes);
  await handle.close();
  return file;
}

/** Draws a picture in the page and saves it. */
async function writePicture(browser: Driver, file: string): Promise<string> {
  const data = await browser.evaluate(() => {
    const canvas = Object.assign(document.createElement('canvas'), { width: 640, height: 480 });
    const context = canvas.getContext('2d')!;
    const sky = context.createLinearGradient(0, 0, 0, 480);
    sky.addColorStop(0, '#2a6fc9');
    sky.addColorStop(0.6, '#f4b183');
    context.fillStyle = sky;
    context.fillRect(0, 0, 640, 480);
    context.fillStyle = '#33513b';
    context.beginPath();
    for (const [x, y] of [
      [0, 480],
      [0, 330],
      [180, 210],
      [320, 340],
      [470, 180],
      [640, 330],
      [640, 480],
    ] as const)
      context.lineTo(x, y);
    context.fill();
    return canvas.toDataURL('image/png').split(',')[1]!;
  });
  const handle = await open(file, 'w');
  await handle.write(Buffer.from(data, 'base64'));
  await handle.close();
  return file;
}

const folder = await mkdtemp(path.join(tmpdir(), 'mule-upload-screenshots-'));
await mkdir(targetFolder, { recursive: true });
const demo = await serveDemo({
  port: 0,
  bucketDirectory: path.join(folder, 'bucket'),
  signer: { policy: { maxSize: 900 * MB } },
});
const browser = await launch('chromium', { profile: path.join(folder, 'profile'), args: ['--hide-scrollbars'] });

const setSwitch = (name: string, isOn: boolean): Promise<unknown> =>
  browser.evaluate(
    (switchName: string, on: boolean) =>
      fetch('/switches', {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ name: switchName, on }),
      }).then(() => null),
    name,
    isOn,
  );
const runScript = (code: string): Promise<unknown> => browser.evaluate(`(() => { ${code}; return null; })()`);
const wait = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

async function takeScreenshot(name: string, display: Display = DISPLAYS.light!): Promise<void> {
  await browser.setDisplay(display);
  await wait(250);
  await browser.screenshot(path.join(targetFolder, `${name}.png`));
  console.log(name);
}

/** Takes a screenshot of one state in every display. A small display is scrolled to the top of the element. */
async function takeAllScreenshots(state: string): Promise<void> {
  for (const [name, display] of Object.entries(DISPLAYS)) {
    await browser.setDisplay(display);
    const isSmall = display.height < 900 || display.width < 900;
    await runScript(`document.querySelector('${isSmall ? 'mule-upload' : 'body'}').scrollIntoView()`);
    await takeScreenshot(`${state}-${name}`, display);
  }
  await runScript('scrollTo(0, 0)');
}

try {
  await browser.setDisplay(DISPLAYS.light!);
  await browser.goto(demo.url);
  await browser.waitFor("document.querySelector('mule-upload')?.shadowRoot !== null");
  await takeScreenshot('empty');
  await runScript(
    "document.querySelector('mule-upload').setAttribute('max-size', '1GB'); document.querySelector('mule-upload').accept = '.mov,.wav,.png,.txt,.iso'",
  );
  const picture = await writePicture(browser, path.join(folder, 'glacier at dusk.png'));
  const film = await writeSparse(
    path.join(folder, 'Holiday in Iceland 2026 – raw footage, camera A, first and second day.mov'),
    640 * MB,
  );
  const files = [
    film,
    await writeSparse(path.join(folder, 'interview-take-2.wav'), 94 * MB),
    picture,
    await writeSparse(path.join(folder, 'notes.txt'), 21_000),
    await writeSparse(path.join(folder, 'too large for the signer.iso'), 950 * MB),
    await writeSparse(path.join(folder, 'setup.exe'), 2 * MB),
    await writeSparse(path.join(folder, 'backup.iso'), 1_200 * MB),
  ];
  await chooseFiles(browser, files);
  await browser.waitFor("document.querySelector('mule-upload').uploads[0]?.parts.done > 6", { timeout: 120_000 });
  await setSwitch('slow', true);
  await browser.waitFor("document.querySelector('mule-upload').uploads[1]?.loaded > 20e6");
  await wait(9_000);
  await takeScreenshot('uploading');
  await takeAllScreenshots('uploading');
  await runScript("document.querySelector('mule-upload').shadowRoot.querySelector('[part=messages] button').click()");
  await runScript("document.querySelector('mule-upload').shadowRoot.querySelector('[part=abort]').click()");
  await takeScreenshot('question');
  await runScript("document.querySelector('mule-upload').shadowRoot.querySelector('[data-action=keep]').click()");
  await runScript(
    "document.querySelector('mule-upload').dispatchEvent(new DragEvent('dragover', { dataTransfer: (() => { const t = new DataTransfer(); t.items.add(new File(['a'], 'a')); return t; })(), bubbles: true, composed: true, cancelable: true }))",
  );
  await takeScreenshot('drop');
  await runScript(
    "document.querySelector('mule-upload').dispatchEvent(new DragEvent('dragleave', { bubbles: true, composed: true }))",
  );
  for (const language of ['ar', 'he', 'de', 'ja']) {
    await runScript(
      `const all = document.querySelector('#language'); all.value = '${language}'; all.dispatchEvent(new Event('change'))`,
    );
    await takeScreenshot(`language-${language}`);
    if (language === 'ar') await takeScreenshot('language-ar-narrow', DISPLAYS.narrow);
  }
  await runScript(
    "const all = document.querySelector('#language'); all.value = 'en'; all.dispatchEvent(new Event('change'))",
  );
  await setSwitch('slow', false);
  await setSwitch('busy', true);
  await browser.waitFor("document.querySelector('mule-upload').uploads.some(({ retryAt }) => retryAt !== null)", {
    timeout: 120_000,
  });
  await wait(500);
  await takeScreenshot('busy');
  await setSwitch('busy', false);
  await setSwitch('cut', true);
  await browser.waitFor(
    "document.querySelector('mule-upload').uploads.some(({ waitingFor }) => waitingFor === 'network')",
    { timeout: 120_000 },
  );
  await wait(500);
  await takeScreenshot('waiting');
  await takeAllScreenshots('waiting');
  await runScript("document.querySelector('mule-upload').pause()");
  await takeScreenshot('paused');
  await setSwitch('cut', false);
  await browser.goto(`${demo.url}themes.html`);
  await browser.goto(demo.url);
  await browser.waitFor("document.querySelector('mule-upload')?.uploads.length > 0");
  await wait(1_500);
  await takeScreenshot('recover');
  await takeScreenshot('recover-narrow', DISPLAYS.narrow);
  // a single unfinished upload has no note, and so no button that discards all
  await runScript(`(() => { const { shadowRoot } = document.querySelector('mule-upload');
    (shadowRoot.querySelector('[data-action=discard]') ?? shadowRoot.querySelector('[data-action=abort]')).click(); })()`);
  await takeScreenshot('recover-question');
  await runScript("document.querySelector('mule-upload').shadowRoot.querySelector('[data-action=confirm]').click()");
  await chooseFiles(browser, [picture, files[3]!]);
  await browser.waitFor("document.querySelector('mule-upload').status === 'complete'", { timeout: 60_000 });
  await takeScreenshot('complete');

  await browser.setDisplay({ width: 1400, height: 1150 });
  await browser.goto(`${demo.url}themes.html`);
  await browser.waitFor("document.querySelector('mule-upload')?.shadowRoot !== null");
  await chooseFiles(browser, files.slice(0, 4));
  await browser.waitFor("document.querySelector('mule-upload').uploads[0]?.parts.done > 6", { timeout: 120_000 });
  await setSwitch('slow', true);
  await wait(5_000);
  await takeScreenshot('themes', { width: 1400, height: 1150 });
  await takeScreenshot('themes-dark', { width: 1400, height: 1150, features: { 'prefers-color-scheme': 'dark' } });
  await runScript("document.querySelector('mule-upload').abort()");
} finally {
  await browser.close();
  await demo.close();
  await rm(folder, { recursive: true, force: true, maxRetries: 20 });
  console.log(path.relative(ROOT, targetFolder));
}
