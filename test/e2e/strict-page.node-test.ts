import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { MuleUploadElement } from '../../src/element/mule-upload.js';
import type { UploadSnapshot } from '../../src/engine/api/types.js';
import { S3Client } from '../servers/s3-client.js';
import { launch, type Driver, type Engine } from './browser.js';
import { startSite, type Site } from './site.js';
import { BUCKET, makeFolder, startStore, type Store } from './harness.js';

/** No inline script or style, no `eval`, Trusted Types; the element needs only Lit's own policy. */
const policyFor = (store: Store): string =>
  `default-src 'self'; frame-src *; connect-src 'self' ${new URL(store.url).origin}; `
  + "require-trusted-types-for 'script'; trusted-types lit-html 'allow-duplicates'";

const pageOf = (body: string, script: string): string => `<!doctype html><html lang="en"><title>strict</title>
<script src="/watch.js"></script>${body}<script type="module" src="${script}"></script></html>`;
const ELEMENT = '<mule-upload signer="/sign" multiple no-leave-warning recover="off"></mule-upload>';

/**
 * Records violations of the policy, except those of the checksum code: it tries a worker and WebAssembly, and continues
 * without them if they are blocked. Also defines the helpers of the tests in the page.
 */
const HELPERS_SCRIPT = `window.violations = [];
document.addEventListener('securitypolicyviolation', ({ violatedDirective, sourceFile }) => {
  if (!/mule-upload-upload-checksums\\.js$/.test(sourceFile)) violations.push(violatedDirective + ' ' + sourceFile);
});
window.randomFile = (name, size) => {
  const bytes = new Uint8Array(size);
  for (let at = 0; at < size; at += 65536) crypto.getRandomValues(bytes.subarray(at, at + 65536));
  return new File([bytes], name);
};
window.sha256 = async (file) => Array.from(new Uint8Array(await crypto.subtle.digest('SHA-256', await file.arrayBuffer())), (byte) => byte.toString(16).padStart(2, '0')).join('');
window.send = async (element, file) => {
  await element.add([file]);
  const upload = (await element.finished()).at(-1);
  return { upload, sha256: await sha256(file), size: file.size };
};`;

/** Runs in a frame of another site: opens its picker, uploads a file, and posts the results to the embedding page. */
const FRAME_SCRIPT = `import '/mule-upload.js';
const element = document.querySelector('mule-upload');
await element.updateComplete;
// simulates a user's click: tests cannot click in this frame
Object.defineProperty(navigator, 'userActivation', { value: { isActive: true } });
const clicked = new Promise((resolve) => element.shadowRoot.querySelector('input').addEventListener('click', (event) => { event.preventDefault(); resolve(true); }));
const refused = self.showOpenFilePicker ? await showOpenFilePicker().catch(({ name }) => name) : 'no such picker';
element.browse();
parent.postMessage({ refused, clicked: await clicked, sent: await send(element, randomFile('framed.bin', 100_000)), violations }, '*');`;

/** Gives the element a fake uploader with one upload of which a quarter is stored. @returns the width of its bar, as a ratio */
const showQuarter = `(async () => {
  const element = document.querySelector('mule-upload');
  const upload = { id: 'u', name: 'film.mov', relativePath: '', size: 400, loaded: 100, ratio: 0.25, speed: 0, eta: null, status: 'paused', waitingFor: null, retryAt: null, retries: 0, parts: { total: 0, done: 0, size: 0 }, error: null };
  const progress = { loaded: 100, total: 400, ratio: 0.25, speed: 0, eta: null };
  element.uploader = Object.assign(new EventTarget(), { uploads: [upload], status: 'paused', progress, options: {}, has: () => true, fileOf: () => null, partStates: () => null });
  // the list may still be loading
  while (!element.shadowRoot.querySelector('[part=bar]')) await new Promise(requestAnimationFrame);
  const width = (part) => element.shadowRoot.querySelector(part).getBoundingClientRect().width;
  return { ratio: width('[part=bar]') / width('[part=progress]'), violations };
})()`;

interface Sent {
  upload: UploadSnapshot;
  sha256: string;
  size: number;
}

/** The page's helpers, for code that runs there. */
type Helpers = Window & {
  violations: string[];
  randomFile(name: string, size: number): File;
  send(element: MuleUploadElement, file: File): Promise<Sent>;
};

/** Uploads a file of several parts, and moves the element after the first stored part. */
async function moveDuringUpload(): Promise<{ sent: Sent; paused: number; parts: number[] }> {
  const { send, randomFile } = window as unknown as Helpers;
  const [outer, inner] = [document.createElement('section'), document.createElement('div')];
  document.body.append(outer);
  const shadow = outer.attachShadow({ mode: 'open' });
  shadow.append(inner);
  const depth = inner.attachShadow({ mode: 'closed' });
  const element = document.createElement('mule-upload');
  Object.assign(element, { signer: '/sign', recover: 'off', concurrency: 1, noLeaveWarning: true });
  depth.append(element);
  const places = [document.body, shadow, depth];
  const parts: number[] = [];
  let paused = 0;
  // the event reaches the page through both shadow roots
  document.addEventListener('mule-pause', () => (paused += 1));
  document.addEventListener('mule-part', ({ detail }) => {
    parts.push(detail.partNumber);
    const place = places.shift() as ParentNode & { moveBefore?(node: Node, child: Node | null): void };
    if (parts.length > 1 && place?.moveBefore) place.moveBefore(element, null);
    else place?.append(element);
  });
  const sent = await send(element, randomFile('moved.bin', 25 * 1024 ** 2));
  element.remove();
  return { sent, paused, parts: parts.sort((a, b) => a - b) };
}

