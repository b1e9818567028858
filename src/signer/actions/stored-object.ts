/** Confirms completed uploads: reads the object's headers from the store, calls `onComplete`, and writes receipts. */
import type { ChunkLoadedAnswer, SignedRequest } from '../../protocol.js';
import type { Grant } from '../grants/grant.js';
import type { StoredFile } from '../options/signer-options.js';
import { headObject } from '../s3/operations.js';
import { SignerRefusal } from '../util/refusal.js';
import type { Call } from './call-context.js';
import { belongsToGrant } from './object-owner.js';

const STORE_TIMEOUT_MS = 10_000;

/** Returns the time until which a call waits for the store, for all objects together, on `performance.now()`'s clock. */
export const storeDeadline = (): number => performance.now() + STORE_TIMEOUT_MS;

/**
 * Verifies the object, calls `onComplete`, and returns the receipt.
 * @param deadline as returned by `storeDeadline`
 * @throws SignerRefusal 409 if the object is missing or differs from the grant, 503 if the store does not answer
 */
export async function confirmCompletion(
  call: Call,
  grant: Grant,
  { uploadId, deadline }: { uploadId: string; deadline: number },
): Promise<ChunkLoadedAnswer | null> {
  const { onComplete, receipts, bucket } = call.settings;
  if (!onComplete && !receipts) return null;
  const object = { bucket, ...(await verifyStoredObject(call, grant, deadline)), uploadId: uploadId || null };
  await onComplete?.(object, call.principal);
  if (!receipts) return null;
  const { key, size, etag, contentType } = object;
  const receipt = { key, size, etag, contentType, principal: grant.principal, time: call.now };
  return { receipt: await call.writeReceipt(receipt) };
}

async function verifyStoredObject(
  call: Call,
  grant: Grant,
  deadline: number,
): Promise<Omit<StoredFile, 'bucket' | 'uploadId'>> {
  const { key, size } = grant;
  const response = await headStoredObject(call, await call.presign(headObject(key), call.terms), deadline);
  // without s3:ListBucket, S3 answers 403 for a missing key
  if (response.status === 404 || response.status === 403)
    throw new SignerRefusal(409, 'not-stored', 'No object is stored under this key.');
  if (!response.ok) throw storeUnavailable();
  if (!(await belongsToGrant(call, grant, response.headers)))
    throw new SignerRefusal(409, 'not-stored', 'The object under this key belongs to another upload.');
  const storedSize = Number(response.headers.get('content-length') ?? NaN);
  if (storedSize !== size)
    throw new SignerRefusal(409, 'size-mismatch', `The object has ${storedSize} bytes; ${size} were granted.`);
  return {
    key,
    size,
    etag: (response.headers.get('etag') ?? '').replaceAll('"', ''),
    contentType: response.headers.get('content-type') ?? '',
  };
}

async function headStoredObject(
  { settings }: Call,
  { method, url, headers = {} }: SignedRequest,
  deadline: number,
): Promise<Response> {
  const millisecondsLeft = Math.floor(deadline - performance.now());
  if (millisecondsLeft <= 0) throw storeUnavailable();
  try {
    return await settings.fetch(url, { method, headers, signal: AbortSignal.timeout(millisecondsLeft) });
  } catch {
    throw storeUnavailable();
  }
}

const storeUnavailable = () =>
  new SignerRefusal(503, 'store-silent', 'The store did not answer; try again.', { 'retry-after': '5' });
