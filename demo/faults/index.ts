import { Agent, createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Exchange } from './exchange.js';
import type { SeenRequest } from './exchange.js';
import { ListeningPort } from './listening-port.js';
import { seededRandom } from './random.js';
import { describeRequest } from './request-kind.js';
import type { RequestKind } from './request-kind.js';
import { RuleSet } from './rules.js';
import type { Rule } from './rules.js';
import { Valve } from './valve.js';

export type { SeenRequest } from './exchange.js';
export type { RequestKind } from './request-kind.js';
export type { Fault, InjectedResponse, Rule, SingleFault, StoreResponse } from './rules.js';

/** `pass` forwards; `pause` holds back requests and bytes; `refuse` resets open connections and refuses new ones. */
export type ProxyMode = 'pass' | 'pause' | 'refuse';

export interface FaultProxyOptions {
  /** 0 selects any free port. */
  port?: number;
  /** Bytes per second towards the target, over all connections. */
  rate?: number;
  rules?: readonly Rule[];
  /** Seed of the rules' probabilities. */
  seed?: number;
  /** Whether each request gets its own connection: browsers then never re-send a request themselves. */
  connectionPerRequest?: boolean;
}

export interface FaultProxy {
  /** Origin without a trailing slash. URLs must be signed for it: the proxy leaves Host as it is. */
  readonly url: string;
  /** Every request since the start or the last reset, oldest first. */
  readonly requests: readonly SeenRequest[];
  /** How often each rule has applied, in order. */
  readonly appliedCounts: readonly number[];
  /** When the last refusal of connections ended, in epoch milliseconds; null if there was none. */
  readonly outageEndedAt: number | null;
  /** Returns the received body bytes of one kind of request, or of all. */
  bytes(kind?: RequestKind): number;
  /** Returns the number of requests of one kind, or of all. */
  count(kind?: RequestKind): number;
  /** Replaces the rules. */
  setRules(rules: readonly Rule[]): void;
  /** @param rate bytes per second; Infinity for no limit */
  setRate(rate: number): void;
  setMode(mode: ProxyMode): void;
  /** Deletes the record of requests. */
  reset(): void;
  /** Stops immediately, and resets all connections. */
  close(): Promise<void>;
}

/** A reset within this time after the last byte of a response may reach the client before that byte. */
const OVERTAKE_WINDOW_MS = 500;

class Proxy implements FaultProxy {
  readonly #rules: RuleSet;
  readonly #valve: Valve;
  readonly #agent = new Agent({ keepAlive: true });
  readonly #target: URL;
  readonly #connectionPerRequest: boolean;
  /** Connections that have sent a request. */
  readonly #usedSockets = new WeakSet<Socket>();
  readonly #server = createServer({ keepAliveTimeout: 60_000, requestTimeout: 0 }, (incoming, response) =>
    this.#handle(incoming, response),
  );
  #listeningPort!: ListeningPort;
  #mode: ProxyMode = 'pass';
  /** The number of `refuse` faults that last. */
  #activeOutages = 0;
  /** Requests whose responses have not ended. */
  readonly #open = new Set<SeenRequest>();
  requests: SeenRequest[] = [];
  outageEndedAt: number | null = null;

  constructor(
    target: string,
    { rate = Infinity, rules = [], seed = 1, connectionPerRequest = false }: FaultProxyOptions,
  ) {
    this.#target = new URL(target);
    this.#valve = new Valve(rate);
    this.#rules = new RuleSet(seededRandom(seed));
    this.#rules.set(rules);
    this.#connectionPerRequest = connectionPerRequest;
  }

  async open(port: number): Promise<this> {
    this.#listeningPort = await ListeningPort.open(port, (socket) => this.#server.emit('connection', socket));
    return this;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#listeningPort.port}`;
  }

  get appliedCounts(): number[] {
    return this.#rules.appliedCounts;
  }

  bytes(kind?: RequestKind): number {
    return this.#requestsOfKind(kind).reduce((sum, { bytes }) => sum + bytes, 0);
  }

  count(kind?: RequestKind): number {
    return this.#requestsOfKind(kind).length;
  }

  setRules(rules: readonly Rule[]): void {
    this.#rules.set(rules);
  }

  setRate(rate: number): void {
    this.#valve.setRate(rate);
  }

  setMode(mode: ProxyMode): void {
    this.#mode = mode;
    this.#valve.setClosed(mode === 'pause');
    if (mode === 'refuse') this.#startRefusing();
    else this.#stopRefusing();
  }

  reset(): void {
    this.requests = [];
  }

  close(): Promise<void> {
    this.#mode = 'refuse';
    this.#listeningPort.close();
    this.#listeningPort.reset();
    this.#agent.destroy();
    return Promise.resolve();
  }

  #handle(incoming: IncomingMessage, response: ServerResponse): void {
    const method = incoming.method ?? 'GET';
    const target = incoming.url ?? '/';
    const seen: SeenRequest = {
      ...describeRequest(method, target),
      method,
      target,
      bytes: 0,
      status: 0,
      startedAt: Date.now(),
      firstByteAt: null,
      deliveredAt: null,
      isFirstOfConnection: !this.#usedSockets.has(incoming.socket),
      fault: null,
    };
    this.#usedSockets.add(incoming.socket);
    this.requests.push(seen);
    this.#open.add(seen);
    response.once('close', () => this.#open.delete(seen));
    const fault = this.#rules.choose(seen);
    seen.fault = fault?.do ?? null;
    if (fault?.do === 'refuse') return this.#refuseFor(fault.forMs);
    const context = {
      target: this.#target,
      agent: this.#agent,
      valve: this.#valve,
      connectionPerRequest: this.#connectionPerRequest,
    };
    new Exchange(context, incoming, response, seen).forwardWith(fault);
  }

  #refuseFor(durationMs: number): void {
    this.#activeOutages++;
    this.#startRefusing();
    setTimeout(() => {
      this.#activeOutages--;
      this.#stopRefusing();
    }, durationMs);
  }

  #stopRefusing(): void {
    if (this.#activeOutages || this.#mode === 'refuse' || this.#listeningPort.isOpen) return;
    this.#listeningPort.open();
    this.outageEndedAt = Date.now();
  }

  #startRefusing(): void {
    for (const seen of this.#open) seen.fault ??= 'reset';
    this.#listeningPort.close();
    this.#listeningPort.reset();
    const since = Date.now() - OVERTAKE_WINDOW_MS;
    for (const seen of this.requests)
      if (seen.deliveredAt !== null && seen.deliveredAt > since) seen.deliveredAt = null;
  }

  #requestsOfKind(kind?: RequestKind): readonly SeenRequest[] {
    return kind ? this.requests.filter((seen) => seen.kind === kind) : this.requests;
  }
}

/**
 * Starts an HTTP proxy in front of a store or a signer. The proxy streams and records requests, and applies the faults of
 * its rules. It changes no request header, so signatures for the proxy's own address are valid.
 * @param target origin of the store or signer
 * @throws Error if the port is not available
 */
export function startFaultProxy(target: string, options: FaultProxyOptions = {}): Promise<FaultProxy> {
  return new Proxy(target, options).open(options.port ?? 0);
}
