import type { FaultProxy, Rule } from './faults/index.js';

/** Faults of the connection and the bucket; each stays active until the user switches it off. */
export type SwitchName = 'cut' | 'stop' | 'busy' | 'silence' | 'slow' | 'lose';

/** State of the switches, as sent to the page. */
export interface SwitchState {
  /** The active switches. */
  on: SwitchName[];
  /** Number of requests that failed because of a switch. */
  faults: number;
}

/** Controls the demo's bucket. */
export interface BucketControl {
  /** Stops the bucket immediately, as a crash would; stored data is kept. */
  stop(): Promise<void>;
  start(): Promise<void>;
  /** Advances the clock of the bucket and of the signer: signatures issued before expire, new ones are valid. */
  advanceClock(byMs: number): void;
}

const SLOW_BYTES_PER_SECOND = 2_000_000;
/** Longer than the lifetime of any signature. */
const PAST_EXPIRY_MS = 2 * 3_600_000;

/** Rules of the proxy for some switches. The others change a mode of the proxy, or stop the bucket. */
const RULES: Partial<Record<SwitchName, Rule>> = {
  busy: {
    probability: 0.8,
    fault: {
      do: 'answer',
      status: 503,
      body: '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>',
    },
  },
  // the bucket does not receive the request
  silence: { fault: { do: 'silence', when: 'before' } },
  lose: { on: ['create', 'part', 'put', 'complete'], probability: 0.5, fault: { do: 'lose-reply' } },
};

/** Injects faults into the connection to the demo's bucket. */
export class Switches {
  readonly #proxy: FaultProxy;
  readonly #bucket: BucketControl;
  readonly #active = new Set<SwitchName>();

  constructor(proxy: FaultProxy, bucket: BucketControl) {
    this.#proxy = proxy;
    this.#bucket = bucket;
  }

  get state(): SwitchState {
    return { on: [...this.#active], faults: this.#proxy.requests.filter(({ fault }) => fault !== null).length };
  }

  /** @throws TypeError for an unknown switch */
  async set(name: string, isOn: boolean): Promise<void> {
    if (!isSwitch(name)) throw new TypeError(`there is no switch "${name}"`);
    if (isOn) this.#active.add(name);
    else this.#active.delete(name);
    if (name === 'stop') await (isOn ? this.#bucket.stop() : this.#bucket.start());
    this.#proxy.setMode(this.#active.has('cut') ? 'refuse' : 'pass');
    this.#proxy.setRate(this.#active.has('slow') ? SLOW_BYTES_PER_SECOND : Infinity);
    this.#proxy.setRules([...this.#active].flatMap((active) => RULES[active] ?? []));
  }

  /** Makes all signatures that were issued until now expire. */
  expireSignatures(): void {
    this.#bucket.advanceClock(PAST_EXPIRY_MS);
  }
}

const NAMES: ReadonlySet<string> = new Set<SwitchName>(['cut', 'stop', 'busy', 'silence', 'slow', 'lose']);
const isSwitch = (name: string): name is SwitchName => NAMES.has(name);
