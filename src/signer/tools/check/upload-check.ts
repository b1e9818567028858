/** Checks that the credentials allow the requests of an upload: create, send a part, list the parts, abort. */
import { createMultipartUpload, listParts, uploadPart } from '../../s3/operations.js';
import type { StoreOperation } from '../../s3/presign.js';
import { textIn } from '../../../xml.js';
import { adviceForError, explainError } from './error-explanation.js';
import { describeNetworkError } from './store-probe.js';
import type { StoreProbe, StoreReply } from './store-probe.js';

/** A larger clock difference is reported. Amazon rejects signatures if it exceeds 15 minutes. */
const MAX_CLOCK_SKEW_MS = 300_000;

/** @returns the upload ID; null if no upload could be created, and nothing else can be checked */
export async function checkCreate(probe: StoreProbe): Promise<string | null> {
  const rule = 'the bucket exists, and the credentials may start an upload';
  try {
    const reply = await probe.sendAsSigner(createMultipartUpload(probe.key, probe.aclHeaders));
    const uploadId = textIn(reply.text, 'UploadId');
    reportReply(probe, rule, reply, reply.ok && uploadId !== '');
    if (!reply.ok || !uploadId) return null;
    checkClock(probe, reply);
    return uploadId;
  } catch (error) {
    const { origin } = probe.settings.store;
    probe.report(rule, `${origin} does not answer (${describeNetworkError(error)}); check endpoint and region`);
    return null;
  }
}

function checkClock(probe: StoreProbe, { headers }: StoreReply): void {
  const skewMs = Math.abs(Date.parse(headers.get('date') ?? '') - probe.settings.now());
  if (!(skewMs > MAX_CLOCK_SKEW_MS)) return;
  const minutes = Math.round(skewMs / 60_000);
  probe.report(
    "this machine's clock agrees with the store's",
    `the clocks differ by ${minutes} minutes, so signatures expire early; set this machine's clock`,
  );
}

/** @returns the store's reply to a part sent with the `Origin` of each page */
export async function checkParts(
  probe: StoreProbe,
  uploadId: string,
  origins: readonly string[],
): Promise<Map<string, StoreReply>> {
  const replies = new Map<string, StoreReply>();
  const part = uploadPart(probe.key, uploadId, 1, 1);
  for (const origin of origins) {
    await probe.attempt(`pages of ${origin} may send a part`, async () => {
      replies.set(origin, await probe.sendAsSigner(part, { body: 'x', unsignedHeaders: { origin } }));
    });
  }
  await checkOperation(probe, 'the credentials may send a part', part, 'x');
  await checkOperation(probe, 'the credentials may list the parts', listParts(probe.key, uploadId));
  return replies;
}

const checkOperation = (probe: StoreProbe, rule: string, operation: StoreOperation, body?: BodyInit): Promise<void> =>
  probe.attempt(rule, async () => {
    reportReply(probe, rule, await probe.sendAsSigner(operation, body === undefined ? {} : { body }));
  });

export async function checkAbort(probe: StoreProbe, uploadId: string): Promise<void> {
  const rule = 'the credentials may abort an upload';
  await probe.attempt(rule, async () => reportReply(probe, rule, await probe.abort(probe.key, uploadId)));
}

function reportReply(probe: StoreProbe, rule: string, reply: StoreReply, isOk = reply.ok): void {
  probe.report(rule, isOk ? null : explainError(probe.settings, reply), adviceForError(probe.settings, reply));
}
