/** Outages of the store, and series of faults during a whole upload. */
import type { Fault, Rule, SingleFault } from '../../demo/faults/index.js';
import { errorXml } from '../../demo/faults/injected-response.js';
import { MIB } from './scenario.js';
import type { Scenario } from './scenario.js';

const gone = (seconds: number): Partial<Scenario> & Pick<Scenario, 'phase'> => ({
  phase: 'part',
  size: 48 * MIB,
  store: [{ on: 'part', nth: 4, fault: { do: 'refuse', forMs: seconds * 1_000 } }],
  timeoutSeconds: seconds + 120,
});

const html = '<!doctype html><title>502 Bad Gateway</title>';
/**
 * Faults of a bad network and a store in trouble, for any request. Silence has its own scenario, because it takes long.
 */
export const MIXED: readonly SingleFault[] = [
  { do: 'reset' },
  { do: 'reset', afterBytes: 300_000 },
  { do: 'lose-reply' },
  { do: 'cut', afterBytes: 30 },
  { do: 'delay', ms: 700 },
  { do: 'throttle', rate: 4 * MIB },
  { do: 'answer', status: 500, body: errorXml('InternalError') },
  { do: 'answer', status: 503, body: errorXml('SlowDown') },
  { do: 'answer', status: 502, body: html, cors: false },
  { do: 'answer', status: 403, body: errorXml('AccessDenied', 'Request has expired'), cors: false },
  { do: 'answer', status: 408, body: errorXml('RequestTimeout') },
  { do: 'answer-after', status: 504, body: html },
];

export const SIGNER_MIXED: readonly SingleFault[] = [
  { do: 'reset' },
  { do: 'lose-reply' },
  { do: 'delay', ms: 500 },
  { do: 'answer', status: 503, body: html },
  { do: 'answer', status: 200, body: html },
];

const any = (of: readonly SingleFault[]): Fault => ({ do: 'any', of });
const storm = (probability: number): { store: Rule[]; signer: Rule[] } => ({
  store: [{ probability, fault: any(MIXED) }],
  signer: [{ probability, fault: any(SIGNER_MIXED) }],
});

export const outageScenarios: readonly Scenario[] = [
  { fault: 'the store gone for 20 s', ...gone(20), in: ['ceph'] },
  { fault: 'the store gone for 60 s', ...gone(60), in: ['all'] },
  { fault: 'the store gone for 2 minutes', ...gone(120), in: ['all'] },
  {
    fault: 'a storm of 30 %, 64 MiB',
    phase: 'every step',
    size: 64 * MIB,
    ...storm(0.3),
    mayMiss: true,
    timeoutSeconds: 240,
    expects: { leftovers: 'any', optionalErrors: ['signer-refused'] },
    in: ['ceph'],
  },
  {
    fault: 'a storm of 30 %, 1 GiB',
    phase: 'every step',
    size: 1024 * MIB,
    ...storm(0.3),
    mayMiss: true,
    timeoutSeconds: 1_500,
    expects: { leftovers: 'any', optionalErrors: ['signer-refused'] },
    in: ['all'],
  },
  {
    fault: 'a storm of 30 % on connections of their own',
    phase: 'every step',
    size: 64 * MIB,
    connectionPerRequest: true,
    ...storm(0.3),
    mayMiss: true,
    timeoutSeconds: 240,
    expects: { leftovers: 'any', optionalErrors: ['signer-refused'] },
  },
];
