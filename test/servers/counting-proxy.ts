import { Agent, createServer, request as sendRequest } from 'node:http';
import type { ClientRequest, IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { describeRequest } from './request-kind.js';
import type { RequestFacts, RequestKind } from './request-kind.js';

export type { RequestKind } from './request-kind.js';

/** `pause`: bytes and requests wait; `refuse`: connections are reset, those under way too. */
export type ProxyMode = 'pass' | 'pause' | 'refuse';

/** One request as the proxy saw it; its numbers grow while it runs. */
export interface SeenRequest extends RequestFacts {
  method: string;
  /** Bytes of the body that reached the proxy. */
  bytes: number;
  /** The store's answer; 0 until there is one. */
  status: number;
  /** Epoch milliseconds. */
  startedAt: number;
}

export interface CountingProxyOptions {
  /** 0: any free port. */
  port?: number;
  /** Bytes per second towards the store, over all connections. */
  rate?: number;
}

export interface CountingProxy {
  /** Origin without a trailing slash. URLs must be signed for it: the proxy leaves Host as it is. */
  readonly url: string;
  /** Every request since the start or the last reset, oldest first. */
  readonly requests: readonly SeenRequest[];
  /** Body bytes that went up, of one kind or of all. */
  bytes(kind?: RequestKind): number;
  count(kind?: RequestKind): number;
  /** Bytes per second; Infinity: no limit. */
  setRate(rate: number): void;
  setMode(mode: ProxyMode): void;
  /** Begins to count afresh. */
  reset(): void;
  /** Stops at once; connections are cut. */
  close(): Promise<void>;
}

/** Lets bytes through no faster than its rate, and none while the gate is shut. */
class Valve {
  #rate: number;
  #next = 0;
  #isShut = false;
  readonly #waiting = new Set<() => void>();

  constructor(rate: number) {
    this.#rate = rate;
  }

  setRate(rate: number): void {
    this.#rate = rate;
    this.#next = 0;
  }

  setShut(isShut: boolean): void {
    this.#isShut = isShut;
    if (isShut) return;
    for (const go of this.#waiting) go();
    this.#waiting.clear();
  }

  /** Whether bytes may pass without any waiting. */
  get isOpen(): boolean {
    return !this.#isShut && this.#rate === Infinity;
  }

  /** Calls back when so many bytes may have passed. */
  pass(bytes: number, go: () => void): void {
    if (this.#isShut) {
      this.#waiting.add(() => this.pass(bytes, go));
      return;
    }
    const now = performance.now();
    this.#next = Math.max(now, this.#next) + (bytes / this.#rate) * 1000;
    setTimeout(go, this.#next - now);
  }
}

class Proxy {
  readonly valve: Valve;
  readonly sockets = new Set<Socket>();
  requests: SeenRequest[] = [];
  isRefusing = false;
  readonly #target: URL;
  readonly #agent = new Agent({ keepAlive: true });

  constructor(target: string, rate: number) {
    this.#target = new URL(target);
    this.valve = new Valve(rate);
  }

  hold(socket: Socket): void {
    this.sockets.add(socket);
    socket.once('close', () => this.sockets.delete(socket));
    if (this.isRefusing) socket.resetAndDestroy();
  }

  handle(incoming: IncomingMessage, answer: ServerResponse): void {
    const method = incoming.method ?? 'GET';
    const seen: SeenRequest = {
      ...describeRequest(method, incoming.url ?? '/'),
      method,
      bytes: 0,
      status: 0,
      startedAt: Date.now(),
    };
    this.requests.push(seen);
    const outgoing = sendRequest({
      host: this.#target.hostname,
      port: this.#target.port,
      method,
      path: incoming.url,
      headers: incoming.rawHeaders,
      agent: this.#agent,
    });
    outgoing.on('response', (response) => {
      seen.status = response.statusCode ?? 0;
      answer.writeHead(seen.status, response.statusMessage, response.rawHeaders);
      response.pipe(answer);
    });
    // A page must see what it would see of the store itself: a cut line.
    outgoing.on('error', () => incoming.socket.resetAndDestroy());
    answer.on('close', () => {
      if (!answer.writableFinished) outgoing.destroy();
    });
    this.#forward(incoming, outgoing, seen);
  }

  close(): void {
    this.#agent.destroy();
  }

  #forward(incoming: IncomingMessage, outgoing: ClientRequest, seen: SeenRequest): void {
    incoming.on('data', (chunk: Buffer) => {
      seen.bytes += chunk.length;
      const write = (): void => {
        if (outgoing.destroyed) incoming.resume();
        else if (outgoing.write(chunk)) incoming.resume();
        else outgoing.once('drain', () => incoming.resume());
      };
      if (this.valve.isOpen) {
        if (!outgoing.write(chunk)) {
          incoming.pause();
          outgoing.once('drain', () => incoming.resume());
        }
        return;
      }
      incoming.pause();
      this.valve.pass(chunk.length, write);
    });
    incoming.on('end', () => {
      if (this.valve.isOpen) outgoing.end();
      else this.valve.pass(0, () => outgoing.end());
    });
  }
}

/**
 * Starts an HTTP proxy before a store that streams, counts, and can hold bytes back. It changes no header, so
 * signatures made for the proxy's own address hold.
 * @param target origin of the store
 */
export async function startCountingProxy(
  target: string,
  { port = 0, rate = Infinity }: CountingProxyOptions = {},
): Promise<CountingProxy> {
  const proxy = new Proxy(target, rate);
  const server = createServer({ keepAliveTimeout: 60_000, requestTimeout: 0 }, (incoming, answer) =>
    proxy.handle(incoming, answer),
  );
  server.on('connection', (socket) => proxy.hold(socket));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  const ofKind = (kind?: RequestKind): SeenRequest[] =>
    kind ? proxy.requests.filter((seen) => seen.kind === kind) : proxy.requests;
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get requests() {
      return proxy.requests;
    },
    bytes: (kind) => ofKind(kind).reduce((sum, { bytes }) => sum + bytes, 0),
    count: (kind) => ofKind(kind).length,
    setRate: (bytesPerSecond) => proxy.valve.setRate(bytesPerSecond),
    setMode: (mode) => {
      proxy.isRefusing = mode === 'refuse';
      proxy.valve.setShut(mode === 'pause');
      if (proxy.isRefusing) for (const socket of proxy.sockets) socket.resetAndDestroy();
    },
    reset: () => {
      proxy.requests = [];
    },
    close: () =>
      new Promise((resolve) => {
        proxy.close();
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
