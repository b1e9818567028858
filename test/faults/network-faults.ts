/** Faults of the network and of gateways at each step of an upload: failed connections and error responses. */
import type { Fault, InjectedResponse, RequestKind, Rule } from '../../demo/faults/index.js';
import { errorXml } from '../../demo/faults/injected-response.js';
import { createMemoryTracker } from '../../src/signer/tracker/memory-tracker.js';
import { MIB, THREE_PARTS_SIZE } from './scenario.js';
import type { ActionContext, Scenario } from './scenario.js';

/** A step of an upload at which a fault can happen, with the settings of an upload that has this step. */
interface Phase extends Partial<Scenario> {
  phase: string;
  server: 'store' | 'signer';
  on: RequestKind;
}

const withTracker = { signerOptions: () => ({ authorize: () => 'somebody', tracker: createMemoryTracker() }) };

/** The upload calls ListParts when it resumes. */
async function pauseAndResume({ until, call }: ActionContext): Promise<void> {
  await until(({ parts }) => parts.done >= 1);
  await call('pause');
  await until(({ status }) => status === 'paused');
  await call('resume');
}

async function abortAfterFirstPart({ until, call }: ActionContext): Promise<void> {
  await until(({ parts }) => parts.done >= 1);
  await call('abort');
}

const SLOW_RATE = 12 * MIB;
const paused = { action: pauseAndResume, rate: SLOW_RATE, attributes: { concurrency: '1' } } as const;
const aborted = {
  action: abortAfterFirstPart,
  rate: SLOW_RATE,
  attributes: { concurrency: '1' },
  expects: { status: 'aborted', minRetries: 0 },
} as const;
const withSingleSignatures = { omittedActions: ['get_all_signatures'] } as const;

export const PHASES: readonly Phase[] = [
  { phase: 'init signature', server: 'signer', on: 'init-signature' },
  { phase: 'create', server: 'store', on: 'create' },
  { phase: 'all signatures', server: 'signer', on: 'all-signatures' },
  { phase: 'part signature', server: 'signer', on: 'chunk-signature', ...withSingleSignatures },
  { phase: 'part', server: 'store', on: 'part' },
  { phase: 'whole file', server: 'store', on: 'put', size: 3 * MIB },
  { phase: 'list signature', server: 'signer', on: 'list-signature', ...withSingleSignatures, ...paused },
  { phase: 'list', server: 'store', on: 'list', ...paused },
  { phase: 'end signature', server: 'signer', on: 'end-signature', ...withSingleSignatures },
  { phase: 'complete', server: 'store', on: 'complete' },
  { phase: 'abort signature', server: 'signer', on: 'delete-signature', ...withSingleSignatures, ...aborted },
  { phase: 'abort', server: 'store', on: 'abort', ...aborted },
  // a failed notification delays nothing
  { phase: 'notification', server: 'signer', on: 'notification', ...withTracker, expects: { minRetries: 0 } },
];

const GATEWAY_PAGE = '<!doctype html><title>502 Bad Gateway</title>';
const STATUS_CODES: Readonly<Record<number, string>> = {
  408: 'RequestTimeout',
  425: 'TooEarly',
  429: 'TooManyRequests',
  500: 'InternalError',
  502: '',
  503: 'SlowDown',
  504: '',
};

/** Returns the error response of the store, of a gateway before it, or of the signer. */
function errorResponse(status: number, at: Phase['server'], retryAfter?: InjectedResponse['retryAfter']): Fault {
  const code = STATUS_CODES[status];
  const signerError = {
    headers: { 'Content-Type': 'application/json' },
    body: '{"error":{"code":"busy","message":"busy"}}',
  };
  const body = at === 'signer' ? signerError : { body: code ? errorXml(code) : GATEWAY_PAGE };
  return { do: 'answer', status, ...(code === '' ? { body: GATEWAY_PAGE } : body), ...(retryAfter && { retryAfter }) };
}

interface NetworkFault {
  fault: string;
  createFault(phase: Phase): Fault;
  /** Additional properties of the fault rule. */
  rule?: Partial<Rule>;
  scenario?: Partial<Scenario>;
  /** Whether the fault can happen at a step; by default at each. */
  appliesTo?(phase: Phase): boolean;
}

/** Whether the request's body is large enough for a fault in the middle of it. */
const hasBody = ({ on }: Phase): boolean => on === 'part' || on === 'put';
/** Whether a request leaves a multipart upload in the store if its response is lost. */
const leavesUpload = ({ on }: Phase): boolean => on === 'create';

/** A short stall timeout, so that scenarios with a silent connection end soon. */
const SHORT_STALL = { 'stall-timeout': '4' } as const;

/** Browsers may re-send a request by themselves after a 408 on a reused connection. */
const extrasOf = (status: number): Partial<NetworkFault> =>
  status === 408 ? { scenario: { connectionPerRequest: true } } : {};

