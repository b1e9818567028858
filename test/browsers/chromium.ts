/**
 * Controls Chromium by the DevTools protocol. Puppeteer is not used, because it always enables the network domain, which
 * copies request bodies through the browser process and so changes the speed and memory of uploads.
 * @see https://chromedevtools.github.io/devtools-protocol/
 */
import { rmSync } from 'node:fs';
import path from 'node:path';
import { requireTool } from '../../scripts/machine.js';
import { JsonSocket, findAddress } from './json-socket.js';
import { Program } from './process-tree.js';
import { elementExpression } from './raw-page.js';
import type { AccessibleNode, LaunchOptions, DisplaySettings, RawBrowser, RawPage } from './raw-page.js';

const FLAGS = [
  '--no-sandbox', // Chromium does not start as root with it
  '--remote-debugging-port=0',
  '--no-first-run',
  '--no-default-browser-check',
  '--disable-quic',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-breakpad',
  '--hide-crash-restore-bubble',
  '--password-store=basic',
];

/** Lock files that a killed Chromium leaves in its profile. */
const LOCK_FILES = ['SingletonLock', 'SingletonSocket', 'SingletonCookie'];

interface AxNode {
  nodeId: string;
  ignored: boolean;
  role?: { value: string };
  name?: { value: string };
  value?: { value: string | number };
  description?: { value: string };
  childIds?: string[];
}

interface EvaluateResponse {
  result: { value?: unknown; objectId?: string };
  exceptionDetails?: { text: string; exception?: { description?: string } };
}

class ChromiumPage implements RawPage {
  constructor(
    readonly socket: JsonSocket,
    readonly sessionId: string,
    readonly targetId: string,
  ) {
    // no user is there to answer a leave warning or an alert
    socket.listen((method, _params, session) => {
      if (method !== 'Page.javascriptDialogOpening' || session !== sessionId) return;
      this.#call('Page.handleJavaScriptDialog', { accept: true }).catch(() => undefined); // the dialog has closed already
    });
  }

  async prepare(): Promise<this> {
    await this.#call('Page.enable');
    await this.#call('Emulation.setFocusEmulationEnabled', { enabled: true });
    return this;
  }

