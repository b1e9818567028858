/** Rules about the end of uploads: completion, notifications, receipts, abort. */
import type { GrantedFile } from './conformance-caller.js';
import type { ChunkLoadedAnswer, ChunksLoadedAnswer, SignedAnswer } from '../../../protocol.js';
import { childText, readXml } from '../../../xml.js';
import { ensure, shorten } from './conformance-caller.js';
import { childrenIn } from '../store-response.js';
import { uploadIdIn, UNGRANTED_KEY } from './conformance-run.js';
import type { ConformanceRun, Rule } from './conformance-run.js';

export const COMPLETION_RULES: readonly Rule[] = [
  {
    rule: 'init returns no upload of another user',
    check: hidesUploadsOfOthers,
    needsUpload: true,
    needsOther: true,
  },
  { rule: 'CompleteMultipartUpload is signed, and creates the object', check: completesUpload, needsUpload: true },
  { rule: 'notifications are accepted if they are offered', check: acceptsNotifications, needsUpload: true },
  { rule: 'init returns no upload that has ended', check: forgetsEndedUploads, needsUpload: true },
  { rule: 'a delete signature cannot delete an object', check: keepsObjects, needsUpload: true },
  { rule: 'a receipt is returned only for a stored object', check: verifiesBeforeReceipt },
  {
    rule: 'notifications of several uploads are answered one by one if they are offered',
    check: answersEachNotification,
  },
  { rule: 'a receipt is not accepted as a grant', check: refusesReceiptAsGrant },
  { rule: 'AbortMultipartUpload is signed if it is offered, and aborts the upload', check: abortsUpload },
];

const isSuccess = (status: number): boolean => status === 200 || status === 204;

async function hidesUploadsOfOthers(run: ConformanceRun): Promise<void> {
  if (!run.offers('chunk_loaded')) return;
  const notification = { ...run.reference, chunks: [1], state: 'started' };
  const { status, text } = await run.caller.post('chunk_loaded', notification);
  ensure(isSuccess(status), `chunk_loaded answered ${status} to state started: ${shorten(text)}`);
  const own = await run.caller.grant(run.createMultipartFile());
  ensure(
    own.upload_id === undefined || (own.upload_id === run.upload!.upload_id && own.key === run.upload!.key),
    'init returned another upload than the unfinished one of this file',
  );
  const theirs = await run.otherUser!.grant(run.createMultipartFile());
  ensure(
    theirs.upload_id !== run.upload!.upload_id && theirs.key !== run.upload!.key,
    'init returned this upload to another user: look uploads up by principal and file',
  );
}

async function completesUpload(run: ConformanceRun): Promise<void> {
  const { caller, reference } = run;
  const list = await caller.call<SignedAnswer>('get_list_signature', reference);
  const { text } = await caller.replay(list, 'ListParts');
  const parts = childrenIn(text, 'Part').map((part) => {
    const [number, etag] = [childText(part, 'PartNumber'), childText(part, 'ETag')];
    return `<Part><PartNumber>${number}</PartNumber><ETag>${etag}</ETag></Part>`;
  });
  const { size } = run.upload!;
  const end = await caller.call<SignedAnswer>('get_end_signature', { ...reference, size });
  const body = new Blob([`<CompleteMultipartUpload>${parts.join('')}</CompleteMultipartUpload>`]);
  const completed = await caller.replay(end, 'Complete', body);
  ensure(
    readXml(completed.text).root?.name !== 'Error',
    `the store did not complete the upload: ${shorten(completed.text)}`,
  );
  await run.expectStored(run.upload!, size);
}

async function acceptsNotifications(run: ConformanceRun): Promise<void> {
  if (!run.offers('chunk_loaded')) return;
  for (const state of ['started', 'complete', 'complete']) {
    const { status, text } = await run.caller.post('chunk_loaded', { ...run.reference, chunks: [1], state });
    ensure(isSuccess(status), `chunk_loaded answered ${status} to state ${state}: ${shorten(text)}`);
  }
}

async function forgetsEndedUploads(run: ConformanceRun): Promise<void> {
  if (!run.offers('chunk_loaded')) return;
  const again = await run.caller.grant(run.createMultipartFile());
  ensure(
    again.upload_id !== run.upload!.upload_id,
    'init returned an upload that chunk_loaded had reported as complete: remove it on that call',
  );
}

/** Without `uploadId`, a DELETE is DeleteObject instead of AbortMultipartUpload. */
async function keepsObjects(run: ConformanceRun): Promise<void> {
  if (!run.offers('get_delete_signature') || !run.offers('get_head_signature')) return;
  const signed = await run.caller.call<SignedAnswer>('get_delete_signature', run.reference);
  await run.caller.isAcceptedByStore(signed, {});
  const head = await run.caller.call<SignedAnswer>('get_head_signature', {
    key: run.upload!.key,
    grant: run.upload!.grant,
  });
  ensure(
    await run.caller.isAcceptedByStore(head, {}),
    'the delete signature deleted the object: sign AbortMultipartUpload, with uploadId',
  );
}

