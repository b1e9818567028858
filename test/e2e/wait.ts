/** Functions that wait for a condition, not for a fixed time. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { S3Client, ListedPart } from '../servers/s3-client.js';
import { BUCKET } from './harness.js';

const POLL_MS = 100;
/** Much longer than any of these conditions needs on a busy machine. */
const TIMEOUT_MS = 300_000;

/** Waits until a condition holds. @throws Error with the goal after the timeout */
export async function until(goal: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  for (const end = performance.now() + TIMEOUT_MS; !(await condition()); await sleep(POLL_MS))
    if (performance.now() > end) throw new Error(`waited ${TIMEOUT_MS / 1000} s without success until ${goal}`);
}

/** Waits until a value has not changed for `quietMs`, and returns it. @throws Error after the timeout */
export async function untilUnchanged<T>(read: () => T | Promise<T>, quietMs = 2_000): Promise<T> {
  let last = await read();
  let since = performance.now();
  await until(`nothing changes for ${quietMs} ms`, async () => {
    const value = await read();
    if (JSON.stringify(value) !== JSON.stringify(last)) since = performance.now();
    last = value;
    return performance.now() - since >= quietMs;
  });
  return last;
}

/** Returns the stored parts of an upload, after no part has arrived for a second. */
export const storedAtRest = (s3: S3Client, key: string, uploadId: string): Promise<ListedPart[]> =>
  untilUnchanged(() => s3.listParts(BUCKET, key, uploadId), 1_000);

/** Waits until the bucket has no multipart upload left. */
export const untilNoUploads = (s3: S3Client): Promise<void> =>
  until('no multipart upload is left', async () => (await s3.listUploads(BUCKET)).length === 0);
