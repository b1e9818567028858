import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { launch, type Driver } from './browser.js';
import { ensureBuilt } from './built.js';

const SCRIPT = path.resolve(import.meta.dirname, '../../dist/cdn/mule-upload.js');
/** No inline script, no inline style, and what breaks that is written down by the page's own script. */
const POLICY = "default-src 'self'; connect-src *";
const PAGE = `<!doctype html><html lang="en"><title>strict</title><script src="/watch.js"></script>
<mule-upload multiple no-leave-warning></mule-upload><script type="module" src="/mule-upload.js"></script></html>`;
const WATCH =
  "window.broken = []; document.addEventListener('securitypolicyviolation', (event) => broken.push(event.violatedDirective));";

/** A page's own uploader, as far as the element looks at it: one upload of which a quarter is stored. */
const showQuarter = `(async () => {
  const element = document.querySelector('mule-upload');
  const upload = { id: 'u', name: 'film.mov', relativePath: '', size: 400, loaded: 100, ratio: 0.25, speed: 0, eta: null, status: 'paused', waitingFor: null, retryAt: null, error: null };
  const progress = { loaded: 100, total: 400, ratio: 0.25, speed: 0, eta: null };
  element.uploader = Object.assign(new EventTarget(), { uploads: [upload], status: 'paused', progress, options: {} });
  for (let frames = 0; frames < 2; frames++) await new Promise(requestAnimationFrame);
  await element.updateComplete;
  const width = (part) => element.shadowRoot.querySelector(part).getBoundingClientRect().width;
  return { ratio: width('[part=bar]') / width('[part=progress]'), broken };
})()`;

describe('a page with a strict content security policy', () => {
  let server: Server;
  let browser: Driver;

  before(async () => {
    ensureBuilt();
    const script = await readFile(SCRIPT);
    server = createServer(({ url }, response) => {
      const isScript = url?.endsWith('.js') ?? false;
      response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html');
      response.setHeader('content-security-policy', POLICY);
      response.end(url === '/mule-upload.js' ? script : url === '/watch.js' ? WATCH : PAGE);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    browser = await launch('chromium');
  });

  after(async () => {
    await browser.close();
    server.closeAllConnections();
    server.close();
  });

  it('shows bars of the right length from the first rendering, and breaks nothing of the policy', async () => {
    await browser.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    const { ratio, broken } = await browser.evaluate<[], { ratio: number; broken: string[] }>(showQuarter);
    assert.ok(Math.abs(ratio - 0.25) < 0.01, `a bar of ${ratio} for a quarter`);
    assert.deepEqual(broken, []);
  });
});