const NETWORK_FAULTS: readonly NetworkFault[] = [
  { fault: 'refused for 1.5 s', createFault: () => ({ do: 'refuse', forMs: 1_500 }), rule: { times: 1 } },
  // on a reused connection, the browser would re-send the request by itself
  {
    fault: 'reset',
    createFault: () => ({ do: 'reset' }),
    rule: { times: 2 },
    scenario: { connectionPerRequest: true },
  },
  {
    fault: 'reset half-way',
    createFault: () => ({ do: 'reset', after: MIB }),
    rule: { times: 2 },
    scenario: { connectionPerRequest: true },
    appliesTo: hasBody,
  },
  {
    fault: 'silent half-way',
    createFault: () => ({ do: 'silence', when: 'before', afterBytes: MIB / 4 }),
    rule: { times: 1 },
    scenario: { size: 33 * MIB, attributes: { ...SHORT_STALL, 'part-size': '32MiB' } },
    appliesTo: ({ on }) => on === 'part',
  },
  { fault: 'silent', createFault: () => ({ do: 'silence', when: 'before' }), rule: { times: 1 } },
  { fault: 'silent after acting', createFault: () => ({ do: 'silence', when: 'after' }), rule: { times: 1 } },
  {
    fault: 'reply lost',
    createFault: () => ({ do: 'lose-reply' }),
    rule: { times: 1 },
    scenario: { connectionPerRequest: true },
  },
  {
    fault: 'reply cut',
    createFault: () => ({ do: 'cut', afterBytes: 20 }),
    rule: { times: 1 },
    // the responses to other requests have no body
    appliesTo: ({ server, on }) => server === 'signer' || ['create', 'list', 'complete'].includes(on),
  },
  ...Object.keys(STATUS_CODES)
    .map(Number)
    .flatMap((status): NetworkFault[] => [
      {
        fault: String(status),
        createFault: ({ server }) => errorResponse(status, server),
        rule: { times: 2 },
        ...extrasOf(status),
      },
      {
        fault: `${status}, Retry-After 1`,
        createFault: ({ server }) => errorResponse(status, server, { seconds: 1, as: 'seconds' }),
        rule: { times: 1 },
        ...extrasOf(status),
      },
      {
        fault: `${status}, Retry-After a date`,
        createFault: ({ server }) => errorResponse(status, server, { seconds: 2, as: 'date' }),
        rule: { times: 1 },
        ...extrasOf(status),
      },
    ]),
];

/** Returns the timeout of scenarios in which a request has a long timeout: signer calls 30 s, Complete 10 minutes. */
function timeoutOf({ fault }: NetworkFault, { server, on }: Phase): Partial<Scenario> {
  if (!fault.startsWith('silent') || fault === 'silent half-way') return {};
  if (server === 'signer') return { timeoutSeconds: 180, includedIn: ['all'] };
  // the upload waits for the result of the first Complete: a second one at the same time could fail because of it
  return on === 'complete' && fault === 'silent' ? { timeoutSeconds: 900, includedIn: ['all'] } : {};
}

/** Returns a short stall timeout only where the fault needs it: on a busy machine it causes retries without a fault. */
const stallAttributesOf = ({ fault }: NetworkFault, { server, on }: Phase) =>
  fault.startsWith('silent') && server === 'store' && !(on === 'complete' && fault === 'silent') ? SHORT_STALL : {};

function combine(networkFault: NetworkFault, { server, on, phase, ...phaseSettings }: Phase): Scenario {
  const rule: Rule = { on, ...networkFault.rule, fault: networkFault.createFault({ server, on, phase }) };
  const isLost = /lost|cut|after acting/.test(networkFault.fault);
  const { expects } = { ...phaseSettings };
  return {
    fault: networkFault.fault,
    phase,
    [server]: [rule],
    ...phaseSettings,
    ...networkFault.scenario,
    attributes: {
      ...phaseSettings.attributes,
      ...networkFault.scenario?.attributes,
      ...stallAttributesOf(networkFault, { server, on, phase }),
    },
    ...timeoutOf(networkFault, { server, on, phase }),
    expects: {
      ...expects,
      // Firefox re-sends a GET by itself if a connection ends without a response
      ...(on === 'list' && /reset|lost/.test(networkFault.fault) && { minRetries: 0 }),
      ...(networkFault.fault.startsWith('408') && { minRetries: 0 }),
      // the upload reports a signer that has never answered
      ...(on === 'init-signature' && { optionalErrors: ['signer-refused'] }),
      // if the response to Create is lost, nobody knows the upload's ID, and only a lifecycle rule can abort it
      ...(isLost && leavesUpload({ on } as Phase) && { leftovers: 1 }),
    },
    size: networkFault.scenario?.size ?? phaseSettings.size ?? THREE_PARTS_SIZE,
  };
}

export const networkScenarios: readonly Scenario[] = NETWORK_FAULTS.flatMap((line) =>
  PHASES.filter((phase) => line.appliesTo?.(phase) ?? true).map((phase) => combine(line, phase)),
);
