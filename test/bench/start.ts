/**
 * `npm run bench:start`: measures the time from the CDN file's text to a registered element, at a quarter of the
 * processor's speed.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import WebSocket from 'ws';
import { launch } from '../e2e/browser.js';
import { startPageServer } from './page-server.js';

const SLOWDOWN = 4;
const LOADS = 15;

const profile = await mkdtemp(path.join(tmpdir(), 'mule-upload-start-'));
const store = { url: 'http://127.0.0.1:9', region: 'us-east-1', accessKeyId: 'none', secretAccessKey: 'none' };
const pageServer = await startPageServer(store);
const browser = await launch('chromium', { profile });
try {
  const port = (await readFile(path.join(profile, 'DevToolsActivePort'), 'utf8')).split('\n')[0]!;
  const targets = (await (await fetch(`http://127.0.0.1:${port}/json`)).json()) as {
    type: string;
    webSocketDebuggerUrl: string;
  }[];
  const socket = new WebSocket(targets.find(({ type }) => type === 'page')!.webSocketDebuggerUrl);
  await new Promise((resolve) => socket.once('open', resolve));
  await new Promise((resolve) => {
    socket.once('message', resolve);
    const params = { rate: SLOWDOWN };
    socket.send(JSON.stringify({ id: 1, method: 'Emulation.setCPUThrottlingRate', params }));
  });
  const timesMs: number[] = [];
  for (let load = 0; load < LOADS; load++) {
    await browser.goto(`${pageServer.url}/bare`);
    const time = await browser.evaluate<[], Promise<number>>(`(async () => {
      const text = await (await fetch('/mule-upload.js')).text();
      const url = URL.createObjectURL(new Blob([text], { type: 'text/javascript' }));
      const begun = performance.now();
      await import(url);
      const time = performance.now() - begun;
      if (!customElements.get('mule-upload')) throw new Error('not registered');
      return time;
    })()`);
    timesMs.push(time);
  }
  socket.close();
  timesMs.sort((a, b) => a - b);
  console.log(
    `parsed and registered in ${timesMs[LOADS >> 1]!.toFixed(1)} ms (${timesMs[0]!.toFixed(1)} to ${timesMs.at(-1)!.toFixed(1)}) at ${SLOWDOWN} times CPU slowdown, ${LOADS} loads`,
  );
} finally {
  await browser.close();
  pageServer.close();
  await rm(profile, { recursive: true, force: true });
}