/** Reports a single-request file as stored. */
async function reportComplete(
  { caller }: ConformanceRun,
  { key, grant }: Pick<GrantedFile, 'key' | 'grant'>,
): Promise<{ status: number; receipt: string | undefined }> {
  const body = { key, grant, upload_id: '', chunks: [], state: 'complete' };
  const { json, status } = await caller.post('chunk_loaded', body);
  const { receipt } = (json ?? {}) as ChunkLoadedAnswer;
  ensure(
    receipt === undefined || (typeof receipt === 'string' && receipt !== ''),
    'a receipt must be a non-empty string',
  );
  return { status, receipt };
}

async function verifiesBeforeReceipt(run: ConformanceRun): Promise<void> {
  if (!run.offers('chunk_loaded')) return;
  const unsentFile = await run.caller.grant(run.caller.createFile({ id: 'never', filename: 'never.bin' }));
  const unsentResult = await reportComplete(run, unsentFile);
  ensure(
    unsentResult.receipt === undefined,
    'chunk_loaded returned a receipt for a file that was never sent: send HEAD for the object first',
  );
  if (!run.storedFile) return;
  const { key } = run.storedFile;
  const foreignResult = await reportComplete(run, { key, grant: unsentFile.grant });
  ensure(
    unsentFile.grant === undefined || foreignResult.receipt === undefined,
    'chunk_loaded returned a receipt for the grant of another file: compare the key with the grant',
  );
  const { status } = await reportComplete(run, run.storedFile);
  ensure(isSuccess(status), `chunk_loaded answered ${status} for a stored file`);
}

/** Reports two stored files, and between them two that must be refused: one was never granted, one never sent. */
async function answersEachNotification(run: ConformanceRun): Promise<void> {
  if (!run.offers('chunks_loaded') || !run.storedFile) return;
  const { caller, storedFile, otherUser } = run;
  const unsentFile = await caller.grant(caller.createFile({ id: 'never', filename: 'never.bin' }));
  const notificationOf = ({ key, grant }: Pick<GrantedFile, 'key' | 'grant'>) => ({
    key,
    grant,
    upload_id: '',
    chunks: [],
    state: 'complete',
  });
  const notifications = [storedFile, { ...storedFile, key: UNGRANTED_KEY }, unsentFile, storedFile].map(notificationOf);
  const { uploads } = await caller.call<ChunksLoadedAnswer>('chunks_loaded', { uploads: notifications });
  ensure(
    Array.isArray(uploads) && uploads.length === notifications.length,
    'chunks_loaded must answer with one result for each upload: {"uploads": […]}',
  );
  for (const [index, answer] of uploads.entries()) {
    const isStored = index === 0 || index === 3;
    const { receipt, error } = answer as Partial<ChunkLoadedAnswer & Extract<typeof answer, { error: unknown }>>;
    ensure(
      !isStored || error === undefined,
      `chunks_loaded refused a stored file beside others that it must refuse: ${error?.message}`,
    );
    ensure(
      isStored || receipt === undefined,
      'chunks_loaded returned a receipt for a file that is not stored, or without its grant: check each upload',
    );
    ensure(
      index !== 1
        || storedFile.grant === undefined
        || (typeof error?.code === 'string' && typeof error.message === 'string'),
      'chunks_loaded must answer {"error": {"code": "…", "message": "…"}} for a key that was never granted',
    );
  }
  if (!otherUser || storedFile.grant === undefined) return;
  const theirs = await otherUser.post('chunks_loaded', { uploads: [notificationOf(storedFile)] });
  const [answer] = (theirs.json as Partial<ChunksLoadedAnswer> | null)?.uploads ?? [];
  ensure(
    !isSuccess(theirs.status) || (answer !== undefined && 'error' in answer),
    'chunks_loaded accepted the grant of another user',
  );
}

async function refusesReceiptAsGrant(run: ConformanceRun): Promise<void> {
  if (!run.offers('chunk_loaded') || !run.storedFile || !run.offers('get_head_signature')) return;
  const { receipt } = await reportComplete(run, run.storedFile);
  if (receipt === undefined) return;
  const body = { key: run.storedFile.key, grant: receipt };
  await run.caller.expectRefusal('get_head_signature', body, 'a receipt instead of a grant');
}

async function abortsUpload(run: ConformanceRun): Promise<void> {
  if (!run.offers('get_delete_signature')) return;
  const { caller } = run;
  const file = await caller.grant(caller.createFile({ id: 'gone', filesize: 40 * 1024 ** 2, filename: 'gone.bin' }));
  const { key, grant } = file;
  const upload_id = file.upload_id ?? uploadIdIn((await caller.replay(file.init, 'init')).text);
  const reference = { key, grant, upload_id };
  await caller.replay(await caller.call<SignedAnswer>('get_delete_signature', reference), 'Abort');
  const list = await caller.call<SignedAnswer>('get_list_signature', reference);
  ensure(
    !(await caller.isAcceptedByStore(list, {})),
    'the store still lists the upload that get_delete_signature aborted',
  );
}
