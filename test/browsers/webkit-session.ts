/** A WebDriver client for WebKitGTK. @see https://www.w3.org/TR/webdriver2/ */
import { createServer, type AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { requireTool } from '../../scripts/machine.js';
import { startDisplay } from './display.js';
import { Program } from './process-tree.js';

const BROWSER = fileURLToPath(new URL('./webkit-browser.py', import.meta.url));
const PRIVATE_SESSION = 'private';

interface WebDriverResponse {
  value: unknown;
}

/** WebDriver's reference to an element or a shadow root: one property, whose name is a fixed UUID. */
type Reference = Record<string, string>;
const idOf = (reference: unknown): string => Object.values(reference as Reference)[0]!;

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** One browser controlled by WebDriver, with its own display if the machine has none. */
export class WebKitSession {
  readonly version: string;
  readonly #origin: string;
  readonly #driver: Program;
  readonly #display: Program | undefined;
  #sessionPath = '';

  /** @param profile folder for cookies and IndexedDB; without it, a private session */
  static async start(profile: string = PRIVATE_SESSION): Promise<WebKitSession> {
    const { path, version } = requireTool('webkit');
    const screen = process.env.DISPLAY ? undefined : await startDisplay();
    const env = screen ? { ...process.env, DISPLAY: screen.display } : process.env;
    const port = await freePort();
    const driver = await Program.start(path, [`--port=${port}`], { env, stdio: 'ignore' });
    const session = new WebKitSession(version, `http://127.0.0.1:${port}`, driver, screen?.program);
    try {
      await session.#open(profile);
      return session;
    } catch (error) {
      await session.kill();
      throw error;
    }
  }

  private constructor(version: string, base: string, driver: Program, display: Program | undefined) {
    this.version = version;
    this.#origin = base;
    this.#driver = driver;
    this.#display = display;
  }

  /** The PID of the driver; the browser's processes descend from it. */
  get pid(): number {
    return this.#driver.pid;
  }

  async #open(profile: string): Promise<void> {
    for (let attempts = 0; ; attempts++) {
      try {
        await this.#request('GET', '/status');
        break;
      } catch (error) {
        if (attempts === 200) throw error;
        await sleep(25);
      }
    }
    const alwaysMatch = {
      'webkitgtk:browserOptions': { binary: BROWSER, args: [profile] },
      unhandledPromptBehavior: 'accept',
      timeouts: { script: 600_000, pageLoad: 120_000 },
    };
    const session = (await this.#request('POST', '/session', { capabilities: { alwaysMatch } })) as {
      sessionId: string;
    };
    this.#sessionPath = `/session/${session.sessionId}`;
  }

  async #request(method: string, path: string, body?: unknown): Promise<unknown> {
    const response = await fetch(this.#origin + path, {
      method,
      // the driver may close an idle connection while another request is being sent
      headers: { connection: 'close' },
      body: method === 'POST' ? JSON.stringify(body ?? {}) : undefined,
    });
    const { value } = (await response.json()) as WebDriverResponse;
    if (!response.ok) {
      const { error, message } = value as { error: string; message: string };
      throw new Error(`WebKit: ${error}: ${message}`);
    }
    return value;
  }

  /** Sends a command of the open session. @throws Error with the driver's message */
  call(method: 'GET' | 'POST' | 'DELETE', path: string, body?: unknown): Promise<unknown> {
    return this.#request(method, this.#sessionPath + path, body);
  }

  /** Runs the body of an async function in the page and returns its result, by value. */
  async run(body: string): Promise<unknown> {
    const script = `const done = arguments[arguments.length - 1];
      (async () => { ${body} })().then(value => done({ value }), error => done({ error: String(error && error.stack ? error + '\\n' + error.stack : error) }));`;
    const outcome = (await this.call('POST', '/execute/async', { script, args: [] })) as {
      value?: unknown;
      error?: string;
    };
    if (outcome.error !== undefined) throw new Error(outcome.error);
    return outcome.value;
  }

  /**
   * Sets files on an input as a user's choice does.
   * @param path selectors: each is looked up in the shadow root of the element that the one before selects
   */
  async setFiles([first, ...rest]: readonly string[], files: readonly string[]): Promise<void> {
    let element = await this.call('POST', '/element', { using: 'css selector', value: first });
    for (const value of rest) {
      const root = await this.call('GET', `/element/${idOf(element)}/shadow`);
      element = await this.call('POST', `/shadow/${idOf(root)}/element`, { using: 'css selector', value });
    }
    await this.call('POST', `/element/${idOf(element)}/value`, { text: files.join('\n') });
  }

  async screenshot(): Promise<Buffer> {
    return Buffer.from((await this.call('GET', '/screenshot')) as string, 'base64');
  }

  /** Closes the browser as a user does; the page's storage is on disk afterwards. */
  async close(): Promise<void> {
    await this.call('DELETE', '').catch(() => undefined); // the browser has exited already
    await this.kill();
  }

  /** Sends SIGKILL to browser, driver and display. */
  async kill(): Promise<void> {
    await this.#driver.kill();
    await this.#display?.kill();
  }
}
