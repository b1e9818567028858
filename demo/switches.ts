import type { FaultProxy, Rule } from './faults/index.js';

/** What a visitor of the demo can do to the line and to the bucket; each stays on until it is taken back. */
export type SwitchName = 'cut' | 'stop' | 'busy' | 'silence' | 'slow' | 'lose';

/** As the page sees it. */
export interface SwitchState {
  on: SwitchName[];
  /** How many requests were spoilt so far. */
  faults: number;
}

/** The bucket behind the line. */
export interface BucketControl {
  /** Ends it at once, as a crash does; what it has stored stays. */
  stop(): Promise<void>;
  start(): Promise<void>;
  /** Moves the clock by which signatures live, in milliseconds. */
  moveClock(by: number): void;
}

const SLOW = 2_000_000;
/** Longer than any signature lives. */
const PAST_EXPIRY = 2 * 3_600_000;

const RULES: Partial<Record<SwitchName, Rule>> = {
  busy: {
    probability: 0.8,
    fault: {
      do: 'answer',
      status: 503,
      body: '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>',
    },
  },
  silence: { fault: { do: 'silence', when: 'before' } },
  lose: { on: ['create', 'part', 'put', 'complete'], probability: 0.5, fault: { do: 'lose-reply' } },
};

/** Spoils the way to the demo's bucket on demand. */
export class Switches {
  readonly #proxy: FaultProxy;
  readonly #bucket: BucketControl;
  readonly #on = new Set<SwitchName>();

  constructor(proxy: FaultProxy, bucket: BucketControl) {
    this.#proxy = proxy;
    this.#bucket = bucket;
  }

  get state(): SwitchState {
    return { on: [...this.#on], faults: this.#proxy.requests.filter(({ fault }) => fault !== null).length };
  }

  /** @throws TypeError for a switch that there is not */
  async set(name: string, isOn: boolean): Promise<void> {
    if (!isSwitch(name)) throw new TypeError(`there is no switch "${name}"`);
    if (isOn) this.#on.add(name);
    else this.#on.delete(name);
    if (name === 'stop') await (isOn ? this.#bucket.stop() : this.#bucket.start());
    this.#proxy.setMode(this.#on.has('cut') ? 'refuse' : 'pass');
    this.#proxy.setRate(this.#on.has('slow') ? SLOW : Infinity);
    this.#proxy.setRules([...this.#on].flatMap((each) => RULES[each] ?? []));
  }

  /** Makes every signature that was given out so far too old. */
  expireSignatures(): void {
    this.#bucket.moveClock(PAST_EXPIRY);
  }
}

const NAMES: ReadonlySet<string> = new Set<SwitchName>(['cut', 'stop', 'busy', 'silence', 'slow', 'lose']);
const isSwitch = (name: string): name is SwitchName => NAMES.has(name);
