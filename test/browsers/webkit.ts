/** Controls WebKitGTK by WebDriver. */
import type { LaunchOptions, RawBrowser, RawPage } from './raw-page.js';
import { WebKitSession } from './webkit-session.js';

class WebKitPage implements RawPage {
  constructor(
    readonly session: WebKitSession,
    readonly handle: string,
  ) {}

  /** Makes this page's window WebDriver's current one: commands apply to the current window. */
  async #switchToWindow(): Promise<WebKitSession> {
    await this.session.call('POST', '/window', { handle: this.handle });
    return this.session;
  }

  async navigate(url: string): Promise<void> {
    await (await this.#switchToWindow()).call('POST', '/url', { url });
  }

  async reload(): Promise<void> {
    await (await this.#switchToWindow()).call('POST', '/refresh');
  }

  async run(body: string): Promise<string | undefined> {
    return (await (await this.#switchToWindow()).run(body)) as string | undefined;
  }

  async setFiles(path: readonly string[], files: readonly string[]): Promise<void> {
    await (await this.#switchToWindow()).setFiles(path, files);
  }

  async screenshot(): Promise<Buffer> {
    return (await this.#switchToWindow()).screenshot();
  }

  heap(): Promise<null> {
    return Promise.resolve(null);
  }

  async close(): Promise<void> {
    await (await this.#switchToWindow()).call('DELETE', '/window');
  }
}

/** Starts WebKitGTK on its own display. @throws Error if it is not installed */
export async function launchWebKit({ profile }: LaunchOptions): Promise<RawBrowser> {
  const session = await WebKitSession.start(profile);
  const handle = (await session.call('GET', '/window')) as string;
  return {
    version: session.version,
    pid: session.pid,
    page: new WebKitPage(session, handle),
    async newPage() {
      const window = (await session.call('POST', '/window/new', { type: 'window' })) as { handle: string };
      return new WebKitPage(session, window.handle);
    },
    close: () => session.close(),
    kill: () => session.kill(),
  };
}
