import type { Random } from './random.js';
import type { RequestFacts, RequestKind } from './request-kind.js';

/** A complete response of the store or of the signer. */
export interface StoreResponse {
  status: number;
  /** Names and values in turn, as received. */
  rawHeaders: string[];
  body: string;
}

/** The fault that the proxy applies to a request. */
export type Fault =
  /** The proxy resets all connections, and refuses new ones for this time. */
  | { do: 'refuse'; forMs: number }
  /** The proxy resets the connection: at once, or after this number of bytes of the request's body. */
  | { do: 'reset'; afterBytes?: number }
  /**
   * The client never gets a response. `before`: the store does not receive the request, and the proxy reads only this
   * number of bytes of the body. `after`: the store acts on the request.
   */
  | { do: 'silence'; when: 'before' | 'after'; afterBytes?: number }
  /** The store acts, and the proxy resets the connection instead of passing on the response. */
  | { do: 'lose-reply' }
  /** The store acts, and the proxy resets the connection after this number of bytes of the response. */
  | { do: 'cut'; afterBytes: number }
  /** The proxy passes on the request's body at this rate, in bytes per second. */
  | { do: 'throttle'; rate: number }
  /** The proxy reads the whole body of the request, and passes on a changed body with its Content-Length. */
  | { do: 'alter'; alter: (body: Buffer) => Buffer | Promise<Buffer> }
  /** The proxy passes on the request after this delay. */
  | { do: 'delay'; ms: number }
  /** The proxy answers; the store does not receive the request. */
  | ({ do: 'answer' } & InjectedResponse)
  /** The store acts, and the proxy answers. */
  | ({ do: 'answer-after' } & InjectedResponse)
  /** The proxy applies one of these faults, at random. */
  | { do: 'any'; of: readonly SingleFault[] }
  /** The store acts, and the proxy changes the response. */
  | {
      do: 'edit';
      edit: (response: StoreResponse, request: RequestFacts & { target: string }) => Partial<StoreResponse>;
    };

/** A fault after the random choice. */
export type SingleFault = Exclude<Fault, { do: 'any' }>;

/** A response that the proxy sends instead of the store's. */
export interface InjectedResponse {
  status: number;
  headers?: Readonly<Record<string, string>>;
  body?: string;
  /** A `Retry-After` header with this number of seconds, in either form of RFC 9110. */
  retryAfter?: { seconds: number; as: 'seconds' | 'date' };
  /** Whether the response has CORS headers, so that a page of another origin can read it; true by default. */
  cors?: boolean;
}

/** Which requests a fault applies to. All conditions must hold; a rule without conditions always applies. */
export interface Rule {
  /** Kinds of request; without it, every kind but preflights. */
  on?: RequestKind | readonly RequestKind[];
  /** Only requests for the part with this number. */
  part?: number;
  /**
   * Only the first request of a connection. After a reset of a reused connection, browsers re-send the request
   * themselves, and the page gets no error.
   */
  firstOfConnection?: boolean;
  /** Only the nth request that matches the conditions above; the first is 1. */
  nth?: number;
  /** Only every nth request that matches the conditions above. */
  every?: number;
  /** Probability, 0 to 1, with which the rule applies to a request that matches the conditions above. */
  probability?: number;
  /** Maximum number of requests that the rule applies to. */
  times?: number;
  fault: Fault;
}

/** The properties of a request that rules match. */
export interface RuledRequest extends RequestFacts {
  /** Whether the request is the first of its connection. */
  isFirstOfConnection: boolean;
}

const matchesKind = ({ on }: Rule, kind: RequestKind): boolean =>
  on === undefined ? kind !== 'preflight' : typeof on === 'string' ? on === kind : on.includes(kind);

/** The current rules, and how often each has matched and applied. */
export class RuleSet {
  readonly #random: Random;
  #entries: { rule: Rule; matched: number; applied: number }[] = [];

  constructor(random: Random) {
    this.#random = random;
  }

  /** Replaces all rules; counts start at 0. */
  set(rules: readonly Rule[]): void {
    this.#entries = rules.map((rule) => ({ rule, matched: 0, applied: 0 }));
  }

  /** Returns how often each rule has applied, in order. */
  get appliedCounts(): number[] {
    return this.#entries.map(({ applied }) => applied);
  }

  /** Returns the fault of the first rule that applies. Every rule counts the requests that match it. */
  choose(request: RuledRequest): SingleFault | null {
    let chosen: SingleFault | null = null;
    for (const entry of this.#entries) {
      const { rule } = entry;
      if (!matchesKind(rule, request.kind) || (rule.firstOfConnection && !request.isFirstOfConnection)) continue;
      if (rule.part !== undefined && rule.part !== request.partNumber) continue;
      entry.matched++;
      if (rule.nth !== undefined && entry.matched !== rule.nth) continue;
      if (rule.every !== undefined && entry.matched % rule.every !== 0) continue;
      if (rule.times !== undefined && entry.applied >= rule.times) continue;
      if (rule.probability !== undefined && this.#random() >= rule.probability) continue;
      if (chosen) continue;
      entry.applied++;
      const { fault } = rule;
      chosen = fault.do === 'any' ? fault.of[Math.floor(this.#random() * fault.of.length)]! : fault;
    }
    return chosen;
  }
}
