/** Numbered JSON calls over a WebSocket: the message format that Chromium's DevTools and WebDriver BiDi share. */
import type { Readable } from 'node:stream';
import { WebSocket } from 'ws';

interface Message {
  id?: number;
  method?: string;
  params?: unknown;
  sessionId?: string;
  result?: unknown;
  /** DevTools sends an object, BiDi a code beside a `message`. */
  error?: { message: string } | string;
  message?: string;
}

interface Pending {
  method: string;
  resolve: (result: unknown) => void;
  reject: (error: Error) => void;
}

export type Listener = (method: string, params: unknown, sessionId: string | undefined) => void;

/** Waits until a browser prints the URL of its WebSocket. @throws Error with its output if it exits before */
export function findAddress(output: Readable, pattern: RegExp): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    output.setEncoding('utf8');
    output.on('data', (chunk: string) => {
      // reading must continue after the URL is found: a full pipe would stop the browser
      if (text.length > 100_000) return;
      text += chunk;
      const match = pattern.exec(text);
      if (match) resolve(match[1]!);
    });
    output.once('end', () => reject(new Error(`the browser ended before it listened:\n${text}`)));
  });
}

/** One connection to a browser. */
export class JsonSocket {
  readonly #socket: WebSocket;
  readonly #pending = new Map<number, Pending>();
  readonly #listeners = new Set<Listener>();
  #lastId = 0;

  static async connect(url: string): Promise<JsonSocket> {
    const socket = new WebSocket(url, { perMessageDeflate: false, maxPayload: 0 });
    await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
    return new JsonSocket(socket);
  }

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('message', (data: Buffer) => this.#receive(JSON.parse(data.toString()) as Message));
    socket.on('error', () => undefined); // followed by close
    socket.on('close', () => {
      for (const { method, reject } of this.#pending.values()) reject(new Error(`${method}: the browser is gone`));
      this.#pending.clear();
    });
  }

  /** @param sessionId DevTools only: the target page */
  call(method: string, params: object = {}, sessionId?: string): Promise<unknown> {
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      if (this.#socket.readyState !== WebSocket.OPEN) return reject(new Error(`${method}: the browser is gone`));
      this.#pending.set(id, { method, resolve, reject });
      this.#socket.send(JSON.stringify({ id, method, params, sessionId }));
    });
  }

  /** @returns a function that stops listening */
  listen(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  close(): void {
    this.#socket.terminate();
  }

  #receive({ id, method, params, sessionId, result, error, message }: Message): void {
    if (id === undefined) {
      if (method) for (const listener of this.#listeners) listener(method, params, sessionId);
      return;
    }
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    if (error === undefined) pending?.resolve(result);
    else
      pending?.reject(
        new Error(`${pending.method}: ${typeof error === 'string' ? `${error}: ${message}` : error.message}`),
      );
  }
}
