/** Controls Firefox by WebDriver BiDi. @see https://www.w3.org/TR/webdriver-bidi/ */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { requireTool } from '../../scripts/machine.js';
import { fillProfile } from './firefox-profile.js';
import { JsonSocket, findAddress } from './json-socket.js';
import { Program } from './process-tree.js';
import { elementExpression, type LaunchOptions, type RawBrowser, type RawPage } from './raw-page.js';

/** In addition to those that Firefox sets under automation. After a kill, it neither restores pages nor shows a prompt. */
const PREFERENCES: Readonly<Record<string, boolean | number | string>> = {
  'browser.sessionstore.resume_from_crash': false,
  'toolkit.startup.max_resumed_crashes': -1,
  'browser.startup.page': 0,
  'browser.shell.checkDefaultBrowser': false,
  'datareporting.policy.dataSubmissionEnabled': false,
  'network.captive-portal-service.enabled': false,
  'network.connectivity-service.enabled': false,
  'dom.max_script_run_time': 0,
};

interface EvaluateResponse {
  type: 'success' | 'exception';
  result?: { type: string; value?: unknown; sharedId?: string };
  exceptionDetails?: { text: string };
}

class FirefoxPage implements RawPage {
  constructor(
    readonly socket: JsonSocket,
    readonly context: string,
  ) {}

  #call(method: string, params: object): Promise<unknown> {
    return this.socket.call(method, { context: this.context, ...params });
  }

  async navigate(url: string): Promise<void> {
    await this.#call('browsingContext.navigate', { url, wait: 'complete' });
  }

  async reload(): Promise<void> {
    await this.#call('browsingContext.reload', { wait: 'complete' });
  }

  async #evaluate(expression: string): Promise<NonNullable<EvaluateResponse['result']>> {
    const params = { expression, target: { context: this.context }, awaitPromise: true, userActivation: true };
    const { result, exceptionDetails } = (await this.socket.call('script.evaluate', params)) as EvaluateResponse;
    if (!result) throw new Error(exceptionDetails?.text ?? 'the page threw');
    return result;
  }

  async run(body: string): Promise<string | undefined> {
    return (await this.#evaluate(`(async () => { ${body} })()`)).value as string | undefined;
  }

  async setFiles(selectors: readonly string[], files: readonly string[]): Promise<void> {
    const { sharedId } = await this.#evaluate(elementExpression(selectors));
    if (!sharedId) throw new Error(`nothing at ${selectors.join(' > ')}`);
    await this.#call('input.setFiles', { element: { sharedId }, files });
  }

  async screenshot(): Promise<Buffer> {
    const { data } = (await this.#call('browsingContext.captureScreenshot', {})) as { data: string };
    return Buffer.from(data, 'base64');
  }

  heap(): Promise<null> {
    return Promise.resolve(null);
  }

  async close(): Promise<void> {
    await this.#call('browsingContext.close', {});
  }
}

async function openPage(socket: JsonSocket): Promise<FirefoxPage> {
  // a hidden tab runs its timers only once a second, so each page gets its own window
  const { context } = (await socket.call('browsingContext.create', { type: 'window' })) as { context: string };
  return new FirefoxPage(socket, context);
}

async function firstPage(socket: JsonSocket): Promise<FirefoxPage> {
  await socket.call('session.new', {
    capabilities: { alwaysMatch: { unhandledPromptBehavior: { default: 'accept' } } },
  });
  const { contexts } = (await socket.call('browsingContext.getTree')) as { contexts: { context: string }[] };
  return contexts[0] ? new FirefoxPage(socket, contexts[0].context) : openPage(socket);
}

/** Starts Firefox without a window. @throws Error if it is not installed, or with its output */
export async function launchFirefox({ profile, args }: LaunchOptions): Promise<RawBrowser> {
  await fillProfile(profile, requireTool('firefox').version, async (empty) => (await start(empty, [])).close());
  return start(profile, args);
}

async function start(profile: string, args: readonly string[]): Promise<RawBrowser> {
  const { path: program, version } = requireTool('firefox');
  const lines = Object.entries(PREFERENCES).map(([name, value]) => `user_pref("${name}", ${JSON.stringify(value)});`);
  await writeFile(path.join(profile, 'user.js'), `${lines.join('\n')}\n`);
  const flags = ['--headless', '--no-remote', '--remote-debugging-port=0', '--profile', profile, ...args];
  const browser = await Program.start(program, flags, { stdio: ['ignore', 'ignore', 'pipe'] });
  try {
    const address = await findAddress(browser.child.stderr!, /WebDriver BiDi listening on (ws:\S+)/);
    const socket = await JsonSocket.connect(`${address}/session`);
    return {
      version,
      pid: browser.pid,
      page: await firstPage(socket),
      newPage: () => openPage(socket),
      async close() {
        await socket.call('browser.close').catch(() => undefined); // it exits before it answers
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
