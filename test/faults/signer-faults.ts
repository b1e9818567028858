/** Scenarios with error responses, outages and unusual answers of the signer. */
import type { Fault, Rule, StoreResponse } from '../../demo/faults/index.js';
import { MIB, THREE_PARTS_SIZE } from './scenario.js';
import type { ActionContext, Scenario } from './scenario.js';

const errorResponse = (status: number, code: string): Fault => ({
  do: 'answer',
  status,
  headers: { 'Content-Type': 'application/json' },
  body: JSON.stringify({ error: { code, message: `Injected: ${code}.` } }),
});
const once = (on: Rule['on'], fault: Fault): Rule => ({ on, times: 1, fault });
const LOGIN_PAGE: Fault = {
  do: 'answer',
  status: 200,
  headers: { 'Content-Type': 'text/html' },
  body: '<!doctype html><title>Sign in</title>',
};

/** Calls `retry()`, as a page does after a new sign-in. */
async function retryAfterSignIn({ until, call }: ActionContext): Promise<void> {
  await until(({ waitingFor }) => waitingFor === 'authorization');
  await call('retry');
}
const afterSignOut = { action: retryAfterSignIn, expects: { reportedError: 'unauthorized', minRetries: 0 } } as const;

/** Sets new headers, as a page may do instead of calling `retry()`. */
async function setNewHeaders({ until, call, signer }: ActionContext): Promise<void> {
  await until(({ waitingFor }) => waitingFor === 'authorization');
  signer.setRules([]);
  await call('setHeaders', { 'X-Token': 'fresh' });
}

const editJson = (change: (answer: Record<string, unknown>) => unknown): Fault => ({
  do: 'edit',
  edit: ({ body }: StoreResponse) => ({ body: JSON.stringify(change(JSON.parse(body) as Record<string, unknown>)) }),
});
const editFiles = (change: (file: Record<string, unknown>) => unknown): Fault =>
  editJson((answer) => ({ ...answer, files: (answer.files as Record<string, unknown>[]).map(change) }));

const STEPS = {
  'init signature': { on: 'init-signature' },
  'all signatures': { on: 'all-signatures' },
  'part signature': { on: 'chunk-signature', omittedActions: ['get_all_signatures'] },
  'end signature': { on: 'end-signature', omittedActions: ['get_all_signatures'] },
} as const;

const atEachStep = (create: (on: Rule['on']) => Omit<Scenario, 'phase'>): Scenario[] =>
  Object.entries(STEPS).map(([phase, { on, ...more }]) => ({ phase, ...more, ...create(on) }));

export const signerScenarios: readonly Scenario[] = [
  // the upload reports it after the second response, and continues to retry
  ...atEachStep((on) => ({
    fault: 'HTML instead of JSON',
    signer: [{ on, times: 3, fault: LOGIN_PAGE }],
    expects: { reportedError: 'unauthorized' as const },
  })),
  ...atEachStep((on) => ({
    fault: 'slow by 3 s',
    signer: [{ on, fault: { do: 'delay', ms: 3_000 } }],
    expects: { minRetries: 0 },
  })),
  ...atEachStep((on) => ({
    fault: '401, then retry()',
    signer: [once(on, errorResponse(401, 'unauthorized'))],
    ...afterSignOut,
  })),
  ...atEachStep((on) => ({
    fault: '403 unauthorized, then retry()',
    signer: [once(on, errorResponse(403, 'unauthorized'))],
    ...afterSignOut,
  })),
  {
    fault: '401, then new headers',
    phase: 'all signatures',
    signer: [{ on: 'all-signatures', fault: errorResponse(401, 'unauthorized') }],
    action: setNewHeaders,
    expects: { reportedError: 'unauthorized', minRetries: 0 },
  },
  {
    fault: 'grant expired',
    phase: 'all signatures',
    signer: [once('all-signatures', errorResponse(403, 'grant-expired'))],
    expects: { minRetries: 0 },
  },
  {
    fault: 'grant expired',
    phase: 'end signature',
    omittedActions: ['get_all_signatures'],
    signer: [once('end-signature', errorResponse(403, 'grant-expired'))],
    expects: { minRetries: 0 },
  },
  {
    fault: 'grants of 6 s that expire for real',
    phase: 'part signature',
    size: 4 * THREE_PARTS_SIZE,
    rate: 3 * MIB,
    omittedActions: ['get_all_signatures'],
    signerOptions: () => ({ expires: 6, grantLife: 6 }),
    expects: { minRetries: 0 },
    includedIn: ['ceph'],
  },
  {
    fault: 'another part size than before',
    phase: 'all signatures',
    signer: [
      once('all-signatures', errorResponse(403, 'grant-expired')),
      { on: 'init-signature', nth: 2, fault: editFiles((file) => ({ ...file, part_size: 6 * MIB })) },
    ],
    expects: { leftovers: 'any' },
  },
  {
    fault: 'another key than before',
    phase: 'all signatures',
    signer: [
      once('all-signatures', errorResponse(403, 'grant-expired')),
      { on: 'init-signature', nth: 2, fault: editFiles((file) => ({ ...file, key: `${String(file.key)}-other` })) },
    ],
    expects: { leftovers: 'any' },
  },
  {
    fault: 'a clock a day behind',
    phase: 'init signature',
    signer: [
      { on: 'init-signature', times: 1, fault: editJson((answer) => ({ ...answer, time: Date.now() + 86_400_000 })) },
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
    fault: 'rejects the file',
    phase: 'init signature',
    signer: [once('init-signature', errorResponse(422, 'too-large'))],
    expects: { status: 'failed', error: 'signer-refused', minRetries: 0 },
  },
];
