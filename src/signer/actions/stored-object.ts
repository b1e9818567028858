/** What happens once an upload is complete: the signer looks at the object itself, and tells those who want to know. */
import type { ChunkLoadedAnswer, SignedRequest } from '../../protocol.js';
import type { Grant } from '../grants/grant.js';
import type { StoredFile } from '../options/signer-options.js';
import { headObject } from '../s3/operations.js';
import { SignerRefusal } from '../util/refusal.js';
import type { Call } from './call-context.js';
import { belongsToGrant } from './object-owner.js';

/** Milliseconds that the store has for answering. */
const HEAD_TIMEOUT_MS = 10_000;

/**
 * Looks at the object, tells `onComplete`, and writes the receipt.
 * @throws SignerRefusal 409 where the object is not there as granted, 503 where the store does not tell
 */
export async function confirmCompletion(call: Call, grant: Grant, uploadId: string): Promise<ChunkLoadedAnswer | null> {
  const { onComplete, receipts, bucket } = call.settings;
  if (!onComplete && !receipts) return null;
  const object = { bucket, ...(await verifyStoredObject(call, grant)), uploadId: uploadId || null };
  await onComplete?.(object, call.principal);
  if (!receipts) return null;
  const { key, size, etag, contentType } = object;
  const receipt = { key, size, etag, contentType, principal: grant.principal, time: call.now };
  return { receipt: await call.writeReceipt(receipt) };
}

async function verifyStoredObject(call: Call, grant: Grant): Promise<Omit<StoredFile, 'bucket' | 'uploadId'>> {
  const { key, size } = grant;
  const response = await headStoredObject(call, await call.presign(headObject(key), call.terms));
  // without s3:ListBucket a missing key is a 403
  if (response.status === 404 || response.status === 403)
    throw new SignerRefusal(409, 'not-stored', 'The store has no object of that key.');
  if (!response.ok) throw storeUnavailable();
  if (!(await belongsToGrant(call, grant, response.headers)))
    throw new SignerRefusal(409, 'not-stored', 'The object of that key is of another upload.');
  const stored = Number(response.headers.get('content-length') ?? NaN);
  if (stored !== size)
    throw new SignerRefusal(409, 'size-mismatch', `The object has ${stored} bytes; ${size} were granted.`);
  return {
    key,
    size,
    etag: (response.headers.get('etag') ?? '').replaceAll('"', ''),
    contentType: response.headers.get('content-type') ?? '',
  };
}

async function headStoredObject({ settings }: Call, { method, url, headers = {} }: SignedRequest): Promise<Response> {
  try {
    return await settings.fetch(url, { method, headers, signal: AbortSignal.timeout(HEAD_TIMEOUT_MS) });
  } catch {
    throw storeUnavailable();
  }
}

const storeUnavailable = () =>
  new SignerRefusal(503, 'store-silent', 'The store did not tell of the object; try again.', { 'retry-after': '5' });
