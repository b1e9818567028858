/** Rules about the end of uploads: completing, notices, receipts, aborting. */
import type { ChunkLoadedAnswer, SignedAnswer } from '../../../protocol.js';
import { childText, readXml } from '../../../xml.js';
import { ensure, shorten } from './conformance-caller.js';
import { childrenIn } from '../store-response.js';
import { uploadIdIn } from './conformance-run.js';
import type { ConformanceRun, Rule } from './conformance-run.js';

export const COMPLETION_RULES: readonly Rule[] = [
  {
    rule: 'nobody is told of an upload of somebody else',
    check: tellsTheOwnerAlone,
    needsUpload: true,
    needsOther: true,
  },
  { rule: 'the end is signed, and completes the object', check: completes, needsUpload: true },
  { rule: 'notices are taken where they are offered', check: takesNotices, needsUpload: true },
  { rule: 'an upload that is over is not found again', check: forgetsTheEnded, needsUpload: true },
  { rule: 'a delete signature removes no object', check: keepsObjects, needsUpload: true },
  { rule: 'a receipt is for what is stored, and for nothing else', check: givesTrueReceipts },
  { rule: 'a receipt is no grant', check: keepsSealsApart },
  { rule: 'deleting is signed where it is offered, and aborts', check: aborts },
];

const isTaken = (status: number): boolean => status === 200 || status === 204;

async function tellsTheOwnerAlone(run: ConformanceRun): Promise<void> {
  if (!run.offers('chunk_loaded')) return;
  const notice = { ...run.reference, chunks: [1], state: 'started' };
  const { status, text } = await run.caller.post('chunk_loaded', notice);
  ensure(isTaken(status), `chunk_loaded answered ${status} to state started: ${shorten(text)}`);
  const own = await run.caller.grant(run.bigFile());
  ensure(
    own.upload_id === undefined || (own.upload_id === run.big!.upload_id && own.key === run.big!.key),
    'init names another upload for the file that is under way',
  );
  const theirs = await run.other!.grant(run.bigFile());
  ensure(
    theirs.upload_id === undefined && theirs.key !== run.big!.key,
    'init told somebody else of this upload: look uploads up by principal as well as by file',
  );
}

async function completes(run: ConformanceRun): Promise<void> {
  const { caller, reference } = run;
  const list = await caller.call<SignedAnswer>('get_list_signature', reference);
  const { text } = await caller.replay(list, 'ListParts');
  const parts = childrenIn(text, 'Part').map((part) => {
    const [number, etag] = [childText(part, 'PartNumber'), childText(part, 'ETag')];
    return `<Part><PartNumber>${number}</PartNumber><ETag>${etag}</ETag></Part>`;
  });
  const { size } = run.big!;
  const end = await caller.call<SignedAnswer>('get_end_signature', { ...reference, size });
  const body = new Blob([`<CompleteMultipartUpload>${parts.join('')}</CompleteMultipartUpload>`]);
  const completed = await caller.replay(end, 'Complete', body);
  ensure(readXml(completed.text).root?.name !== 'Error', `the store did not complete: ${shorten(completed.text)}`);
  await run.expectStored(run.big!, size);
}

async function takesNotices(run: ConformanceRun): Promise<void> {
  if (!run.offers('chunk_loaded')) return;
  for (const state of ['started', 'complete', 'complete']) {
    const { status, text } = await run.caller.post('chunk_loaded', { ...run.reference, chunks: [1], state });
    ensure(isTaken(status), `chunk_loaded answered ${status} to state ${state}: ${shorten(text)}`);
  }
}

async function forgetsTheEnded(run: ConformanceRun): Promise<void> {
  if (!run.offers('chunk_loaded')) return;
  const again = await run.caller.grant(run.bigFile());
  ensure(
    again.upload_id !== run.big!.upload_id,
    'init answered with an upload that chunk_loaded said is complete: forget it there',
  );
}

/** AbortMultipartUpload names an upload; without `uploadId` the same request is DeleteObject. */
async function keepsObjects(run: ConformanceRun): Promise<void> {
  if (!run.offers('get_delete_signature') || !run.offers('get_head_signature')) return;
  const signed = await run.caller.call<SignedAnswer>('get_delete_signature', run.reference);
  await run.caller.isTakenByStore(signed, {});
  const head = await run.caller.call<SignedAnswer>('get_head_signature', {
    key: run.big!.key,
    grant: run.big!.grant,
  });
  ensure(
    await run.caller.isTakenByStore(head, {}),
    'the object was gone once its delete signature was sent: sign AbortMultipartUpload, with uploadId',
  );
}

/** Says that a whole file is stored. */
async function report(
  { caller }: ConformanceRun,
  { key, grant }: { key: string; grant: string },
): Promise<{ status: number; receipt: string | undefined }> {
  const body = { key, grant, upload_id: '', chunks: [], state: 'complete' };
  const { json, status } = await caller.post('chunk_loaded', body);
  const { receipt } = (json ?? {}) as ChunkLoadedAnswer;
  ensure(receipt === undefined || (typeof receipt === 'string' && receipt !== ''), 'a receipt has to be a text');
  return { status, receipt };
}

async function givesTrueReceipts(run: ConformanceRun): Promise<void> {
  if (!run.offers('chunk_loaded')) return;
  const never = await run.caller.grant(run.caller.file({ id: 'never', filename: 'never.bin' }));
  const early = await report(run, never);
  ensure(early.receipt === undefined, 'chunk_loaded gave a receipt for a file that nobody sent: HEAD the object first');
  if (!run.stored) return;
  const { key } = run.stored;
  const foreign = await report(run, { key, grant: never.grant });
  ensure(
    never.grant === undefined || foreign.receipt === undefined,
    'chunk_loaded gave a receipt for a stored object by the grant of another file: hold the key against the grant',
  );
  const { status } = await report(run, run.stored);
  ensure(isTaken(status), `chunk_loaded answered ${status} for a file of one request that is stored`);
}

async function keepsSealsApart(run: ConformanceRun): Promise<void> {
  if (!run.offers('chunk_loaded') || !run.stored || !run.offers('get_head_signature')) return;
  const { receipt } = await report(run, run.stored);
  if (receipt === undefined) return;
  const body = { key: run.stored.key, grant: receipt };
  await run.caller.refusal('get_head_signature', body, 'a call with a receipt in place of a grant');
}

async function aborts(run: ConformanceRun): Promise<void> {
  if (!run.offers('get_delete_signature')) return;
  const { caller } = run;
  const file = await caller.grant(caller.file({ id: 'gone', filesize: 40 * 1024 ** 2, filename: 'gone.bin' }));
  const { key, grant } = file;
  const upload_id = file.upload_id ?? uploadIdIn((await caller.replay(file.init, 'init')).text);
  const reference = { key, grant, upload_id };
  await caller.replay(await caller.call<SignedAnswer>('get_delete_signature', reference), 'Abort');
  const list = await caller.call<SignedAnswer>('get_list_signature', reference);
  ensure(
    !(await caller.isTakenByStore(list, {})),
    'the store still lists the upload that get_delete_signature aborted',
  );
}
