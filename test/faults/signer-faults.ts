/** The signer in all its states. */
import type { Fault, Rule, StoreResponse } from '../../demo/faults/index.js';
import { MIB, THREE_PARTS } from './scenario.js';
import type { Actor, Scenario } from './scenario.js';

const refusal = (status: number, code: string): Fault => ({
  do: 'answer',
  status,
  headers: { 'Content-Type': 'application/json' },
  body: JSON.stringify({ error: { code, message: `Injected: ${code}.` } }),
});
const once = (on: Rule['on'], fault: Fault): Rule => ({ on, times: 1, fault });
const html: Fault = {
  do: 'answer',
  status: 200,
  headers: { 'Content-Type': 'text/html' },
  body: '<!doctype html><title>Sign in</title>',
};

/** The actions of a page after a new sign-in. */
async function signIn({ until, call }: Actor): Promise<void> {
  await until(({ waitingFor }) => waitingFor === 'authorization');
  await call('retry');
}
const signedOut = { act: signIn, expects: { reportedError: 'unauthorized', retries: 0 } } as const;

/** New headers have the same effect as `retry()`. */
async function giveHeaders({ until, call, signer }: Actor): Promise<void> {
  await until(({ waitingFor }) => waitingFor === 'authorization');
  signer.setRules([]);
  await call('setHeaders', { 'X-Token': 'fresh' });
}

const withJson = (change: (answer: Record<string, unknown>) => unknown): Fault => ({
  do: 'edit',
  edit: ({ body }: StoreResponse) => ({ body: JSON.stringify(change(JSON.parse(body) as Record<string, unknown>)) }),
});
const withFile = (change: (file: Record<string, unknown>) => unknown): Fault =>
  withJson((answer) => ({ ...answer, files: (answer.files as Record<string, unknown>[]).map(change) }));

const STEPS = {
  'init signature': { on: 'init-signature' },
  'all signatures': { on: 'all-signatures' },
  'part signature': { on: 'chunk-signature', without: ['get_all_signatures'] },
  'end signature': { on: 'end-signature', without: ['get_all_signatures'] },
} as const;

const atEachStep = (make: (on: Rule['on']) => Omit<Scenario, 'phase'>): Scenario[] =>
  Object.entries(STEPS).map(([phase, { on, ...more }]) => ({ phase, ...more, ...make(on) }));

export const signerScenarios: readonly Scenario[] = [
  // it is reported at the second response, and retries continue
  ...atEachStep((on) => ({
    fault: 'HTML instead of JSON',
    signer: [{ on, times: 3, fault: html }],
    expects: { reportedError: 'unauthorized' as const },
  })),
  ...atEachStep((on) => ({
    fault: 'slow by 3 s',
    signer: [{ on, fault: { do: 'delay', ms: 3_000 } }],
    expects: { retries: 0 },
  })),
  ...atEachStep((on) => ({
    fault: '401, then retry()',
    signer: [once(on, refusal(401, 'unauthorized'))],
    ...signedOut,
  })),
  ...atEachStep((on) => ({
    fault: '403 unauthorized, then retry()',
    signer: [once(on, refusal(403, 'unauthorized'))],
    ...signedOut,
  })),
  {
    fault: '401, then new headers',
    phase: 'all signatures',
    signer: [{ on: 'all-signatures', fault: refusal(401, 'unauthorized') }],
    act: giveHeaders,
    expects: { reportedError: 'unauthorized', retries: 0 },
  },
  {
    fault: 'grant expired',
    phase: 'all signatures',
    signer: [once('all-signatures', refusal(403, 'grant-expired'))],
    expects: { retries: 0 },
  },
  {
    fault: 'grant expired',
    phase: 'end signature',
    without: ['get_all_signatures'],
    signer: [once('end-signature', refusal(403, 'grant-expired'))],
    expects: { retries: 0 },
  },
  {
    fault: 'grants of 6 s that expire for real',
    phase: 'part signature',
    size: 4 * THREE_PARTS,
    rate: 3 * MIB,
    without: ['get_all_signatures'],
    signerOptions: () => ({ expires: 6, grantLife: 6 }),
    expects: { retries: 0 },
    in: ['ceph'],
  },
  {
    fault: 'another part size than before',
    phase: 'all signatures',
    signer: [
      once('all-signatures', refusal(403, 'grant-expired')),
      { on: 'init-signature', nth: 2, fault: withFile((file) => ({ ...file, part_size: 6 * MIB })) },
    ],
    expects: { leftovers: 'any' },
  },
  {
    fault: 'another key than before',
    phase: 'all signatures',
    signer: [
      once('all-signatures', refusal(403, 'grant-expired')),
      { on: 'init-signature', nth: 2, fault: withFile((file) => ({ ...file, key: `${String(file.key)}-other` })) },
    ],
    expects: { leftovers: 'any' },
  },
  {
    fault: 'a clock a day behind',
    phase: 'init signature',
    signer: [
      { on: 'init-signature', times: 1, fault: withJson((answer) => ({ ...answer, time: Date.now() + 86_400_000 })) },
    ],
  },
  {
    fault: 'down for 8 s',
    phase: 'init signature',
    signer: [once('init-signature', { do: 'refuse', forMs: 8_000 })],
    expects: { reportedError: 'signer-refused' },
  },
  {
    fault: 'down for 8 s',
    phase: 'all signatures',
    signer: [once('all-signatures', { do: 'refuse', forMs: 8_000 })],
  },
  {
    fault: 'refuses for good',
    phase: 'init signature',
    signer: [once('init-signature', refusal(422, 'too-large'))],
    expects: { status: 'failed', error: 'signer-refused', retries: 0 },
  },
];
