/** Scenarios with outages of the store, and with random faults during a whole upload. */
import type { Fault, Rule, SingleFault } from '../../demo/faults/index.js';
import { errorXml } from '../../demo/faults/injected-response.js';
import { MIB } from './scenario.js';
import type { Scenario } from './scenario.js';

const outageOf = (seconds: number): Partial<Scenario> & Pick<Scenario, 'phase'> => ({
  phase: 'part',
  size: 48 * MIB,
  store: [{ on: 'part', nth: 4, fault: { do: 'refuse', forMs: seconds * 1_000 } }],
  timeoutSeconds: seconds + 120,
});

const GATEWAY_PAGE = '<!doctype html><title>502 Bad Gateway</title>';
/** Faults of network and store that any request can have; without silent connections, which take long to detect. */
export const STORE_FAULTS: readonly SingleFault[] = [
  { do: 'reset' },
  { do: 'reset', afterBytes: 300_000 },
  { do: 'lose-reply' },
  { do: 'cut', afterBytes: 30 },
  { do: 'delay', ms: 700 },
  { do: 'throttle', rate: 4 * MIB },
  { do: 'answer', status: 500, body: errorXml('InternalError') },
  { do: 'answer', status: 503, body: errorXml('SlowDown') },
  { do: 'answer', status: 502, body: GATEWAY_PAGE, cors: false },
  { do: 'answer', status: 403, body: errorXml('AccessDenied', 'Request has expired'), cors: false },
  { do: 'answer', status: 408, body: errorXml('RequestTimeout') },
  { do: 'answer-after', status: 504, body: GATEWAY_PAGE },
];

export const SIGNER_FAULTS: readonly SingleFault[] = [
  { do: 'reset' },
  { do: 'lose-reply' },
  { do: 'delay', ms: 500 },
  { do: 'answer', status: 503, body: GATEWAY_PAGE },
  { do: 'answer', status: 200, body: GATEWAY_PAGE },
];

const anyOf = (of: readonly SingleFault[]): Fault => ({ do: 'any', of });
const randomFaults = (probability: number): { store: Rule[]; signer: Rule[] } => ({
  store: [{ probability, fault: anyOf(STORE_FAULTS) }],
  signer: [{ probability, fault: anyOf(SIGNER_FAULTS) }],
});

export const outageScenarios: readonly Scenario[] = [
  { fault: 'store unreachable for 20 s', ...outageOf(20), includedIn: ['ceph'] },
  { fault: 'store unreachable for 60 s', ...outageOf(60), includedIn: ['all'] },
  { fault: 'store unreachable for 2 minutes', ...outageOf(120), includedIn: ['all'] },
  {
    fault: 'random faults in 30 % of requests, 64 MiB',
    phase: 'every step',
    size: 64 * MIB,
    ...randomFaults(0.3),
    areRulesOptional: true,
    timeoutSeconds: 240,
    expects: { leftovers: 'any', optionalErrors: ['signer-refused'] },
    includedIn: ['ceph'],
  },
  {
    fault: 'random faults in 30 % of requests, 1 GiB',
    phase: 'every step',
    size: 1024 * MIB,
    ...randomFaults(0.3),
    areRulesOptional: true,
    timeoutSeconds: 1_500,
    expects: { leftovers: 'any', optionalErrors: ['signer-refused'] },
    includedIn: ['all'],
  },
  {
    fault: 'random faults in 30 % of requests, each on its own connection',
    phase: 'every step',
    size: 64 * MIB,
    connectionPerRequest: true,
    ...randomFaults(0.3),
    areRulesOptional: true,
    timeoutSeconds: 240,
    expects: { leftovers: 'any', optionalErrors: ['signer-refused'] },
  },
];
