import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before } from 'node:test';
import { startBucket } from '../../demo/bucket/index.js';
import type { RunningBucket } from '../../demo/bucket/index.js';
import type { SignedRequest } from '../../src/protocol.js';
import type { SignerOptions } from '../../src/signer/index.js';
import { createCaller, CREDENTIALS } from './caller.js';
import type { Caller } from './caller.js';

/** Bytes of the first part of an upload that `createUpload()` creates; the second part has one byte. */
export const PART_SIZE = 5 * 1024 ** 2;
export const SECRET = 'a secret of sixteen';

/** Sends a signed request. */
export const send = async (
  { method, url, headers = {} }: SignedRequest,
  body?: BodyInit,
): Promise<{ text: string; etag: string | null }> => {
  const response = await fetch(url, { method, headers, body });
  return { text: await response.text(), etag: response.headers.get('etag') };
};

/** Creates a multipart upload of two parts. */
export async function createUpload(
  caller: Caller,
  last_modified = 1,
): Promise<{ key: string; grant: string; upload_id: string }> {
  const { key, grant, init } = await caller.init({ filesize: PART_SIZE + 1, last_modified });
  const upload_id = /<UploadId>([^<]+)/.exec((await send(init!)).text)![1]!;
  return { key, grant, upload_id };
}

/** Starts the demo's bucket server with the bucket `films` for the tests of one file, and stops it after them. */
export function useBucket(): { readonly url: string; createCaller(options?: Partial<SignerOptions>): Caller } {
  let folder: string;
  let bucket: RunningBucket;
  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'mule-signer-'));
    bucket = await startBucket({ dir: folder, buckets: ['films'], credentials: CREDENTIALS });
  });
  after(async () => {
    await bucket.close();
    await rm(folder, { recursive: true });
  });
  return {
    get url() {
      return bucket.url;
    },
    createCaller: (options = {}) =>
      createCaller({
        bucket: 'films',
        endpoint: bucket.url,
        now: () => Date.now(),
        secret: SECRET,
        policy: { partSize: PART_SIZE },
        ...options,
      }),
  };
}
