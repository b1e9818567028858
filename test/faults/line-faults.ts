/** The line, and whoever stands between: connections that fail, and answers of a store in trouble, at each step. */
import type { Fault, PlayedAnswer, RequestKind, Rule } from '../../demo/faults/index.js';
import { errorXml } from '../../demo/faults/played-answer.js';
import { createMemoryTracker } from '../../src/signer/tracker/memory-tracker.js';
import { MIB, THREE_PARTS } from './scenario.js';
import type { Actor, Scenario } from './scenario.js';

/** Where a fault can strike: a step of an upload, and how it is brought about. */
interface Phase extends Partial<Scenario> {
  phase: string;
  at: 'store' | 'signer';
  on: RequestKind;
}

const isTracked = { signerOptions: () => ({ authorize: () => 'somebody', tracker: createMemoryTracker() }) };

/** What is stored has to be listed once an upload that was paused goes on. */
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

const SLOW = 12 * MIB;
const paused = { act: pauseAndResume, rate: SLOW, attributes: { concurrency: '1' } } as const;
const aborted = {
  act: abortSoon,
  rate: SLOW,
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
  // a notice that fails holds nothing up
  { phase: 'notice', at: 'signer', on: 'notice', ...isTracked, expects: { retries: 0 } },
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

/** What the store, or a gateway before it, or the signer says in trouble. */
function troubled(status: number, at: Phase['at'], retryAfter?: PlayedAnswer['retryAfter']): Fault {
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
  /** Whether it can strike there, and in what runs it is. */
  fits?(phase: Phase): boolean;
}

/** A request that goes up with enough bytes to be cut in the middle. */
const hasBody = ({ on }: Phase): boolean => on === 'part' || on === 'put';
/** A step whose request the store may have acted on, and which leaves something behind then. */
const ofUnknownEnd = ({ on }: Phase): boolean => on === 'create';

/** Silence is to cost no more seconds than that. */
const SHORT_STALL = { 'stall-timeout': '4' } as const;

/** Engines may send again by themselves what was answered 408, above all on a connection that they had used before. */
const ofStatus = (status: number): Partial<LineFault> =>
  status === 408 ? { scenario: { connectionPerRequest: true } } : {};

const LINE_FAULTS: readonly LineFault[] = [
  { fault: 'refused for 1.5 s', make: () => ({ do: 'refuse', for: 1_500 }), rule: { times: 1 } },
  // a connection of its own for each request: a browser would send again by itself on a used one
  { fault: 'reset', make: () => ({ do: 'reset' }), rule: { times: 2 }, scenario: { connectionPerRequest: true } },
  {
    fault: 'reset half-way',
    make: () => ({ do: 'reset', after: MIB }),
    rule: { times: 2 },
    scenario: { connectionPerRequest: true },
    fits: hasBody,
  },
  {
    fault: 'silent half-way',
    make: () => ({ do: 'silence', when: 'before', after: MIB / 4 }),
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
    make: () => ({ do: 'cut', after: 20 }),
    rule: { times: 1 },
    // the others have no body to cut
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

/** Engines wait by their own rules for the signer (30 s), and for a Complete that the store has not carried out (10 min). */
function waitOf({ fault }: LineFault, { at, on }: Phase): Partial<Scenario> {
  if (!fault.startsWith('silent') || fault === 'silent half-way') return {};
  if (at === 'signer') return { patience: 180, in: ['all'] };
  // whether it was carried out is looked up; a second one at a time would be in the way of the first
  return on === 'complete' && fault === 'silent' ? { patience: 900, in: ['all'] } : {};
}

/** The stall timeout counts where nothing goes up; on a machine that is busy, no shorter than it has to be. */
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
      // Firefox sends a GET again by itself whenever a connection ends without an answer
      ...(on === 'list' && /reset|lost/.test(line.fault) && { retries: 0 }),
      ...(line.fault.startsWith('408') && { retries: 0 }),
      // the page is told of a signer that has never answered
      ...(on === 'init-signature' && { mayComplain: ['signer-refused'] }),
      // nobody knows the id of an upload whose Create was answered into the void: the bucket's lifecycle rule ends it
      ...(isLost && ofUnknownEnd({ on } as Phase) && { leftovers: 1 }),
    },
    size: line.scenario?.size ?? more.size ?? THREE_PARTS,
  };
}

export const lineScenarios: readonly Scenario[] = LINE_FAULTS.flatMap((line) =>
  PHASES.filter((phase) => line.fits?.(phase) ?? true).map((phase) => combine(line, phase)),
);
