/** Lets @web/test-runner drive WebKitGTK, for which no package has a launcher. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { BrowserLauncher, SessionResult } from '@web/test-runner-core';
import { WebKitSession } from '../browsers/webkit-session.js';

type Button = 'left' | 'middle' | 'right';
type Action = Record<string, unknown>;

const BUTTONS: readonly Button[] = ['left', 'middle', 'right'];

/** WebDriver's code points for keys without a character. https://www.w3.org/TR/webdriver2/#keyboard-actions */
const KEYS: Readonly<Record<string, string>> = {
  Backspace: '\uE003',
  Tab: '\uE004',
  Enter: '\uE007',
  Shift: '\uE008',
  Control: '\uE009',
  Alt: '\uE00A',
  Escape: '\uE00C',
  Space: ' ',
  PageUp: '\uE00E',
  PageDown: '\uE00F',
  End: '\uE010',
  Home: '\uE011',
  ArrowLeft: '\uE012',
  ArrowUp: '\uE013',
  ArrowRight: '\uE014',
  ArrowDown: '\uE015',
  Delete: '\uE017',
};

/** One window for all test files, one after the other. */
export class WebKitLauncher implements BrowserLauncher {
  readonly name = 'WebKit';
  /** The runner's own commands (keys, mouse) call the methods below for browsers of this type. */
  readonly type = 'webdriver';
  readonly concurrency = 1;
  readonly #active = new Set<string>();
  #profile = '';
  #starting: Promise<WebKitSession> | undefined;

  async #start(): Promise<WebKitSession> {
    this.#profile = await mkdtemp(path.join(tmpdir(), 'mule-upload-webkit-'));
    return WebKitSession.start(this.#profile);
  }

  #session(): Promise<WebKitSession> {
    return (this.#starting ??= this.#start());
  }

  async #navigate(url: string): Promise<void> {
    await (await this.#session()).call('POST', '/url', { url });
  }

  async startSession(id: string, url: string): Promise<void> {
    this.#active.add(id);
    await this.#navigate(url);
  }

  isActive(id: string): boolean {
    return this.#active.has(id);
  }

  async getBrowserUrl(): Promise<string> {
    return (await (await this.#session()).call('GET', '/url')) as string;
  }

  async stopSession(id: string): Promise<SessionResult> {
    this.#active.delete(id);
    await this.#navigate('about:blank');
    return {};
  }

  startDebugSession(): Promise<void> {
    return Promise.reject(new Error('WebKit has no window to debug in'));
  }

  async stop(): Promise<void> {
    const session = await this.#starting?.catch(() => undefined);
    await session?.close();
    if (this.#profile) await rm(this.#profile, { recursive: true, force: true, maxRetries: 20 });
  }

  async setFiles(selectors: readonly string[], files: readonly string[]): Promise<void> {
    await (await this.#session()).setFiles(selectors, files);
  }

  async #perform(source: Action): Promise<void> {
    await (await this.#session()).call('POST', '/actions', { actions: [source] });
  }

  #point(action: Action): Promise<void> {
    return this.#perform({ type: 'pointer', id: 'mouse', parameters: { pointerType: 'mouse' }, actions: [action] });
  }

  /** Chords are written with a plus: `Shift+Tab`. */
  async sendKeys(_id: string, strokes: string[]): Promise<void> {
    const actions = strokes.flatMap((stroke) => {
      const keys = stroke.length === 1 ? [stroke] : stroke.split('+').map((key) => KEYS[key] ?? key);
      const press = (type: string) => (value: string) => ({ type, value });
      return [...keys.map(press('keyDown')), ...keys.reverse().map(press('keyUp'))];
    });
    await this.#perform({ type: 'key', id: 'keyboard', actions });
  }

  async sendMouseMove(_id: string, x: number, y: number): Promise<void> {
    await this.#point({ type: 'pointerMove', duration: 0, x: Math.round(x), y: Math.round(y) });
  }

  async sendMouseClick(id: string, x: number, y: number, button: Button = 'left'): Promise<void> {
    await this.sendMouseMove(id, x, y);
    await this.sendMouseDown(id, button);
    await this.sendMouseUp(id, button);
  }

  async sendMouseDown(_id: string, button: Button = 'left'): Promise<void> {
    await this.#point({ type: 'pointerDown', button: BUTTONS.indexOf(button) });
  }

  async sendMouseUp(_id: string, button: Button = 'left'): Promise<void> {
    await this.#point({ type: 'pointerUp', button: BUTTONS.indexOf(button) });
  }

  async resetMouse(): Promise<void> {
    await (await this.#session()).call('DELETE', '/actions');
  }
}
