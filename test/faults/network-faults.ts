/** The network and the servers in between: connections that fail, and responses of a store in trouble, at each step. */
import type { Fault, InjectedResponse, RequestKind, Rule } from '../../demo/faults/index.js';
import { errorXml } from '../../demo/faults/injected-response.js';
import { createMemoryTracker } from '../../src/signer/tracker/memory-tracker.js';
import { MIB, THREE_PARTS } from './scenario.js';
import type { Actor, Scenario } from './scenario.js';

/** Where a fault can happen: a step of an upload, and how to reach it. */
interface Phase extends Partial<Scenario> {
  phase: string;
  at: 'store' | 'signer';
  on: RequestKind;
}

const isTracked = { signerOptions: () => ({ authorize: () => 'somebody', tracker: createMemoryTracker() }) };

/** Stored parts have to be listed once a paused upload continues. */
async function pauseAndResume({ until, call }: Actor): Promise<void> {
  await until(({ parts }) => parts.done >= 1);
  await call('pause');
  await until(({ status }) => status === 'paused');
  await call('resume');
}

async function abortSoon({ until, call }: Actor): Promise<void> {
  await until(({ parts }) => parts.done >= 1);
  await call('abort');
}

const SLOW_RATE = 12 * MIB;
const paused = { act: pauseAndResume, rate: SLOW_RATE, attributes: { concurrency: '1' } } as const;
const aborted = {
  act: abortSoon,
  rate: SLOW_RATE,
  attributes: { concurrency: '1' },
  expects: { status: 'aborted', retries: 0 },
} as const;
const oneByOne = { without: ['get_all_signatures'] } as const;

export const PHASES: readonly Phase[] = [
  { phase: 'init signature', at: 'signer', on: 'init-signature' },
  { phase: 'create', at: 'store', on: 'create' },
  { phase: 'all signatures', at: 'signer', on: 'all-signatures' },
  { phase: 'part signature', at: 'signer', on: 'chunk-signature', ...oneByOne },
  { phase: 'part', at: 'store', on: 'part' },
  { phase: 'whole file', at: 'store', on: 'put', size: 3 * MIB },
  { phase: 'list signature', at: 'signer', on: 'list-signature', ...oneByOne, ...paused },
  { phase: 'list', at: 'store', on: 'list', ...paused },
  { phase: 'end signature', at: 'signer', on: 'end-signature', ...oneByOne },
  { phase: 'complete', at: 'store', on: 'complete' },
  { phase: 'abort signature', at: 'signer', on: 'delete-signature', ...oneByOne, ...aborted },
  { phase: 'abort', at: 'store', on: 'abort', ...aborted },
  // a failed notification delays nothing
  { phase: 'notice', at: 'signer', on: 'notification', ...isTracked, expects: { retries: 0 } },
];

const html = '<!doctype html><title>502 Bad Gateway</title>';
const STATUS_CODES: Readonly<Record<number, string>> = {
  408: 'RequestTimeout',
  425: 'TooEarly',
  429: 'TooManyRequests',
  500: 'InternalError',
  502: '',
  503: 'SlowDown',
  504: '',
};

/** Error responses of the store, of a gateway before it, and of the signer. */
function troubled(status: number, at: Phase['at'], retryAfter?: InjectedResponse['retryAfter']): Fault {
  const code = STATUS_CODES[status];
  const ofSigner = {
    headers: { 'Content-Type': 'application/json' },
    body: '{"error":{"code":"busy","message":"busy"}}',
  };
  const body = at === 'signer' ? ofSigner : { body: code ? errorXml(code) : html };
  return { do: 'answer', status, ...(code === '' ? { body: html } : body), ...(retryAfter && { retryAfter }) };
}

interface LineFault {
  fault: string;
  make(phase: Phase): Fault;
  /** Of the rule. */
  rule?: Partial<Rule>;
  scenario?: Partial<Scenario>;
  /** Whether it can happen at that step, and in which runs it is included. */
  fits?(phase: Phase): boolean;
}

/** A request with enough bytes to be cut in the middle. */
const hasBody = ({ on }: Phase): boolean => on === 'part' || on === 'put';
/** A step whose request leaves something in the store if the store acted on it. */
const ofUnknownEnd = ({ on }: Phase): boolean => on === 'create';

/** Seconds that a silent connection may cost. */
const SHORT_STALL = { 'stall-timeout': '4' } as const;

/** Engines may re-send a request that was answered 408 by themselves, mostly on a reused connection. */
const ofStatus = (status: number): Partial<LineFault> =>
  status === 408 ? { scenario: { connectionPerRequest: true } } : {};

