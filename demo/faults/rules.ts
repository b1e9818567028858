import type { Random } from './random.js';
import type { RequestFacts, RequestKind } from './request-kind.js';

/** An answer of the store or of the signer, read whole. */
export interface WholeAnswer {
  status: number;
  /** Names and values in turn, as they came. */
  rawHeaders: string[];
  body: string;
}

/** What happens to a request. */
export type Fault =
  /** Every connection is reset, and new ones are refused for so long (milliseconds). */
  | { do: 'refuse'; for: number }
  /** The connection is reset: at once, or after so many bytes of the request's body went on to the store. */
  | { do: 'reset'; after?: number }
  /**
   * Nothing comes back, ever: `before` the store hears of it (after so many bytes of the body, even those are not
   * taken any more), or `after` it has acted.
   */
  | { do: 'silence'; when: 'before' | 'after'; after?: number }
  /** The store acts, and the connection is reset instead of its answer. */
  | { do: 'lose-reply' }
  /** The store acts, and its answer ends with a reset after so many bytes of its body. */
  | { do: 'cut'; after: number }
  /** The body goes up at so many bytes per second. */
  | { do: 'throttle'; rate: number }
  /** The body is read whole, and goes on as what is made of it; headers stay, but for a Content-Length that changes. */
  | { do: 'alter'; alter: (body: Buffer) => Buffer | Promise<Buffer> }
  /** It goes on to the store so many milliseconds later. */
  | { do: 'delay'; ms: number }
  /** Somebody else answers; the store does not hear of it. */
  | ({ do: 'answer' } & PlayedAnswer)
  /** The store acts, and somebody else answers. */
  | ({ do: 'answer-after' } & PlayedAnswer)
  /** One of these, by chance. */
  | { do: 'any'; of: readonly SingleFault[] }
  /** The store acts, and its answer is changed on its way. */
  | { do: 'edit'; edit: (answer: WholeAnswer, request: RequestFacts & { target: string }) => Partial<WholeAnswer> };

/** What happens once chance has chosen. */
export type SingleFault = Exclude<Fault, { do: 'any' }>;

export interface PlayedAnswer {
  status: number;
  headers?: Readonly<Record<string, string>>;
  body?: string;
  /** A `Retry-After` header of so many seconds from now, in either form of RFC 9110. */
  retryAfter?: { seconds: number; as: 'seconds' | 'date' };
  /** Whether a page of another origin may read it; by default it may. */
  cors?: boolean;
}

/** To which requests something happens, and what. Conditions add up; those of a rule without any always hold. */
export interface Rule {
  /** Kinds of request; without it, every kind but preflights. */
  on?: RequestKind | readonly RequestKind[];
  /** This part alone. */
  part?: number;
  /**
   * Only requests that come first on their connection: after a reset of a reused one, browsers send again by
   * themselves, and the page never hears of it.
   */
  fresh?: boolean;
  /** Only the nth request that fits all of the above, or only every nth; the first is 1. */
  nth?: number;
  every?: number;
  /** 0 to 1: how often by chance, for each that fits all of the above. */
  probability?: number;
  /** No more than so many times. */
  times?: number;
  fault: Fault;
}

/** A request as far as rules look at it. */
export interface RuledRequest extends RequestFacts {
  isFresh: boolean;
}

const isOf = ({ on }: Rule, kind: RequestKind): boolean =>
  on === undefined ? kind !== 'preflight' : typeof on === 'string' ? on === kind : on.includes(kind);

/** The rules in force, and how often each has fitted and struck. */
export class Rulebook {
  readonly #random: Random;
  #entries: { rule: Rule; fitted: number; struck: number }[] = [];

  constructor(random: Random) {
    this.#random = random;
  }

  /** Puts these in the place of all there were; their counts begin at nothing. */
  set(rules: readonly Rule[]): void {
    this.#entries = rules.map((rule) => ({ rule, fitted: 0, struck: 0 }));
  }

  /** How often each of the rules has struck, in their order. */
  get struck(): number[] {
    return this.#entries.map(({ struck }) => struck);
  }

  /** Chooses what happens to a request: the first rule that says so. Every rule counts the requests that fit it. */
  choose(request: RuledRequest): SingleFault | null {
    let chosen: SingleFault | null = null;
    for (const entry of this.#entries) {
      const { rule } = entry;
      if (!isOf(rule, request.kind) || (rule.fresh && !request.isFresh)) continue;
      if (rule.part !== undefined && rule.part !== request.partNumber) continue;
      entry.fitted++;
      if (rule.nth !== undefined && entry.fitted !== rule.nth) continue;
      if (rule.every !== undefined && entry.fitted % rule.every !== 0) continue;
      if (rule.times !== undefined && entry.struck >= rule.times) continue;
      if (rule.probability !== undefined && this.#random() >= rule.probability) continue;
      if (chosen) continue;
      entry.struck++;
      const { fault } = rule;
      chosen = fault.do === 'any' ? fault.of[Math.floor(this.#random() * fault.of.length)]! : fault;
    }
    return chosen;
  }
}
