/** Rules about grants: each is for one key, one size and one user, and every call needs a signed-in user. */
import { ensure } from './conformance-caller.js';
import type { GrantedFile } from './conformance-caller.js';
import { UNGRANTED_KEY } from './conformance-run.js';
import type { ConformanceRun, Rule } from './conformance-run.js';

export const GRANT_RULES: readonly Rule[] = [
  { rule: 'a grant is valid only for its key', check: expectBoundToKey, needsUpload: true },
  {
    rule: 'a grant is valid only for its principal',
    check: expectBoundToPrincipal,
    needsUpload: true,
    needsOther: true,
  },
  { rule: 'every call requires a session', check: expectSessionRequired, needsUpload: true },
  { rule: 'renewal signs for the same key again', check: expectRenewal, needsUpload: true },
  { rule: 'renewal requires the same size, key and grant', check: expectNoOtherRenewal, needsUpload: true },
];

/** Changes one character of the seal: not one of the last, whose final bits may be unused. */
function forge(grant: string): string {
  const other = grant.at(-6) === 'A' ? 'B' : 'A';
  return `${grant.slice(0, -6)}${other}${grant.slice(-5)}`;
}

async function expectBoundToKey(run: ConformanceRun): Promise<void> {
  // a signer may issue no grants
  const { grant } = run.reference;
  for (const [action, fields] of run.referencingCalls()) {
    const validCall = { ...run.reference, ...fields };
    await run.caller.expectRefusal(action, { ...validCall, key: UNGRANTED_KEY }, 'a key that was never granted');
    if (grant === undefined) continue;
    if (run.storedFile)
      await run.caller.expectRefusal(
        action,
        { ...validCall, key: run.storedFile.key },
        'the key of another upload of the same user',
      );
    await run.caller.expectRefusal(action, { ...validCall, grant: undefined }, 'a call without its grant');
    await run.caller.expectRefusal(action, { ...validCall, grant: forge(grant) }, 'a forged grant');
  }
}

async function expectBoundToPrincipal(run: ConformanceRun): Promise<void> {
  const other = run.otherUser!;
  for (const [action, fields] of run.referencingCalls())
    await other.expectRefusal(action, { ...run.reference, ...fields }, 'this grant from another user');
  const [file] = (await other.init(run.createMultipartFile(run.reference))).files as [GrantedFile];
  ensure(
    file.error || isOtherUpload(run, file),
    'init renewed the grant for another user; it must refuse that file, or begin another upload with a key of its own',
  );
}

/** Whether init has begun another upload, with a key of its own, and not renewed the grant. */
const isOtherUpload = ({ upload }: ConformanceRun, { key, upload_id: uploadId }: GrantedFile): boolean =>
  key !== UNGRANTED_KEY && key !== upload!.key && uploadId !== upload!.upload_id;

async function expectSessionRequired(run: ConformanceRun): Promise<void> {
  if (!run.anonymous) return;
  const calls = run.referencingCalls().map(([action, fields]) => [action, { ...run.reference, ...fields }] as const);
  const batch = ['chunks_loaded', { uploads: [{ ...run.reference, chunks: [1] }] }] as const;
  for (const [action, body] of run.offers('chunks_loaded') ? [...calls, batch] : calls) {
    const what = 'a call without a session';
    const { status, code } = await run.anonymous.expectRefusal(action, body, what);
    ensure(
      status === 401 || (status === 403 && code === 'unauthorized'),
      `${action} answered ${status} “${code}” to ${what}; it must be 401, or 403 “unauthorized”, so that the page waits`,
    );
  }
}

async function expectRenewal(run: ConformanceRun): Promise<void> {
  if (run.upload!.grant === undefined) return;
  const { files } = await run.caller.init(run.createMultipartFile(run.reference));
  const [file] = files as [GrantedFile];
  ensure(!file.error, `init did not renew a valid grant: ${file.error?.message}`);
  ensure(file.key === run.upload!.key, 'renewal must keep the key');
  ensure(file.part_size === run.upload!.part_size, 'renewal must keep part_size, because stored parts have that size');
  ensure(file.upload_id === run.upload!.upload_id, 'renewal of an existing upload must return its upload_id');
}

async function expectNoOtherRenewal(run: ConformanceRun): Promise<void> {
  const { grant } = run.reference;
  if (grant === undefined) return;
  for (const [what, change] of Object.entries({
    'a longer file': { filesize: run.multipartSize + 1 },
    'a shorter file': { filesize: run.multipartSize - 1 },
    'a key that was never granted': { key: UNGRANTED_KEY },
    'a forged grant': { grant: forge(grant) },
    'no grant': { grant: undefined },
  })) {
    const { files } = await run.caller.init(run.createMultipartFile({ ...run.reference, ...change }));
    const [file] = files as [GrantedFile];
    ensure(
      file.error || isOtherUpload(run, file),
      `init renewed the upload for ${what}; it must refuse that file, or begin another upload with a key of its own`,
    );
  }
}
