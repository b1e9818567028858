/** A launcher of WebKitGTK for @web/test-runner; no package has one. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { BrowserLauncher, SessionResult } from '@web/test-runner-core';
import { WebKitSession } from '../browsers/webkit-session.js';

type Button = 'left' | 'middle' | 'right';
type Action = Record<string, unknown>;

const BUTTONS: readonly Button[] = ['left', 'middle', 'right'];

/** WebDriver's code points for keys without a character. @see https://www.w3.org/TR/webdriver2/#keyboard-actions */
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

interface BrowserWindow {
  readonly profile: string;
  readonly session: WebKitSession;
}

/** Starts one browser per concurrent test file: in a single browser, only one file's page could have the focus. */
export class WebKitLauncher implements BrowserLauncher {
  readonly name = 'WebKit';
  /** For this type, the test runner's commands for keys and mouse call the methods `send…` and `resetMouse`. */
  readonly type = 'webdriver';
  readonly concurrency = 2;
  readonly #windows: Promise<BrowserWindow>[] = [];
  readonly #idleWindows: Promise<BrowserWindow>[] = [];
  /** By the ID of the test session. */
  readonly #activeWindows = new Map<string, Promise<BrowserWindow>>();

  async #open(): Promise<BrowserWindow> {
    const profile = await mkdtemp(path.join(tmpdir(), 'mule-upload-webkit-'));
    return { profile, session: await WebKitSession.start(profile) };
  }

  async #call(id: string, method: 'POST' | 'GET' | 'DELETE', command: string, body?: object): Promise<unknown> {
    return (await this.#activeWindows.get(id)!).session.call(method, command, body);
  }

  async startSession(id: string, url: string): Promise<void> {
    let window = this.#idleWindows.pop();
    if (!window) this.#windows.push((window = this.#open()));
    this.#activeWindows.set(id, window);
    await this.#call(id, 'POST', '/url', { url });
  }

  isActive(id: string): boolean {
    return this.#activeWindows.has(id);
  }

  async getBrowserUrl(id: string): Promise<string> {
    return (await this.#call(id, 'GET', '/url')) as string;
  }

  async stopSession(id: string): Promise<SessionResult> {
    await this.#call(id, 'POST', '/url', { url: 'about:blank' });
    this.#idleWindows.push(this.#activeWindows.get(id)!);
    this.#activeWindows.delete(id);
    return {};
  }

  startDebugSession(): Promise<void> {
    return Promise.reject(new Error('WebKit has no window to debug in'));
  }

  async stop(): Promise<void> {
    for (const window of this.#windows) {
      const opened = await window.catch(() => undefined);
      await opened?.session.close();
      if (opened) await rm(opened.profile, { recursive: true, force: true, maxRetries: 20 });
    }
  }

  async setFiles(id: string, selectors: readonly string[], files: readonly string[]): Promise<void> {
    await (await this.#activeWindows.get(id)!).session.setFiles(selectors, files);
  }

  async #perform(id: string, source: Action): Promise<void> {
    await this.#call(id, 'POST', '/actions', { actions: [source] });
  }

  #performMouse(id: string, action: Action): Promise<void> {
    return this.#perform(id, { type: 'pointer', id: 'mouse', parameters: { pointerType: 'mouse' }, actions: [action] });
  }

  /** Presses keys one after the other. Keys that are pressed together are joined by a plus: `Shift+Tab`. */
  async sendKeys(id: string, strokes: string[]): Promise<void> {
    const actions = strokes.flatMap((stroke) => {
      const keys = stroke.length === 1 ? [stroke] : stroke.split('+').map((key) => KEYS[key] ?? key);
      const press = (type: string) => (value: string) => ({ type, value });
      return [...keys.map(press('keyDown')), ...keys.reverse().map(press('keyUp'))];
    });
    await this.#perform(id, { type: 'key', id: 'keyboard', actions });
  }

  async sendMouseMove(id: string, x: number, y: number): Promise<void> {
    await this.#performMouse(id, { type: 'pointerMove', duration: 0, x: Math.round(x), y: Math.round(y) });
  }

  async sendMouseClick(id: string, x: number, y: number, button: Button = 'left'): Promise<void> {
    await this.sendMouseMove(id, x, y);
    await this.sendMouseDown(id, button);
    await this.sendMouseUp(id, button);
  }

  async sendMouseDown(id: string, button: Button = 'left'): Promise<void> {
    await this.#performMouse(id, { type: 'pointerDown', button: BUTTONS.indexOf(button) });
  }

  async sendMouseUp(id: string, button: Button = 'left'): Promise<void> {
    await this.#performMouse(id, { type: 'pointerUp', button: BUTTONS.indexOf(button) });
  }

  async resetMouse(id: string): Promise<void> {
    await this.#call(id, 'DELETE', '/actions');
  }
}
