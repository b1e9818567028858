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
export type {
  Fault,
  InjectedResponse as PlayedAnswer,
  Rule,
  SingleFault,
  StoreResponse as WholeAnswer,
} from './rules.js';

/** `pause`: bytes and requests wait; `refuse`: open connections are reset, and new ones refused. */
export type ProxyMode = 'pass' | 'pause' | 'refuse';

export interface FaultProxyOptions {
  /** 0: any free port. */
  port?: number;
  /** Bytes per second towards the target, over all connections. */
  rate?: number;
  rules?: readonly Rule[];
  /** Seed of the rules' probabilities. */
  seed?: number;
  /** Whether each request gets its own connection: browsers then never re-send one by themselves. */
  connectionPerRequest?: boolean;
}

export interface FaultProxy {
  /** Origin without a trailing slash. URLs must be signed for it: the proxy leaves Host as it is. */
  readonly url: string;
  /** Every request since the start or the last reset, oldest first. */
  readonly requests: readonly SeenRequest[];
  /** How often each rule has applied, in order. */
  readonly appliedCounts: readonly number[];
  /** When it last stopped refusing connections, in epoch milliseconds; null: never. */
  readonly returnedAt: number | null;
  /** Body bytes received, of one kind of request or of all. */
  bytes(kind?: RequestKind): number;
  count(kind?: RequestKind): number;
  /** Replaces the rules. */
  setRules(rules: readonly Rule[]): void;
  /** Bytes per second; Infinity: no limit. */
  setRate(rate: number): void;
  setMode(mode: ProxyMode): void;
  /** Resets all counts. */
  reset(): void;
  /** Stops at once; connections are cut. */
  close(): Promise<void>;
}

/** A reset within this time after the last byte of a response may reach the client before it. */
const OVERTAKE_WINDOW_MS = 500;

class Proxy implements FaultProxy {
  readonly #rules: RuleSet;
  readonly #valve: Valve;
  readonly #agent = new Agent({ keepAlive: true });
  readonly #target: URL;
  readonly #connectionPerRequest: boolean;
  readonly #used = new WeakSet<Socket>();
  readonly #server = createServer({ keepAliveTimeout: 60_000, requestTimeout: 0 }, (incoming, answer) =>
    this.#handle(incoming, answer),
  );
  #listeningPort!: ListeningPort;
  #mode: ProxyMode = 'pass';
  #outages = 0;
  requests: SeenRequest[] = [];
  returnedAt: number | null = null;

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
    return this.#ofKind(kind).reduce((sum, { bytes }) => sum + bytes, 0);
  }

  count(kind?: RequestKind): number {
    return this.#ofKind(kind).length;
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

  #handle(incoming: IncomingMessage, answer: ServerResponse): void {
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
      isFresh: !this.#used.has(incoming.socket),
      fault: null,
    };
    this.#used.add(incoming.socket);
    this.requests.push(seen);
    const fault = this.#rules.choose(seen);
    seen.fault = fault?.do ?? null;
    if (fault?.do === 'refuse') return this.#refuseFor(fault.for);
    const context = {
      target: this.#target,
      agent: this.#agent,
      valve: this.#valve,
      connectionPerRequest: this.#connectionPerRequest,
    };
    new Exchange(context, incoming, answer, seen).run(fault);
  }

  #refuseFor(time: number): void {
    this.#outages++;
    this.#startRefusing();
    setTimeout(() => {
      this.#outages--;
      this.#stopRefusing();
    }, time);
  }

  #stopRefusing(): void {
    if (this.#outages || this.#mode === 'refuse' || this.#listeningPort.isOpen) return;
    this.#listeningPort.open();
    this.returnedAt = Date.now();
  }

  #startRefusing(): void {
    this.#listeningPort.close();
    this.#listeningPort.reset();
    const since = Date.now() - OVERTAKE_WINDOW_MS;
    for (const seen of this.requests)
      if (seen.deliveredAt !== null && seen.deliveredAt > since) seen.deliveredAt = null;
  }

  #ofKind(kind?: RequestKind): readonly SeenRequest[] {
    return kind ? this.requests.filter((seen) => seen.kind === kind) : this.requests;
  }
}

/**
 * Starts an HTTP proxy in front of a store or a signer. It streams and counts requests, and applies the faults of its
 * rules. It changes no request header, so signatures for the proxy's own address are valid.
 * @param target origin of the store or signer
 * @throws Error if the port is not available
 */
export function startFaultProxy(target: string, options: FaultProxyOptions = {}): Promise<FaultProxy> {
  return new Proxy(target, options).open(options.port ?? 0);
}