const LINE_FAULTS: readonly LineFault[] = [
  { fault: 'refused for 1.5 s', make: () => ({ do: 'refuse', forMs: 1_500 }), rule: { times: 1 } },
  // one connection per request: a browser would re-send by itself on a reused one
  { fault: 'reset', make: () => ({ do: 'reset' }), rule: { times: 2 }, scenario: { connectionPerRequest: true } },
  {
    fault: 'reset half-way',
    make: () => ({ do: 'reset', afterBytes: MIB }),
    rule: { times: 2 },
    scenario: { connectionPerRequest: true },
    fits: hasBody,
  },
  {
    fault: 'silent half-way',
    make: () => ({ do: 'silence', when: 'before', afterBytes: MIB / 4 }),
    rule: { times: 1 },
    scenario: { size: 33 * MIB, attributes: { ...SHORT_STALL, 'part-size': '32MiB' } },
    fits: ({ on }) => on === 'part',
  },
  { fault: 'silent', make: () => ({ do: 'silence', when: 'before' }), rule: { times: 1 } },
  { fault: 'silent after acting', make: () => ({ do: 'silence', when: 'after' }), rule: { times: 1 } },
  {
    fault: 'reply lost',
    make: () => ({ do: 'lose-reply' }),
    rule: { times: 1 },
    scenario: { connectionPerRequest: true },
  },
  {
    fault: 'reply cut',
    make: () => ({ do: 'cut', afterBytes: 20 }),
    rule: { times: 1 },
    // other requests have no body to cut
    fits: ({ at, on }) => at === 'signer' || ['create', 'list', 'complete'].includes(on),
  },
  ...Object.keys(STATUS_CODES)
    .map(Number)
    .flatMap((status): LineFault[] => [
      { fault: String(status), make: ({ at }) => troubled(status, at), rule: { times: 2 }, ...ofStatus(status) },
      {
        fault: `${status}, Retry-After 1`,
        make: ({ at }) => troubled(status, at, { seconds: 1, as: 'seconds' }),
        rule: { times: 1 },
        ...ofStatus(status),
      },
      {
        fault: `${status}, Retry-After a date`,
        make: ({ at }) => troubled(status, at, { seconds: 2, as: 'date' }),
        rule: { times: 1 },
        ...ofStatus(status),
      },
    ]),
];

/** The signer has its own timeout (30 s), and so has a Complete that the store has not finished (10 min). */
function waitOf({ fault }: LineFault, { at, on }: Phase): Partial<Scenario> {
  if (!fault.startsWith('silent') || fault === 'silent half-way') return {};
  if (at === 'signer') return { timeoutSeconds: 180, in: ['all'] };
  // the upload checks whether it succeeded; a second one at the same time would disturb the first
  return on === 'complete' && fault === 'silent' ? { timeoutSeconds: 900, in: ['all'] } : {};
}

/** The stall timeout applies when nothing is sent; on a busy machine it must not be too short. */
const stallOf = ({ fault }: LineFault, { at, on }: Phase) =>
  fault.startsWith('silent') && at === 'store' && !(on === 'complete' && fault === 'silent') ? SHORT_STALL : {};

function combine(line: LineFault, { at, on, phase, ...more }: Phase): Scenario {
  const rule: Rule = { on, ...line.rule, fault: line.make({ at, on, phase }) };
  const isLost = /lost|cut|after acting/.test(line.fault);
  const { expects } = { ...more };
  return {
    fault: line.fault,
    phase,
    [at]: [rule],
    ...more,
    ...line.scenario,
    attributes: { ...more.attributes, ...line.scenario?.attributes, ...stallOf(line, { at, on, phase }) },
    ...waitOf(line, { at, on, phase }),
    expects: {
      ...expects,
      // Firefox re-sends a GET by itself whenever a connection ends without a response
      ...(on === 'list' && /reset|lost/.test(line.fault) && { retries: 0 }),
      ...(line.fault.startsWith('408') && { retries: 0 }),
      // a signer that has never answered is reported
      ...(on === 'init-signature' && { optionalErrors: ['signer-refused'] }),
      // the ID of an upload is unknown if the response to Create was lost: the bucket's lifecycle rule ends it
      ...(isLost && ofUnknownEnd({ on } as Phase) && { leftovers: 1 }),
    },
    size: line.scenario?.size ?? more.size ?? THREE_PARTS,
  };
}

export const lineScenarios: readonly Scenario[] = LINE_FAULTS.flatMap((line) =>
  PHASES.filter((phase) => line.fits?.(phase) ?? true).map((phase) => combine(line, phase)),
);
