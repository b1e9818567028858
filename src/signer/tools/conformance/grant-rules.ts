/** Rules about grants: one key, one size, one user, and a session with every call. */
import { ensure } from './conformance-caller.js';
import type { Granted } from './conformance-caller.js';
import { FOREIGN_KEY } from './conformance-run.js';
import type { ConformanceRun, Rule } from './conformance-run.js';

export const GRANT_RULES: readonly Rule[] = [
  { rule: 'a grant is bound to its key', check: isBoundToKey, needsUpload: true },
  { rule: 'a grant is bound to its principal', check: isBoundToPrincipal, needsUpload: true, needsOther: true },
  { rule: 'every call needs a session', check: needsSession, needsUpload: true },
  { rule: 'renewal signs again for the same key', check: renews, needsUpload: true },
  { rule: 'renewal is for the same size, key and grant alone', check: refusesOtherRenewals, needsUpload: true },
];

/** Changes one character of the seal. */
function forge(grant: string): string {
  const other = grant.at(-6) === 'A' ? 'B' : 'A';
  return `${grant.slice(0, -6)}${other}${grant.slice(-5)}`;
}

async function isBoundToKey(run: ConformanceRun): Promise<void> {
  const { grant } = run.reference;
  for (const [action, rest] of run.referencingCalls()) {
    const right = { ...run.reference, ...rest };
    await run.caller.refusal(action, { ...right, key: FOREIGN_KEY }, 'a key that was never granted');
    if (grant === undefined) continue;
    if (run.stored)
      await run.caller.refusal(action, { ...right, key: run.stored.key }, 'the key of another upload of the same user');
    await run.caller.refusal(action, { ...right, grant: undefined }, 'a call without its grant');
    await run.caller.refusal(action, { ...right, grant: forge(grant) }, 'a forged grant');
  }
}

async function isBoundToPrincipal(run: ConformanceRun): Promise<void> {
  const other = run.other!;
  for (const [action, rest] of run.referencingCalls())
    await other.refusal(action, { ...run.reference, ...rest }, 'somebody else with this grant');
  const [file] = (await other.init(run.bigFile(run.reference))).files as [Granted];
  ensure(file.error, 'init renewed the grant for somebody else; it has to refuse that file');
}

async function needsSession(run: ConformanceRun): Promise<void> {
  if (!run.nobody) return;
  for (const [action, rest] of run.referencingCalls()) {
    const body = { ...run.reference, ...rest };
    const what = 'a call of somebody who is not signed in';
    const { status, code } = await run.nobody.refusal(action, body, what);
    ensure(
      status === 401 || (status === 403 && code === 'unauthorized'),
      `${action} answered ${status} “${code}” to ${what}; it has to be 401, or 403 “unauthorized”, so that the page waits`,
    );
  }
}

async function renews(run: ConformanceRun): Promise<void> {
  if (run.big!.grant === undefined) return;
  const { files } = await run.caller.init(run.bigFile(run.reference));
  const [file] = files as [Granted];
  ensure(!file.error, `its own grant was not renewed: ${file.error?.message}`);
  ensure(file.key === run.big!.key, 'renewal has to keep the key');
  ensure(file.part_size === run.big!.part_size, 'renewal has to keep part_size: stored parts have that size');
  ensure(file.upload_id === run.big!.upload_id, 'renewal of an upload that exists answers with its upload_id');
}

async function refusesOtherRenewals(run: ConformanceRun): Promise<void> {
  const { grant } = run.reference;
  if (grant === undefined) return;
  for (const [what, change] of Object.entries({
    'a longer file': { filesize: run.multipartSize + 1 },
    'a shorter file': { filesize: run.multipartSize - 1 },
    'a key that was never granted': { key: FOREIGN_KEY },
    'a forged grant': { grant: forge(grant) },
    'no grant': { grant: undefined },
  })) {
    const [file] = (await run.caller.init(run.bigFile({ ...run.reference, ...change }))).files as [Granted];
    ensure(
      file.error || file.key !== (change as { key?: string }).key,
      `init renewed the upload for ${what}; it has to refuse that file`,
    );
    ensure(
      file.error || (file.key !== run.big!.key && file.upload_id !== run.big!.upload_id),
      `init renewed the upload for ${what}; it has to refuse that file`,
    );
  }
}
