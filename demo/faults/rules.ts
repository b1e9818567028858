import type { Random } from './random.js';
import type { RequestFacts, RequestKind } from './request-kind.js';

/** A complete response of the store or of the signer. */
export interface StoreResponse {
  status: number;
  /** Names and values in turn, as received. */
  rawHeaders: string[];
  body: string;
}

/** The fault that a request meets. */
export type Fault =
  /** Every connection is reset, and new ones are refused for this time in milliseconds. */
  | { do: 'refuse'; for: number }
  /** The connection is reset: at once, or after this number of bytes of the request's body. */
  | { do: 'reset'; after?: number }
  /**
   * There is never a response: `before` the store receives the request (of the body, only this number of bytes is
   * read), or `after` it has acted.
   */
  | { do: 'silence'; when: 'before' | 'after'; after?: number }
  /** The store acts, and the connection is reset instead of its response. */
  | { do: 'lose-reply' }
  /** The store acts, and its response ends with a reset after this number of bytes. */
  | { do: 'cut'; after: number }
  /** The body is passed on at this rate, in bytes per second. */
  | { do: 'throttle'; rate: number }
  /** The body is read completely, changed and passed on; of the headers only Content-Length changes. */
  | { do: 'alter'; alter: (body: Buffer) => Buffer | Promise<Buffer> }
  /** The request is passed on after this delay in milliseconds. */
  | { do: 'delay'; ms: number }
  /** The proxy answers; the store does not receive the request. */
  | ({ do: 'answer' } & InjectedResponse)
  /** The store acts, and the proxy answers. */
  | ({ do: 'answer-after' } & InjectedResponse)
  /** One of these, at random. */
  | { do: 'any'; of: readonly SingleFault[] }
  /** The store acts, and its response is changed. */
  | { do: 'edit'; edit: (answer: StoreResponse, request: RequestFacts & { target: string }) => Partial<StoreResponse> };

/** A fault after the random choice. */
export type SingleFault = Exclude<Fault, { do: 'any' }>;

export interface InjectedResponse {
  status: number;
  headers?: Readonly<Record<string, string>>;
  body?: string;
  /** A `Retry-After` header with this number of seconds, in either form of RFC 9110. */
  retryAfter?: { seconds: number; as: 'seconds' | 'date' };
  /** Whether a page of another origin may read it; by default it may. */
  cors?: boolean;
}

/** Which requests a fault applies to. All conditions must hold; a rule without conditions always applies. */
export interface Rule {
  /** Kinds of request; without it, every kind but preflights. */
  on?: RequestKind | readonly RequestKind[];
  /** Only this part. */
  part?: number;
  /**
   * Only the first request of a connection: after a reset of a reused connection, browsers re-send by
   * themselves, and the page is not notified.
   */
  fresh?: boolean;
  /** Only the nth request that matches all of the above, or only every nth; the first is 1. */
  nth?: number;
  every?: number;
  /** Probability, 0 to 1, for each that matches all of the above. */
  probability?: number;
  /** Maximum number of times. */
  times?: number;
  fault: Fault;
}

/** The properties of a request that rules match. */
export interface RuledRequest extends RequestFacts {
  isFresh: boolean;
}

const isOf = ({ on }: Rule, kind: RequestKind): boolean =>
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

  /** How often each rule has applied, in order. */
  get appliedCounts(): number[] {
    return this.#entries.map(({ applied }) => applied);
  }

  /** Returns the fault of the first rule that applies. Every rule counts the requests that match it. */
  choose(request: RuledRequest): SingleFault | null {
    let chosen: SingleFault | null = null;
    for (const entry of this.#entries) {
      const { rule } = entry;
      if (!isOf(rule, request.kind) || (rule.fresh && !request.isFresh)) continue;
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