/** Uploads by two elements of one copy of the package and one of another copy, at the same time. */
async function sendTogether(): Promise<{ sent: Sent[]; isOther: boolean }> {
  const { send, randomFile } = window as unknown as Helpers;
  const load = (url: string): Promise<{ MuleUploadElement: typeof MuleUploadElement }> =>
    import(url) as Promise<{ MuleUploadElement: typeof MuleUploadElement }>;
  const [first, second] = await Promise.all([load('/mule-upload.js'), load('/mule-upload.js?another')]);
  second.MuleUploadElement.define('second-upload');
  const elements = ['mule-upload', 'mule-upload', 'second-upload'].map((tag) => document.createElement(tag));
  const sent = await Promise.all(
    elements.map((element, index) => {
      Object.assign(element, { signer: '/sign', noLeaveWarning: true });
      document.body.append(element);
      return send(element as MuleUploadElement, randomFile(`together-${index}.bin`, 6 * 1024 ** 2));
    }),
  );
  for (const element of elements) element.remove();
  return {
    sent,
    isOther: first.MuleUploadElement !== second.MuleUploadElement && elements[2] instanceof second.MuleUploadElement,
  };
}

/** Uploads by an element of a scoped registry. @returns null if the engine does not support scoped registries */
async function sendScoped(): Promise<Sent | null> {
  const { send, randomFile } = window as unknown as Helpers;
  let registry: CustomElementRegistry;
  try {
    registry = new CustomElementRegistry();
  } catch {
    return null;
  }
  const url: string = '/mule-upload.js';
  const { MuleUploadElement: Element } = (await import(url)) as {
    MuleUploadElement: typeof MuleUploadElement;
  };
  Element.define('scoped-upload', registry);
  const host = document.createElement('section');
  document.body.append(host);
  const shadow = host.attachShadow({ mode: 'open', customElementRegistry: registry });
  const options = { customElementRegistry: registry } as ElementCreationOptions;
  const element = document.createElement('scoped-upload', options) as MuleUploadElement;
  Object.assign(element, { signer: '/sign', recover: 'off', noLeaveWarning: true });
  shadow.append(element);
  if (customElements.get('scoped-upload') ?? !(element instanceof Element)) throw new Error('not of its registry');
  return send(element, randomFile('scoped.bin', 100_000));
}

describe('a page with a strict content security policy and Trusted Types', () => {
  let remove: () => Promise<void>;
  let store: Store;
  let site: Site;

  before(async () => {
    const { folder, remove: removeFolder } = await makeFolder();
    remove = removeFolder;
    store = await startStore('bucket', folder);
    const pages = {
      '/': pageOf(ELEMENT, '/mule-upload.js'),
      '/watch.js': HELPERS_SCRIPT,
      '/frame': pageOf(ELEMENT, '/frame.js'),
      '/frame.js': FRAME_SCRIPT,
    };
    site = await startSite(store, pages, { headers: { 'content-security-policy': policyFor(store) } });
  });

  after(async () => {
    site.stop();
    await store.stop();
    await remove();
  });

  /** Compares the stored object with the file. */
  async function assertStored({ upload, sha256, size }: Sent): Promise<void> {
    assert.equal(upload.status, 'complete');
    assert.deepEqual(await new S3Client(store).digest(BUCKET, upload.key!), { sha256, size });
  }

  for (const engine of ['chromium', 'firefox', 'webkit'] satisfies Engine[]) {
    describe(`in ${engine}`, () => {
      let browser: Driver;

      before(async () => {
        browser = await launch(engine);
      });
      after(() => browser.close());

      /** Opens the page, and checks at the end that its policy was not violated. */
      async function onPage<T>(act: () => Promise<T>): Promise<T> {
        await browser.goto(site.url);
        await browser.waitFor("!!customElements.get('mule-upload')");
        const result = await act();
        assert.deepEqual(await browser.evaluate('violations'), []);
        return result;
      }

      it('shows bars of the right length from the first rendering', async () => {
        const { ratio } = await onPage(() => browser.evaluate<[], { ratio: number }>(showQuarter));
        assert.ok(Math.abs(ratio - 0.25) < 0.01, `a bar of ${ratio} for a quarter`);
      });

      it('uploads from nested shadow roots, and continues while the element is moved', async () => {
        const { sent, paused, parts } = await onPage(() => browser.evaluate(moveDuringUpload));
        await assertStored(sent);
        assert.deepEqual([paused, parts], [0, [1, 2, 3, 4]]);
      });

      it('works with two elements, and another copy of the package under its own tag', async () => {
        const { sent, isOther } = await onPage(() => browser.evaluate(sendTogether));
        for (const one of sent) await assertStored(one);
        assert.equal(new Set(sent.map(({ upload }) => upload.key)).size, 3);
        assert.ok(isOther);
      });

      it('works with an element of a scoped registry', async (test) => {
        const sent = await onPage(() => browser.evaluate(sendScoped));
        if (sent) await assertStored(sent);
        else test.diagnostic(`${engine} ${browser.version} has no scoped registries`);
      });

      it('falls back to the file input in a frame of another site, and uploads there', async () => {
        const other = new URL('/frame', site.url);
        other.hostname = 'localhost';
        const frameResult = await onPage(() =>
          browser.evaluate(
            (url: string) =>
              new Promise<{ refused: string; clicked: boolean; sent: Sent; violations: string[] }>((resolve) => {
                addEventListener('message', ({ data }) => resolve(data as never));
                document.body.append(Object.assign(document.createElement('iframe'), { src: url }));
              }),
            other.href,
          ),
        );
        assert.equal(frameResult.refused, engine === 'chromium' ? 'SecurityError' : 'no such picker');
        assert.equal(frameResult.clicked, true);
        assert.deepEqual(frameResult.violations, []);
        await assertStored(frameResult.sent);
      });
    });
  }
});