  #call(method: string, params?: object): Promise<unknown> {
    return this.socket.call(method, params, this.sessionId);
  }

  async #untilLoaded(navigate: () => Promise<unknown>): Promise<void> {
    let stopListening: (() => void) | undefined;
    const loaded = new Promise<void>((resolve) => {
      stopListening = this.socket.listen((method, _params, session) => {
        if (method === 'Page.loadEventFired' && session === this.sessionId) resolve();
      });
    });
    try {
      await navigate();
      await loaded;
    } finally {
      stopListening?.();
    }
  }

  navigate(url: string): Promise<void> {
    return this.#untilLoaded(async () => {
      const { errorText } = (await this.#call('Page.navigate', { url })) as { errorText?: string };
      if (errorText) throw new Error(`${url}: ${errorText}`);
    });
  }

  reload(): Promise<void> {
    return this.#untilLoaded(() => this.#call('Page.reload'));
  }

  async #evaluate(expression: string, returnByValue: boolean): Promise<EvaluateResponse['result']> {
    const response = await this.#call('Runtime.evaluate', {
      expression,
      awaitPromise: true,
      returnByValue,
      userGesture: true,
    });
    const { result, exceptionDetails } = response as EvaluateResponse;
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    return result;
  }

  async run(body: string): Promise<string | undefined> {
    return (await this.#evaluate(`(async () => { ${body} })()`, true)).value as string | undefined;
  }

  async setFiles(selectors: readonly string[], files: readonly string[]): Promise<void> {
    const { objectId } = await this.#evaluate(elementExpression(selectors), false);
    if (!objectId) throw new Error(`nothing at ${selectors.join(' > ')}`);
    await this.#call('DOM.setFileInputFiles', { files, objectId });
  }

  async drop(selectors: readonly string[], files: readonly string[]): Promise<void> {
    const center = `(({ x, y, width, height }) => ({ x: x + width / 2, y: y + height / 2 }))(${elementExpression(selectors)}.getBoundingClientRect())`;
    const point = (await this.#evaluate(center, true)).value as object;
    const data = { items: [], files, dragOperationsMask: 1 };
    for (const type of ['dragEnter', 'dragOver', 'drop'])
      await this.#call('Input.dispatchDragEvent', { type, ...point, data });
  }

  async setDisplay({ width, height, scale = 1, print = false, features = {} }: DisplaySettings): Promise<void> {
    const metrics = { width, height, deviceScaleFactor: scale, mobile: false };
    await this.#call('Emulation.setDeviceMetricsOverride', metrics);
    await this.#call('Emulation.setEmulatedMedia', {
      media: print ? 'print' : '',
      features: Object.entries(features).map(([name, value]) => ({ name, value })),
    });
  }

  async accessibilityTree(): Promise<AccessibleNode[]> {
    const { nodes } = (await this.#call('Accessibility.getFullAXTree')) as { nodes: AxNode[] };
    await this.#call('Accessibility.disable');
    const nodesById = new Map(nodes.map((node) => [node.nodeId, node]));
    const flatten = (node: AxNode | undefined, depth: number): AccessibleNode[] => {
      if (!node) return [];
      const role = node.role?.value ?? '';
      const isOmitted = node.ignored || ['none', 'generic', 'InlineTextBox', 'RootWebArea'].includes(role);
      const entry = {
        role,
        name: node.name?.value ?? '',
        value: String(node.value?.value ?? ''),
        description: node.description?.value ?? '',
        depth,
      };
      const descendants = (node.childIds ?? []).flatMap((id) =>
        flatten(nodesById.get(id), isOmitted ? depth : depth + 1),
      );
      return isOmitted ? descendants : [entry, ...descendants];
    };
    return flatten(nodes[0], 0);
  }

  async screenshot(): Promise<Buffer> {
    const { data } = (await this.#call('Page.captureScreenshot', { format: 'png' })) as { data: string };
    return Buffer.from(data, 'base64');
  }

  async setOffline(offline: boolean): Promise<void> {
    // the network domain copies request bodies, so it is enabled only while the page is offline
    if (offline) await this.#call('Network.enable');
    const unthrottled = { latency: 0, downloadThroughput: -1, uploadThroughput: -1 };
    await this.#call('Network.emulateNetworkConditions', { offline, ...unthrottled });
    if (!offline) await this.#call('Network.disable');
  }

  async heap(): Promise<number> {
    const { usedSize } = (await this.#call('Runtime.getHeapUsage')) as { usedSize: number };
    return usedSize;
  }

  async close(): Promise<void> {
    await this.socket.call('Target.closeTarget', { targetId: this.targetId });
  }

  async crash(): Promise<void> {
    // a crashed page does not answer
    void this.#call('Page.crash').catch(() => undefined);
    await Promise.resolve();
  }

  async setFrozen(isFrozen: boolean): Promise<void> {
    // a page with emulated focus is never frozen
    await this.#call('Emulation.setFocusEmulationEnabled', { enabled: !isFrozen });
    await this.#call('Page.setWebLifecycleState', { state: isFrozen ? 'frozen' : 'active' });
  }
}

async function openPage(socket: JsonSocket): Promise<ChromiumPage> {
  const { targetId } = (await socket.call('Target.createTarget', { url: 'about:blank' })) as { targetId: string };
  const attached = await socket.call('Target.attachToTarget', { targetId, flatten: true });
  return new ChromiumPage(socket, (attached as { sessionId: string }).sessionId, targetId).prepare();
}

/**
 * Starts Chromium, without a window unless there is a display for it.
 * @throws Error if it is not installed, or with its output
 */
export async function launchChromium({ profile, args, display }: LaunchOptions): Promise<RawBrowser> {
  const { path: program, version } = requireTool('chromium');
  for (const lock of LOCK_FILES) rmSync(path.join(profile, lock), { force: true });
  const flags = [...(display ? [] : ['--headless']), ...FLAGS, `--user-data-dir=${profile}`, ...args, 'about:blank'];
  const browser = await Program.start(program, flags, {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: display ? { ...process.env, DISPLAY: display } : process.env,
  });
  try {
    const socket = await JsonSocket.connect(await findAddress(browser.child.stderr!, /listening on (ws:\S+)/));
    return {
      version,
      pid: browser.pid,
      page: await openPage(socket),
      newPage: () => openPage(socket),
      async close() {
        await socket.call('Browser.close').catch(() => undefined); // it exits before it answers
        await browser.end(10_000);
        socket.close();
      },
      async kill() {
        await browser.kill();
        socket.close();
      },
    };
  } catch (error) {
    await browser.kill();
    throw error;
  }
}
